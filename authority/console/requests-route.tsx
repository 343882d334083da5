import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { ProtocolError } from '../../spec/error.ts'
import { answer } from '../../spec/node/doors.ts'
import { EVENT_HEADERS } from '../../spec/node/event-stream.ts'
import { closingOf } from '../../spec/node/serve.ts'
import { storedText } from '../../spec/wire/identifier.ts'
import { isApprover } from '../approve/approvers.ts'
import { readShown } from '../approve/shown.ts'
import { listApprovals } from '../store/approvals.ts'
import { findByRequest } from '../store/authorizations.ts'
import { countWaiting, findWithin, listWithin, type RequestLine } from '../store/console-lists.ts'
import { findPass } from '../store/passes.ts'
import { listPasskeys } from '../store/passkeys.ts'
import { approvedOf } from './approved.ts'
import type { ConsoleDeps } from './console.ts'
import { approveBy, denyBy, isRecent, narrowBy, requireWithin, revokeBy } from './decide.ts'
import { CONSOLE, cookieOf, readOwnForm, sessionOf } from './door.ts'
import { wantsNumber } from './number.ts'
import { Inbox, type Listed, STATUSES } from './pages/inbox.tsx'
import { NOTICES, type Notice, respond } from './pages/page.tsx'
import { RequestPage } from './pages/request.tsx'
import { askAbout } from './passkey.ts'
import { demandOf } from './risk.ts'
import { readSession, type Session } from './session.ts'

const PAGE_ROWS = 50
const REQUESTS = `${CONSOLE}/requests`

const MOST_HOURS = 90 * 24
/** A form in which scopes are chosen: each has a box of its own. */
const Decision = z.looseObject({
  digest: z.string(),
  number: z.string().optional(),
  assertion: z.string().max(16_384).optional(),
  remember_hours: z.coerce.number().int().min(0).max(MOST_HOURS).optional(),
  task_pattern: storedText.max(1024).optional(),
})
const Reasoned = z.object({ digest: z.string(), reason: storedText.min(1).max(1024).optional() })
const SCOPE = 'scope:'
const chosenIn = (form: Record<string, unknown>): string[] =>
  Object.keys(form).flatMap((name) => (name.startsWith(SCOPE) ? [name.slice(SCOPE.length)] : []))

/** The inbox, one request, and the decisions about it. */
export const requestsRoutes = (d: ConsoleDeps) => {
  const act = async <T extends z.ZodType>(c: Context, schema: T) => {
    const read = await readOwnForm(d, c, schema)
    await d.consoleTurns.act(read.session.person.email)
    return { ...read, ref: c.req.param('ref') ?? '' }
  }
  const back = (c: Context, ref: string, notice: Notice) => c.redirect(`${REQUESTS}/${encodeURIComponent(ref)}?done=${notice}`, 303)
  return new Hono()
    .get(REQUESTS, async (c) => {
      const session = await sessionOf(d, c)
      const status = z.enum(STATUSES).catch('pending').parse(c.req.query('status'))
      const inbox = await inboxOf(d, session, { status, before: beforeOf(c.req.query('before')) })
      return respond(d.frame(), {
        title: inbox.waiting > 0 ? `(${inbox.waiting}) Requests` : 'Requests',
        current: 'requests',
        session,
        live: status === 'pending' ? `${REQUESTS}/events` : undefined,
        children: <Inbox {...inbox} />,
      })
    })
    .get(`${REQUESTS}/events`, async (c) => {
      const { person } = await sessionOf(d, c)
      const isSignedIn = async () => (await readSession(d, cookieOf(c), { isUsed: false })) !== undefined
      return new Response(d.streams.open(person.email, { isSignedIn, closing: closingOf(c.env) }), { headers: EVENT_HEADERS })
    })
    .get(`${REQUESTS}/:ref`, async (c) => {
      const session = await sessionOf(d, c)
      return respond(d.frame(), {
        title: 'Request',
        current: 'requests',
        session,
        notice: noticeOf(c.req.query('done')),
        children: <RequestPage {...(await requestOf(d, session, c.req.param('ref')))} />,
      })
    })
    .post(`${REQUESTS}/:ref/approve`, async (c) => {
      const { session, form, ref } = await act(c, Decision)
      const { digest, number, assertion, remember_hours: hours = 0, task_pattern: taskPattern = '' } = form
      const remember = hours > 0 ? { seconds: hours * 3600, taskPattern } : undefined
      const outcome = await approveBy(d, session, ref, { digest, number, assertion, remember, scope: chosenIn(form) })
      return back(c, ref, outcome === 'waits' ? 'seconded' : remember ? 'remembered' : 'approved')
    })
    .post(`${REQUESTS}/:ref/challenge`, async (c) => {
      const { session, form, ref } = await act(c, Decision)
      const request = await requireWithin(d, session.person.decides, ref)
      if (request.shown_digest !== form.digest) throw new ProtocolError('stale_decision', 'the request is not what you were shown: look at it again')
      const approved = approvedOf(request, readShown(request.shown), chosenIn(form))
      return answer(await askAbout(approved, await listPasskeys(d.db.read, session.person.email), d.origin))
    })
    .post(`${REQUESTS}/:ref/deny`, async (c) => {
      const { session, form, ref } = await act(c, Reasoned)
      await denyBy(d, session, ref, form)
      return back(c, ref, 'denied')
    })
    .post(`${REQUESTS}/:ref/revoke`, async (c) => {
      const { session, form, ref } = await act(c, Reasoned)
      await revokeBy(d, session, ref, form)
      return back(c, ref, 'revoked')
    })
    .post(`${REQUESTS}/:ref/narrow`, async (c) => {
      const { session, form, ref } = await act(c, Decision)
      await narrowBy(d, session, ref, { digest: form.digest, scope: chosenIn(form) })
      return back(c, ref, 'narrowed')
    })
}

export const noticeOf = (name: string | undefined): Notice | undefined => Object.keys(NOTICES).find((one): one is Notice => one === name)

type Before = { at: number; ref: string } | undefined

const beforeOf = (text: string | undefined): Before => {
  const [, at, ref] = /^(\d{1,12})-([\w-]{1,32})$/.exec(text ?? '') ?? []
  return at === undefined || ref === undefined ? undefined : { at: Number(at), ref }
}

async function inboxOf(d: ConsoleDeps, { person }: Session, { status, before }: { status: Listed; before: Before }) {
  const at = d.now()
  const reach = status === 'pending' ? person.decides : person.sees
  const wanted = status === 'all' ? undefined : status
  const rows = await listWithin(d.db.read, reach, { status: wanted, at, before, limit: PAGE_ROWS + 1 })
  const shown = rows.slice(0, PAGE_ROWS)
  return {
    rows: shown,
    status,
    at,
    ownEmail: person.email,
    waiting: await countWaiting(d.db.read, person.decides, at),
    older: olderOf(rows, shown, status),
  }
}

function olderOf(rows: RequestLine[], shown: RequestLine[], status: Listed): string | undefined {
  const last = shown.at(-1)
  return rows.length > shown.length && last ? `${REQUESTS}?${new URLSearchParams({ status, before: `${last.created_at}-${last.ref}` })}` : undefined
}

async function requestOf(d: ConsoleDeps, session: Session, ref: string) {
  const { person } = session
  const request = await requireWithin(d, person.sees, ref)
  const shown = readShown(request.shown)
  const [own, ends, passkeys, pass, authorization, approvals] = await Promise.all([
    findWithin(d.db.read, person.decides, ref),
    findWithin(d.db.read, person.ends, ref),
    listPasskeys(d.db.read, person.email),
    findPass(d.db.read, request.digest),
    findByRequest(d.db.read, request.digest),
    listApprovals(d.db.read, request.digest),
  ])
  const at = d.now()
  const { rules } = d.settings.step_up
  return {
    ...{ request, shown, at, session, pass, authorization },
    approvals,
    mayDecide: own !== undefined,
    mayApprove: isApprover(shown, { by: person.email, groups: person.groups }),
    rememberDays: d.rememberDays,
    mayEnd: ends !== undefined,
    demands: Object.fromEntries(shown.scopes.map(({ name }) => [name, demandOf(rules, shown.service.origin, name)])),
    wantsNumber: wantsNumber(d.matching, shown.harness.tier),
    hasPasskey: passkeys.length > 0,
    isRecent: isRecent(d, session.authenticatedAt),
  }
}
