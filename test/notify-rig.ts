/** An Authority that tells people and webhooks of requests, and those who are told, played by hand. Its chores come round when a test says so. */
import { Hono } from 'hono'
import { onTestFinished, vi } from 'vitest'
import type { AuthorityTables } from '../authority/store/schema.ts'
import { authorityWorld } from './authority-rig.ts'
import { signInThere } from './fake-provider.ts'
import { AUTHORITY } from './parties.ts'
import { until } from './push-rig.ts'
import { smtpServer } from './smtp-server.ts'

export const HOOK = 'https://hooks.example'
export const SECRET = `whsec_${Buffer.from('a key of thirty-two bytes, or so').toString('base64')}`
export const SLACK_URL = `${HOOK}/services/T0/B0/the-url-is-the-secret`
export const ADA = 'ada@acme.example'
export const LEADS = { role: 'approver', people: ['lea@acme.example'], groups: ['desk-leads'] }
/** A person's mails are at least so far apart; an attempt counts as lost after so long. */
export const REST = 15
export const LOST = 60

/** What reached a webhook. */
export type Heard = { headers: Headers; body: string }

/** `notifications`: more of their settings, or false for none at all. `password`: of the mail server, which is told it. */
type Wanted = {
  password?: string
  email?: object | false
  webhooks?: object[]
  roles?: object[]
  notifications?: object | false
  [member: string]: unknown
}
/** The secrets of webhooks named `generic` and `slack`. */
const SECRETS = { 'webhook_secret generic': SECRET, 'webhook_url slack': SLACK_URL }
export const GENERIC = { name: 'generic', shape: 'generic', url: `${HOOK}/generic`, secret: { env: 'UNUSED' } }
export const SLACK = { name: 'slack', shape: 'slack', url: { env: 'UNUSED' } }

/** The Authority with a mail server, unless `email` is false, and the webhooks of the test. */
export async function notifying({ password, email = {}, webhooks = [], roles = [LEADS], notifications = {}, ...changed }: Wanted = {}) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const smtp = await smtpServer()
  const account = password === undefined ? {} : { user: 'agentpass', password: { env: 'UNUSED' } }
  const mail = email && { from: 'agentpass@acme.example', smtp: { host: '127.0.0.1', port: smtp.port, tls: 'off', ...account }, ...email }
  const w = await authorityWorld(
    {
      console: { sign_in: signInThere, roles },
      limits: { issuances_per_minute: 100_000, polls_per_second: 100_000, pending_per_user: 1000, pending_per_harness: 1000 },
      ...(notifications && { notifications: { ...(mail && { email: mail }), webhooks, ...notifications } }),
      ...changed,
    },
    { ...SECRETS, ...(password !== undefined && { smtp_password: password }) },
  )
  const hooks = { heard: [] as Heard[], answer: async (): Promise<Response> => new Response(null, { status: 204 }) }
  w.net.host(
    HOOK,
    new Hono().post('*', async (c) => {
      hooks.heard.push({ headers: c.req.raw.headers, body: await c.req.text() })
      return hooks.answer()
    }),
  )
  const silent = new Set<() => void>()
  /** Answers nothing until it hangs up. */
  const never = () => new Promise<Response>((resolve) => void silent.add(() => resolve(new Response(null, { status: 500 }))))
  const db = w.database<AuthorityTables>()
  const rows = () => db.read.selectFrom('notification').selectAll().orderBy('event_at').orderBy('kind').orderBy('recipient').execute()
  return {
    ...w,
    smtp,
    hooks,
    db,
    rows,
    never,
    /** Whoever says nothing hangs up. */
    hangUp: () => {
      for (const end of silent) end()
      smtp.hangUp()
    },
    /** What an agent asks for; its request's id and reference. */
    asked: async (user: string = ADA, more: object = {}) => {
      const { id } = await w.requested({ user: { email: user }, ...more })
      return { id, ref: (await w.show(id)).ref }
    },
    /** Who was in which groups when they last signed in. */
    signedIn: (people: Record<string, string[]>) =>
      db.write(async (tx) => {
        const all = Object.entries(people).flatMap(([email, names]) => names.map((name) => ({ email, name })))
        await tx.insertInto('person_group').values(all).execute()
      }),
    /** So many seconds pass, and what is done each second is done once. */
    tick: async (seconds = 1) => {
      w.pass(seconds)
      await vi.advanceTimersByTimeAsync(1000)
    },
    /** What happened is in the trail, then it is looked at once. */
    oneLook: async () => {
      await w.manage('/ready') // numbers the trail
      w.pass(1)
      await vi.advanceTimersByTimeAsync(1000)
    },
    /** Until nothing is due or under way, whatever happened is noticed, and reminders wait for their time. */
    settled: () =>
      until(async () => {
        await w.manage('/ready') // numbers the trail
        const [{ seq }, newest] = [
          await db.read.selectFrom('notification_cursor').select('seq').executeTakeFirstOrThrow(),
          await db.read
            .selectFrom('audit')
            .select((e) => e.fn.max('seq').as('seq'))
            .executeTakeFirstOrThrow(),
        ]
        if (Number(seq) !== Number(newest.seq ?? 0)) return false
        const all = await rows()
        const rests = (to: string) =>
          all.some(({ channel, recipient, taken_at }) => channel === 'email' && recipient === to && (taken_at ?? 0) > w.now() - REST)
        const isOver = ({ request_ref, tries }: (typeof all)[number]) =>
          w.lines.some((line) => line.includes('"notification_failed"') && line.includes(request_ref) && line.includes(`"count":${tries},`))
        const isQuiet = (row: (typeof all)[number]) =>
          row.state !== 'waiting' ||
          (row.due_at > w.now() && (row.due_at !== (row.taken_at ?? 0) + LOST || isOver(row))) ||
          (row.channel === 'email' && row.due_at <= w.now() && rests(row.recipient))
        return all.every(isQuiet)
      }),
    /** What the trail says of notifications. */
    audited: async () => {
      await w.manage('/ready')
      const all = await db.read.selectFrom('audit').select('event').orderBy('id').execute()
      return all.map(({ event }) => JSON.parse(event)).filter(({ event }) => event === 'notification')
    },
    link: (ref: string) => `${AUTHORITY}/console/requests/${ref}`,
  }
}
export type Notifying = Awaited<ReturnType<typeof notifying>>
