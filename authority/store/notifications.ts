import { type SqlBool, sql } from 'kysely'
import type { Dialect } from '../../spec/node/database.ts'
import { statement } from '../../spec/node/statement.ts'
import { digestOf } from './digest.ts'
import type { AuthorityTables, NotificationRow, Tx } from './schema.ts'

export type NewNotification = Pick<NotificationRow, 'id' | 'kind' | 'channel' | 'recipient' | 'request_ref' | 'event_at' | 'due_at' | 'expires_at'>
/** Where notifications go by a way of their own: all mail, or one webhook. */
export type Lane = { channel: 'email' } | { channel: 'webhook'; recipient: string }

/** Whether somebody is asked to decide, and not told what came of it. */
export const isAsking = (kind: NotificationRow['kind']): boolean => kind === 'requested' || kind === 'reminder'

export const idsOf = (rows: NotificationRow[]): string[] => rows.map(({ id }) => id)

const MOST_IN_A_MAIL = 20
const ID_CHARS = 22

/** Has somebody told of something. Whoever is told of it already is not told again. */
export async function addNotifications(tx: Tx, dialect: Dialect, rows: NewNotification[]): Promise<void> {
  if (rows.length > 0) await ADD[dialect](tx, JSON.stringify(rows))
}

/** Many rows in one statement of one shape. */
const ADD: Record<Dialect, (tx: Tx, rows: string) => Promise<unknown>> = {
  sqlite: (tx, rows) =>
    sql`insert into notification (id, kind, channel, recipient, request_ref, event_at, due_at, expires_at, tries, state)
      select value ->> 'id', value ->> 'kind', value ->> 'channel', value ->> 'recipient', value ->> 'request_ref', value ->> 'event_at', value ->> 'due_at',
        value ->> 'expires_at', 0, 'waiting' from json_each(${rows}) where true on conflict do nothing`.execute(tx),
  postgres: (tx, rows) =>
    sql`insert into notification (id, kind, channel, recipient, request_ref, event_at, due_at, expires_at, tries, state)
      select id, kind, channel, recipient, request_ref, event_at, due_at, expires_at, 0, 'waiting' from json_to_recordset(${rows}::json)
        as row (id text, kind text, channel text, recipient text, request_ref text, event_at bigint, due_at bigint, expires_at bigint)
      on conflict do nothing`.execute(tx),
}

/** Whether something is due there. */
export async function isSomethingDue(db: Tx, lane: Lane, at: number): Promise<boolean> {
  let due = db.selectFrom('notification').select('id').where('state', '=', 'waiting').where('channel', '=', lane.channel).where('due_at', '<=', at)
  if (lane.channel === 'webhook') due = due.where('recipient', '=', lane.recipient)
  return (await due.limit(1).executeTakeFirst()) !== undefined
}

type Taking = { at: number; lostAt: number }

// One UPDATE decides, so that of instances that share the work one takes a notification.
const takeOne = statement<AuthorityTables, Taking & { recipient: string }>()((db, given) =>
  db
    .updateTable('notification')
    .set((e) => ({ due_at: given('lostAt'), taken_at: given('at'), tries: e('tries', '+', 1) }))
    .where(
      'id',
      'in',
      db
        .selectFrom('notification')
        .select('id')
        .where('state', '=', 'waiting')
        .where('channel', '=', 'webhook')
        .where('recipient', '=', given('recipient'))
        .where('due_at', '<=', given('at'))
        .orderBy('due_at')
        .limit(1),
    )
    .where('state', '=', 'waiting')
    .where('due_at', '<=', given('at'))
    .returningAll(),
)

/** Takes what is due longest for a webhook: nobody else does until `lostAt`, and then whoever comes first. Undefined when nothing is due. */
export async function takeForWebhook(tx: Tx, recipient: string, taking: Taking): Promise<NotificationRow | undefined> {
  const [row] = await takeOne(tx, { recipient, ...taking })
  return row
}

/**
 * Takes all that is due for one person, to be sent in one mail, as `takeForWebhook`; nothing for whom another mail was begun after `restingSince`.
 * A mail whose attempt was lost is taken again as it was. Empty when nothing is due.
 */
export async function takeMail(tx: Tx, { at, lostAt, restingSince }: Taking & { restingSince: number }): Promise<NotificationRow[]> {
  const due = tx
    .selectFrom('notification')
    .where('state', '=', 'waiting')
    .where('channel', '=', 'email')
    .where('due_at', '<=', at)
    .where(isRested(restingSince)) // asked of each statement: another may have taken a mail for the same person in between
  const head = await due.select(['recipient', 'mail']).orderBy('due_at').limit(1).executeTakeFirst()
  if (!head) return []
  const { recipient, mail } = head
  const together = due
    .select('id')
    .where('recipient', '=', recipient)
    .where('mail', mail === null ? 'is' : '=', mail)
  const taken = await tx
    .updateTable('notification')
    .set((e) => ({ due_at: lostAt, taken_at: at, tries: e('tries', '+', 1) }))
    .where('id', 'in', together.orderBy('due_at').orderBy('id').limit(MOST_IN_A_MAIL))
    .where('state', '=', 'waiting')
    .where('due_at', '<=', at)
    .returningAll()
    .execute()
  if (mail !== null || taken.length === 0) return taken
  const ids = taken.map(({ id }) => id)
  const name = mailOf(ids)
  await tx.updateTable('notification').set({ mail: name }).where('id', 'in', ids).execute()
  return taken.map((row) => ({ ...row, mail: name }))
}

const isRested = (since: number) =>
  sql<SqlBool>`recipient not in (select recipient from notification where channel = 'email' and taken_at > ${since})`

/** The name of a mail: that of the one thing it tells, or of all of them together. */
const mailOf = (ids: string[]): string => (ids.length === 1 ? (ids[0] ?? '') : digestOf(ids.toSorted().join(' ')).slice(0, ID_CHARS))

export type End = { state: 'sent' | 'failed' | 'dropped'; error?: string | undefined; at: number }

/** Ends what waits. Gives those that did: whoever ends the same a second time ends nothing. After what was not sent nobody has to rest. */
export async function endNotifications(tx: Tx, ids: string[], { state, error, at }: End): Promise<NotificationRow[]> {
  return tx
    .updateTable('notification')
    .set({ state, last_error: error ?? null, ended_at: at, ...(state !== 'sent' && { taken_at: null }) })
    .where('id', 'in', ids)
    .where('state', '=', 'waiting')
    .returningAll()
    .execute()
}

/** What waits though its time is over, and is not under way. */
export const listLate = (db: Tx, at: number, limit: number): Promise<NotificationRow[]> =>
  db
    .selectFrom('notification')
    .selectAll()
    .where('state', '=', 'waiting')
    .where('channel', 'in', ['email', 'webhook'])
    .where('due_at', '<=', at)
    .where('expires_at', '<=', at)
    .limit(limit)
    .execute()

/** Has each sent in a mail of its own, where all of them in one were refused for what one says. */
export async function sendApart(tx: Tx, ids: string[], { until, error }: { until: number; error: string }): Promise<void> {
  await tx
    .updateTable('notification')
    .set((e) => ({ due_at: until, last_error: error, mail: e.ref('id') }))
    .where('id', 'in', ids)
    .where('state', '=', 'waiting')
    .execute()
}

/** Puts the next attempt off, where it is known that this one came to nothing: what is sent in one mail then may be more, or less. */
export async function postponeNotifications(tx: Tx, ids: string[], { until, error }: { until: number; error: string }): Promise<void> {
  await tx
    .updateTable('notification')
    .set({ due_at: until, last_error: error, mail: null })
    .where('id', 'in', ids)
    .where('state', '=', 'waiting')
    .execute()
}

/** The mails in which somebody was told of a request before, the first of them first. */
export async function listMailsBefore(db: Tx, { recipient, ref }: { recipient: string; ref: string }): Promise<string[]> {
  const rows = await db
    .selectFrom('notification')
    .select('mail')
    .where('request_ref', '=', ref)
    .where('channel', '=', 'email')
    .where('recipient', '=', recipient)
    .where('state', '=', 'sent')
    .orderBy('ended_at')
    .execute()
  return [...new Set(rows.flatMap(({ mail }) => (mail === null ? [] : [mail])))]
}
