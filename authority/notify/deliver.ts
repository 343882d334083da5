import { z } from 'zod'
import { pauseSeconds } from '../../spec/back-off.ts'
import type { Fetch, Now, Random } from '../../spec/effects.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import type { Log } from '../../spec/node/log.ts'
import { aboutRequest } from '../audit/about.ts'
import { endNotifications, listMailsBefore, postponeNotifications, takeForWebhook, takeMail } from '../store/notifications.ts'
import { findAnswers } from '../store/passes.ts'
import { findByRefs } from '../store/requests.ts'
import type { AuthorityTables, NotificationRow, RequestRow } from '../store/schema.ts'
import type { Delivery } from './delivery.ts'
import { genericMessage } from './generic.ts'
import { composeMail, type SendMail } from './mail.tsx'
import { post, type Webhook } from './post.ts'
import { slackMessage } from './slack.ts'
import { type Fact, isAsking, tell } from './told.ts'

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

type Sifted = { useful: NotificationRow[]; facts: Fact[] }
const Granted = z.looseObject({ scope: z.array(z.string()) })

/** What is still worth telling: nobody is asked about a request that was decided meanwhile, and what is past its time is given up. One request is told once in a mail. */
async function sift(d: DeliverDeps, rows: NotificationRow[]): Promise<Sifted> {
  const at = d.now()
  const requests = await findByRefs(d.db.read, [...new Set(rows.map(({ request_ref }) => request_ref))])
  const pairs = rows.map((row) => ({ row, request: requests.get(row.request_ref) }))
  const dropped = pairs.filter(({ row, request }) => !request || (isAsking(row.kind) && isDecided(request)))
  if (dropped.length > 0) await d.db.write((tx) => endNotifications(tx, idsOf(dropped.map(({ row }) => row)), { state: 'dropped', at }))
  const left = pairs.filter((pair) => !dropped.includes(pair))
  const late = left.filter(({ row }) => row.expires_at <= at).map(({ row }) => row)
  for (const row of late) await giveUp(d, [row], row.last_error ?? 'there was no time left to send it')
  const inTime = left.filter(({ row }) => row.expires_at > at)
  const answers = await findAnswers(
    d.db.read,
    [...requests.values()].map(({ digest }) => digest),
  )
  const facts = inTime.flatMap(({ row, request }): Fact[] => {
    const answer = request && answers.get(request.digest)
    const granted = answer === undefined ? undefined : Granted.parse(JSON.parse(answer)).scope
    return request ? [{ kind: row.kind, at: row.event_at, request, granted }] : []
  })
  const isFirst = (fact: Fact, i: number) =>
    !isAsking(fact.kind) || facts.findIndex((one) => isAsking(one.kind) && one.request === fact.request) === i
  return { useful: inTime.map(({ row }) => row), facts: facts.filter(isFirst) }
}

const isDecided = ({ status }: RequestRow): boolean => status === 'approved' || status === 'denied' || status === 'canceled'
const idsOf = (rows: NotificationRow[]): string[] => rows.map(({ id }) => id)

/** Writes down what came of an attempt. */
async function settle(d: DeliverDeps, rows: NotificationRow[], delivery: Delivery): Promise<Came> {
  if (delivery === 'sent') {
    await d.db.write((tx) => endNotifications(tx, idsOf(rows), { state: 'sent', at: d.now() }))
    return 'done'
  }
  const { isFinal, retryAfterSeconds = 0 } = delivery
  const failure = delivery.failure.slice(0, MAX_FAILURE_CHARS)
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
  return delivery.isOfOne ? 'done' : 'held back'
}
const MAX_FAILURE_CHARS = 300

/** Nobody will be told of it any more: that much is audited. */
async function giveUp(d: DeliverDeps, rows: NotificationRow[], failure: string): Promise<void> {
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
