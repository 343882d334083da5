import type { Now } from '../../effects.ts'
import type { Sink } from './sink.ts'
import { connectSyslog, type SyslogConnection, type SyslogTarget } from './syslog-connection.ts'
import { type FrameAbout, syslogFrame } from './syslog-frame.ts'

export type SyslogSinkDeps = { now: Now; signal: AbortSignal; confirmSeconds: number }

/**
 * Syslog over TLS or TCP (RFC 5424, 5425, 6587). Nothing of it is acknowledged: an event counts as handed over when it was written so many seconds ago, and the
 * connection still stands. When that breaks, all that was not handed over is sent again.
 */
export function createSyslogSink({ now, signal, confirmSeconds }: SyslogSinkDeps, target: SyslogTarget, about: FrameAbout): Sink {
  let link: Link | undefined
  const close = async () => {
    link?.connection.close()
    link = undefined
  }
  return {
    form: (event) => syslogFrame(event, about),
    async open(handedOver) {
      link?.connection.requireAlive()
      link ??= { connection: await connectSyslog(target, signal), since: now(), sent: [], last: handedOver, handedOver }
      return link.last
    },
    async send(events) {
      if (!link) throw new Error('not connected')
      await link.connection.write(events.map(({ text }) => text).join(''))
      link.last = events.at(-1)?.seq ?? link.last
      const [at, newest] = [now(), link.sent.at(-1)]
      if (newest?.at === at) newest.seq = link.last
      else link.sent.push({ seq: link.last, at })
    },
    handedOver() {
      link?.connection.requireAlive()
      const isOld = ({ at }: { at: number }) => at + confirmSeconds <= now()
      if (!link || !isOld({ at: link.since })) return undefined
      link.handedOver = link.sent.findLast(isOld)?.seq ?? link.handedOver
      link.sent = link.sent.filter((sent) => !isOld(sent))
      return link.handedOver
    },
    close,
  }
}

/** A connection, and what was written to it but is not handed over: in each second up to which number. */
type Link = { connection: SyslogConnection; since: number; sent: { seq: number; at: number }[]; last: number; handedOver: number }
