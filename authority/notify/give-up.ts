import type { Now } from '../../spec/effects.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import type { Log } from '../../spec/node/log.ts'
import { aboutRequest } from '../audit/about.ts'
import { endNotifications, idsOf, listLate } from '../store/notifications.ts'
import { findByRefs } from '../store/requests.ts'
import type { AuthorityTables, NotificationRow } from '../store/schema.ts'

export type GiveUpDeps = { now: Now; db: Database<AuthorityTables>; audit: Audit; log: Log }

const LATE_AT_ONCE = 100

/** Gives up what is past its time, wherever it was to go: what the settings name no more takes nothing. */
export const giveUpAllLate = async (d: GiveUpDeps): Promise<void> => giveUpLate(d, await listLate(d.db.read, d.now(), LATE_AT_ONCE))

/** Gives up what came too late. */
export async function giveUpLate(d: GiveUpDeps, late: NotificationRow[]): Promise<void> {
  for (const row of late) await giveUp(d, [row], row.last_error ?? 'there was no time left to send it')
}

/** Nobody will be told of it any more: that much is audited. */
export async function giveUp(d: GiveUpDeps, rows: NotificationRow[], failure: string): Promise<void> {
  await d.db.write(async (tx) => {
    const ended = await endNotifications(tx, idsOf(rows), { state: 'failed', error: failure, at: d.now() })
    const requests = await findByRefs(tx, [...new Set(ended.map(({ request_ref }) => request_ref))])
    for (const { request_ref, channel, recipient, kind } of ended) {
      const request = requests.get(request_ref)
      const reason = `${kind}, by ${channel} to ${recipient}: ${failure}`
      await d.audit.record(tx, { event: 'notification', outcome: 'given up', reason, request_ref, ...(request && aboutRequest(request)) })
    }
  })
  for (const { request_ref, tries } of rows) d.log.warn('notification_given_up', { request_ref, count: tries, failure })
}
