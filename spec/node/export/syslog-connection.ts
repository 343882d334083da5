import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, rootCertificates } from 'node:tls'

/** Where a syslog receiver is. `tls: undefined` is plain TCP; its members are PEM. */
export type SyslogTarget = {
  host: string
  port: number
  tls: { ca: string | undefined; cert: string | undefined; key: string | undefined; serverName: string | undefined } | undefined
}
export type SyslogConnection = {
  /** Resolves when the system has all of it. Throws when the connection breaks, or nobody takes it. */
  write: (text: string) => Promise<void>
  /** Throws why the connection is over, where it is. */
  requireAlive: () => void
  close: () => void
}

const CONNECT_MS = 5000
const WRITE_MS = 15_000
const KEEP_ALIVE_MS = 10_000
const LINGER_MS = 1000

/** Connects, and verifies who is there. Throws Error with the reason. */
export async function connectSyslog(target: SyslogTarget, signal: AbortSignal): Promise<SyslogConnection> {
  const socket = dial(target)
  const over = new Promise<never>((_, reject) => {
    socket.on('error', reject)
    socket.once('end', () => reject(new Error('the receiver closed the connection')))
    socket.once('close', () => reject(new Error('the connection was closed')))
  })
  let failure: unknown
  over.catch((cause) => {
    failure = cause
    socket.destroy()
  })
  socket.resume() // a receiver says nothing; its end is heard only by who reads
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  const connected = new Promise<void>((done) => socket.once(target.tls ? 'secureConnect' : 'connect', done))
  await within({ ms: CONNECT_MS, why: 'the receiver does not answer', socket, signal }, [over, connected])
  return {
    write: (text) => within({ ms: WRITE_MS, why: 'the receiver takes nothing', socket, signal }, [over, written(socket, text)]),
    requireAlive() {
      if (failure !== undefined) throw failure
    },
    close() {
      socket.end()
      setTimeout(() => socket.destroy(), LINGER_MS).unref()
    },
  }
}

const written = (socket: Socket, text: string): Promise<void> =>
  new Promise((resolve, reject) => socket.write(text, (failure) => (failure ? reject(failure) : resolve())))

function dial({ host, port, tls }: SyslogTarget): Socket {
  if (!tls) return connectTcp({ host, port })
  const { ca, cert, key, serverName = host } = tls
  return connectTls({
    host,
    port,
    ca: ca === undefined ? [...rootCertificates] : [ca],
    ...{ cert, key, minVersion: 'TLSv1.2' },
    ...(isIP(serverName) === 0 && { servername: serverName }),
    rejectUnauthorized: true, // whatever NODE_TLS_REJECT_UNAUTHORIZED says
  })
}

type Waiting = { ms: number; why: string; socket: Socket; signal: AbortSignal }

/** Waits for one of these, for so long and until we stop; after that the connection is broken. */
async function within({ ms, why, socket, signal }: Waiting, events: Promise<void>[]): Promise<void> {
  const cut = () => void socket.destroy(new Error('stopped'))
  const timer = setTimeout(() => void socket.destroy(new Error(`${why} within ${ms} ms`)), ms)
  signal.addEventListener('abort', cut, { once: true })
  if (signal.aborted) cut()
  try {
    await Promise.race(events)
  } catch (failure) {
    socket.destroy()
    throw failure
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', cut)
  }
}
