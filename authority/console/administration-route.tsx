import { Hono } from 'hono'
import { z } from 'zod'
import { canonicalAddress, emailAddress } from '../../spec/email.ts'
import { storedText } from '../../spec/wire/identifier.ts'
import { wordsOf } from '../audit/terms.ts'
import { register, unregister } from '../register/register.ts'
import { findByRequest } from '../store/authorizations.ts'
import { listHarnessKeys } from '../store/harness-keys.ts'
import { noteSignedOut } from '../store/person-groups.ts'
import { endSessions } from '../store/sessions.ts'
import { followTrail, searchTrail } from '../store/trail.ts'
import { byAdmin, requireReader } from './admin.ts'
import type { ConsoleDeps } from './console.ts'
import { requireWithin } from './decide.ts'
import { CONSOLE, readOwnForm, sessionOf } from './door.ts'
import { HarnessKeys, SettingsInForce } from './pages/administration.tsx'
import { Audit, Trail } from './pages/audit.tsx'
import { respond } from './pages/page.tsx'
import type { Person } from './person.ts'
import { noticeOf } from './requests-route.tsx'

const AUDIT_ROWS = 100
const MOST_FOLLOWED = 1000
const MOST_QUERY_CHARS = 512
const thumbprint = z.string().regex(/^[\w-]{43}$/)
const NewKey = z.object({ name: storedText.min(1).max(200), thumbprint })

/** Pages for auditors and admins, and what admins do there. */
export const administrationRoutes = (d: ConsoleDeps) =>
  new Hono()
    .get(`${CONSOLE}/audit`, async (c) => {
      const session = await sessionOf(d, c)
      requireReader(session.person)
      const ref = c.req.query('request')
      if (ref !== undefined)
        return respond(d.frame(), { title: 'Audit', current: 'audit', session, children: <Trail {...(await trailOf(d, session.person, ref))} /> })
      const query = (c.req.query('q') ?? '').slice(0, MOST_QUERY_CHARS)
      const before = z.coerce.number().int().positive().optional().catch(undefined).parse(c.req.query('before'))
      const rows = await searchTrail(d.db.read, wordsOf(query), { before, limit: AUDIT_ROWS + 1 })
      const shown = rows.slice(0, AUDIT_ROWS)
      const last = rows.length > AUDIT_ROWS ? shown.at(-1) : undefined
      const older = last && `${CONSOLE}/audit?${new URLSearchParams({ ...(query && { q: query }), before: String(last.seq) })}`
      return respond(d.frame(), { title: 'Audit', current: 'audit', session, children: <Audit rows={shown} query={query} older={older} /> })
    })
    .get(`${CONSOLE}/harness-keys`, async (c) => {
      const session = await sessionOf(d, c)
      requireReader(session.person)
      const page = <HarnessKeys session={session} keys={await listHarnessKeys(d.db.read)} />
      return respond(d.frame(), { title: 'Harness keys', current: 'harness-keys', session, notice: noticeOf(c.req.query('done')), children: page })
    })
    .post(`${CONSOLE}/harness-keys`, async (c) => {
      const { session, form } = await readOwnForm(d, c, NewKey)
      await byAdmin(d, session.person, { event: 'registration', key_thumbprint: form.thumbprint }, (by) => register(d, form, by))
      return c.redirect(`${CONSOLE}/harness-keys?done=added`, 303)
    })
    .post(`${CONSOLE}/harness-keys/remove`, async (c) => {
      const { session, form } = await readOwnForm(d, c, z.object({ thumbprint }))
      await byAdmin(d, session.person, { event: 'registration', key_thumbprint: form.thumbprint }, (by) => unregister(d, form.thumbprint, by))
      return c.redirect(`${CONSOLE}/harness-keys?done=removed`, 303)
    })
    .post(`${CONSOLE}/sessions/end`, async (c) => {
      const { session, form } = await readOwnForm(d, c, z.object({ email: emailAddress }))
      const user = canonicalAddress(form.email)
      await byAdmin(d, session.person, { event: 'sign_out', user }, (by) =>
        d.db.write(async (tx) => {
          await endSessions(tx, { email: user })
          await noteSignedOut(tx, user, d.now())
          await d.audit.record(tx, { event: 'sign_out', outcome: 'signed out by an admin', by, user })
        }),
      )
      return c.redirect(`${CONSOLE}/harness-keys?done=ended`, 303)
    })
    .get(`${CONSOLE}/settings`, async (c) => {
      const session = await sessionOf(d, c)
      requireReader(session.person)
      return respond(d.frame(), {
        title: 'Settings',
        current: 'settings',
        session,
        children: <SettingsInForce yaml={d.settingsText} policy={d.policyState()} />,
      })
    })

/** All that the trail says of one request, and of the authorization it led to. */
async function trailOf(d: ConsoleDeps, { sees }: Person, ref: string) {
  const request = await requireWithin(d, sees, ref)
  const authorization = await findByRequest(d.db.read, request.digest)
  const terms = [request.ref, ...(authorization ? [authorization.id] : [])].map((name) => name.toLowerCase())
  return { request: request.ref, rows: await followTrail(d.db.read, terms, MOST_FOLLOWED) }
}
