import { pauseSeconds } from '../../spec/back-off.ts'
import type { Fetch, Now, Random } from '../../spec/effects.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import type { Log } from '../../spec/node/log.ts'
import { shortened } from '../console/pages/page.tsx'
import { endNotifications, idsOf, listMailsBefore, postponeNotifications, sendApart, takeForWebhook, takeMail } from '../store/notifications.ts'
import type { AuthorityTables, NotificationRow } from '../store/schema.ts'
import type { Delivery } from './delivery.ts'
import { genericMessage } from './generic.ts'
import { giveUp } from './give-up.ts'
import { composeMail, type SendMail } from './mail.tsx'
import { post, type Webhook } from './post.ts'
import { sift } from './sift.ts'
import { slackMessage } from './slack.ts'
import { tell } from './told.ts'

export type DeliverDeps = {
  now: Now
  random: Random
  db: Database<AuthorityTables>
  audit: Audit
  log: Log
  fetch: Fetch
  authority: string
  /** Where the console is; undefined where there is none. */
  consoleOrigin: string | undefined
}
/** What came of looking for something to deliver. `held back`: it is tried again later. */
export type Came = 'nothing due' | 'done' | 'held back'

/** After which an attempt counts as lost, with the process that made it: longer than any takes. */
const LOST_SECONDS = 60
/** A person is sent no more than one mail in that time: what comes meanwhile is joined in the next. */
const MAIL_REST_SECONDS = 15
const MAX_PAUSE_SECONDS = 1800
const FIRST_PAUSE_SECONDS = 5

/** Sends the next mail that is due: all that waits for one person. */
export async function deliverMail(d: DeliverDeps, sendMail: SendMail, taken: () => void): Promise<Came> {
  const at = d.now()
  const rows = await d.db.write((tx) => takeMail(tx, { at, lostAt: at + LOST_SECONDS, restingSince: at - MAIL_REST_SECONDS }))
  const [first] = rows
  if (!first) return 'nothing due'
  taken()
  const { useful, facts } = await sift(d, rows)
  const [only, ...more] = facts
  if (!only) return 'done'
  const { recipient, mail } = first
  const before = more.length > 0 ? [] : await listMailsBefore(d.db.read, { recipient, ref: only.request.ref })
  const content = await composeMail(facts.map((fact) => tell(fact, d.consoleOrigin)))
  return settle(d, useful, await sendMail({ id: mail ?? first.id, to: recipient, before, at, ...content }))
}

/** Sends the next notification that is due for a webhook. */
export async function deliverToWebhook(d: DeliverDeps, webhook: Webhook, taken: () => void): Promise<Came> {
  const at = d.now()
  const row = await d.db.write((tx) => takeForWebhook(tx, webhook.name, { at, lostAt: at + LOST_SECONDS }))
  if (!row) return 'nothing due'
  taken()
  const { useful, facts } = await sift(d, [row])
  const [fact] = facts
  if (!fact) return 'done'
  const told = tell(fact, d.consoleOrigin)
  const message = webhook.shape === 'slack' ? slackMessage(told) : genericMessage(fact, told, d.authority)
  return settle(d, useful, await post(d.fetch, webhook, { id: row.id, at, body: JSON.stringify(message) }))
}

/** Writes down what came of an attempt. */
async function settle(d: DeliverDeps, rows: NotificationRow[], delivery: Delivery): Promise<Came> {
  if (delivery === 'sent') {
    await d.db.write((tx) => endNotifications(tx, idsOf(rows), { state: 'sent', at: d.now() }))
    return 'done'
  }
  const { isFinal, refused, retryAfterSeconds = 0 } = delivery
  const failure = shortened(delivery.failure, MAX_FAILURE_CHARS)
  if (isFinal && refused === 'mail' && new Set(rows.map(({ request_ref }) => request_ref)).size > 1) {
    await d.db.write((tx) => sendApart(tx, idsOf(rows), { until: d.now() + FIRST_PAUSE_SECONDS, error: failure })) // what one says keeps no other
    return 'done'
  }
  if (isFinal) {
    await giveUp(d, rows, failure)
    return 'done'
  }
  const pause = Math.max(
    FIRST_PAUSE_SECONDS * pauseSeconds(Math.max(...rows.map(({ tries }) => tries)), MAX_PAUSE_SECONDS / FIRST_PAUSE_SECONDS, d.random),
    retryAfterSeconds,
  )
  for (const row of rows) {
    const until = Math.min(d.now() + pause, row.expires_at)
    await d.db.write((tx) => postponeNotifications(tx, [row.id], { until, error: failure }))
  }
  for (const { request_ref, tries } of rows) d.log.info('notification_failed', { request_ref, count: tries, failure })
  return refused ? 'done' : 'held back'
}
const MAX_FAILURE_CHARS = 299 // and a sign that there was more
