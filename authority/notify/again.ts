import type { Now } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import { tryAgain } from '../store/deliveries.ts'
import type { Lane } from '../store/notifications.ts'
import type { AuthorityTables } from '../store/schema.ts'

const AGAIN_SECONDS = 3600

type AgainDeps = { now: Now; db: Database<AuthorityTables>; audit: Audit; lanes: Lane[] }

/** Has a notification that was given up sent after all, within the hour. Throws unprocessable where it was not given up, nobody needs it any more, or the settings have no way there. */
export const tryNotificationAgain = (d: AgainDeps, id: string, by: string): Promise<void> =>
  d.db.write(async (tx) => {
    const at = d.now()
    const row = await tryAgain(tx, id, { at, expiresAt: at + AGAIN_SECONDS })
    if (!row) throw new ProtocolError('unprocessable', 'this was not given up, or the request that it asks about waits no longer')
    const { kind, channel, recipient, request_ref } = row
    if (!d.lanes.some((lane) => lane.channel === channel && (lane.channel === 'email' || lane.recipient === recipient)))
      throw new ProtocolError(
        'unprocessable',
        `the settings say nothing any more of ${channel === 'email' ? 'mail' : `a webhook ${recipient}`}: it would wait for good`,
      )
    await d.audit.record(tx, { event: 'notification', outcome: 'tried again', by, request_ref, reason: `${kind}, by ${channel} to ${recipient}` })
  })
