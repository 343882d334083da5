import { pauseSeconds } from '../../spec/back-off.ts'
import type { Now, Random } from '../../spec/effects.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import type { Log } from '../../spec/node/log.ts'
import { postpone, removeEvent, takeNext } from '../store/outbox.ts'
import type { AuthorityTables, OutboxRow } from '../store/schema.ts'
import { type PushDeps, push } from './push.ts'

export type DeliverDeps = PushDeps & { now: Now; random: Random; db: Database<AuthorityTables>; audit: Audit; log: Log }

/** After which an attempt counts as lost, with the process that made it: longer than any takes. */
const LOST_SECONDS = 30
const MAX_PAUSE_SECONDS = 300

/** Takes the next event that is due for a Service, says that it has one, makes an attempt and writes down what came of it (protocol 10). Throws overloaded. */
export async function deliverNext(d: DeliverDeps, service: string, taken: () => void): Promise<'nothing due' | 'done' | 'failed'> {
  const at = d.now()
  const event = await d.db.write((tx) => takeNext(tx, { service, at, lostAt: at + LOST_SECONDS }))
  if (!event) return 'nothing due'
  taken()
  return (await deliver(d, event)) ? 'done' : 'failed'
}

/** Whether nothing is left to be done about an event. */
async function deliver(d: DeliverDeps, event: OutboxRow): Promise<boolean> {
  if (event.expires_at <= d.now()) return giveUp(d, event)
  const pushed = await push(d, event)
  if (pushed === 'accepted') await end(d, event, 'delivered')
  else if (pushed === 'unwanted') await d.db.write((tx) => removeEvent(tx, event.jti))
  else {
    const { failure, retryAfterSeconds } = pushed
    d.log.info('push_failed', { ...about(event), count: event.tries, failure })
    const pause = Math.max(pauseSeconds(event.tries, MAX_PAUSE_SECONDS, d.random), retryAfterSeconds ?? 0)
    const until = Math.min(d.now() + pause, event.expires_at)
    await d.db.write((tx) => postpone(tx, event, until, retryAfterSeconds !== undefined))
    return false
  }
  return true
}

/** The authorization would be over by now: the Service knows, told or not. */
async function giveUp(d: DeliverDeps, event: OutboxRow): Promise<true> {
  d.log.warn('push_given_up', { ...about(event), count: event.tries })
  await end(d, event, 'given up')
  return true
}

const end = (d: DeliverDeps, event: OutboxRow, outcome: 'delivered' | 'given up'): Promise<void> =>
  d.db.write(async (tx) => {
    if (await removeEvent(tx, event.jti)) await d.audit.record(tx, { event: 'push', outcome, ...about(event) })
  })

const about = ({ service_origin: service, authorization_id }: OutboxRow) => ({ service, authorization_id })
