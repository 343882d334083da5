import { z } from 'zod'
import type { Now, Random } from '../../spec/effects.ts'
import type { Database } from '../../spec/node/database.ts'
import { NamedEvent, readEvent } from '../audit/terms.ts'
import type { RoleSetting } from '../console/settings.ts'
import { BY_MEMORY, BY_POLICY } from '../policy/policy.ts'
import { readOn } from '../store/notification-cursor.ts'
import { addNotifications, type NewNotification } from '../store/notifications.ts'
import { findByRefs } from '../store/requests.ts'
import type { AuthorityTables, RequestRow, Tx } from '../store/schema.ts'
import { approversOf } from './approvers.ts'
import { type Kind, type NotificationSettings, remindAfterSeconds } from './settings.ts'

export type NoticeDeps = {
  now: Now
  random: Random
  db: Database<AuthorityTables>
  notifications: NotificationSettings
  roles: RoleSetting[]
  lifetimes: { decision_seconds: number }
}

/** How long an outcome is worth telling. */
const OUTCOME_SECONDS = 86_400
const Event = NamedEvent.extend({ at: z.number() })
type Event = z.infer<typeof Event>

/** What an event of the trail is worth telling, of which request. */
export type Noticed = { kind: Exclude<Kind, 'reminder'>; ref: string; by: string | undefined; at: number }

/**
 * Reads on in the audit trail, and writes down who is to be told of what it says. Gives how many events it read.
 * The trail is read after the fact, so that nothing is added to what a request or a decision has to write.
 */
export const noticeSome = (d: NoticeDeps): Promise<number> =>
  d.db.write(async (tx) => {
    const events = await readOn(tx, d.db.dialect)
    const noticed = events.flatMap(({ event }) => noticedIn(readEvent(Event, event)) ?? [])
    const requests = await findByRefs(tx, [...new Set(noticed.map(({ ref }) => ref))])
    const told: NewNotification[] = []
    for (const one of noticed) {
      const request = requests.get(one.ref)
      if (request) told.push(...(await tellings(d, tx, one, request)))
    }
    await addNotifications(tx, d.db.dialect, told)
    return events.length
  })

const OUTCOMES: Record<string, Noticed['kind']> = { approved: 'approved', denied: 'denied', expired: 'expired', canceled: 'canceled' }

/** What an event is worth telling; undefined where it is nothing. */
export function noticedIn(event: Event | undefined): Noticed | undefined {
  if (event?.request_ref === undefined || event.outcome === 'refused') return undefined
  const kind = kindOf(event)
  return kind && { kind, ref: event.request_ref, by: event.by, at: event.at }
}

function kindOf({ event, outcome }: Event): Noticed['kind'] | undefined {
  if (event === 'issuance' && outcome === 'admitted') return 'requested'
  if (event === 'decision') return OUTCOMES[outcome]
  const isEnded = event === 'revocation' || (event === 'close' && outcome === 'revoked') // by its Service
  return isEnded ? 'revoked' : undefined
}

/** Who is to be told: one row each. Of a request that waits no more nobody is, and of what is too old. */
async function tellings(d: NoticeDeps, tx: Tx, noticed: Noticed, request: RequestRow): Promise<NewNotification[]> {
  const at = d.now()
  const { email, webhooks } = d.notifications
  const tell = (kind: Kind, mails: string[], times: { due_at: number; expires_at: number }): NewNotification[] => {
    const about = { kind, request_ref: request.ref, event_at: noticed.at, ...times }
    return [
      ...mails.map((recipient) => ({ id: d.random(16), channel: 'email' as const, recipient, ...about })),
      ...webhooks
        .filter(({ on }) => on.includes(kind))
        .map(({ name }) => ({ id: d.random(16), channel: 'webhook' as const, recipient: name, ...about })),
    ]
  }
  const { kind, by } = noticed
  if (kind !== 'requested') {
    const expires_at = noticed.at + OUTCOME_SECONDS
    if (expires_at <= at) return []
    return tell(kind, email?.outcomes && !ASKING_NOBODY.includes(by ?? '') ? [request.user_email] : [], { due_at: at, expires_at })
  }
  const { status, expires_at, user_email, created_at } = request
  if (status !== 'pending' || expires_at <= at) return []
  const asked = email ? [...new Set([user_email, ...(await approversOf(tx, d.roles, request))])] : []
  const remindAfter = remindAfterSeconds(d.notifications, d.lifetimes.decision_seconds)
  const remindAt = created_at + (remindAfter ?? Number.POSITIVE_INFINITY)
  return [
    ...tell('requested', asked, { due_at: at, expires_at }),
    ...(remindAt < expires_at ? tell('reminder', asked, { due_at: remindAt, expires_at }) : []),
  ]
}

/** What policy or a remembered approval decides at once nobody was asked about, so nobody is written to about it. */
const ASKING_NOBODY: string[] = [BY_POLICY, BY_MEMORY]
