import { Hono } from 'hono'
import { z } from 'zod'
import { noteRefusal } from '../../spec/node/audit.ts'
import { answer } from '../../spec/node/doors.ts'
import { storedText } from '../../spec/wire/identifier.ts'
import { listPasskeys } from '../store/passkeys.ts'
import { endSessions, listSessions } from '../store/sessions.ts'
import type { ConsoleDeps } from './console.ts'
import { isRecent } from './decide.ts'
import { CONSOLE, readOwnForm, sessionOf } from './door.ts'
import { enrol, enrolmentOf, forget } from './enrol.ts'
import { Account } from './pages/account.tsx'
import { respond } from './pages/page.tsx'
import { noticeOf } from './requests-route.tsx'
import { idleSecondsOf } from './session.ts'

const ACCOUNT = `${CONSOLE}/account`
const Name = z.object({ name: storedText.min(1).max(80) })
const Enrolment = Name.extend({ credential: z.string().max(65_536), challenge: z.string().max(512), assertion: z.string().max(16_384).optional() })

/** A person's own sessions and passkeys. */
export const accountRoutes = (d: ConsoleDeps) =>
  new Hono()
    .get(ACCOUNT, async (c) => {
      const session = await sessionOf(d, c)
      const at = d.now()
      const { recent_minutes: recentMinutes } = d.settings.step_up
      const [sessions, passkeys] = await Promise.all([
        listSessions(d.db.read, session.person.email, { at, idleSeconds: idleSecondsOf(d.settings) }),
        listPasskeys(d.db.read, session.person.email),
      ])
      return respond(d.frame(), {
        title: 'Account',
        current: 'account',
        session,
        notice: noticeOf(c.req.query('done')),
        children: (
          <Account
            session={session}
            sessions={sessions}
            passkeys={passkeys}
            isRecent={isRecent(d, session.authenticatedAt)}
            recentMinutes={recentMinutes}
          />
        ),
      })
    })
    .post(`${ACCOUNT}/sessions/end`, async (c) => {
      const { session } = await readOwnForm(d, c, z.object({}))
      const by = session.person.email
      await d.db.write(async (tx) => {
        await endSessions(tx, { email: by, but: session.digest })
        await d.audit.record(tx, { event: 'sign_out', outcome: 'signed out everywhere else', by })
      })
      return c.redirect(`${ACCOUNT}?done=signed_out_there`, 303)
    })
    .post(`${ACCOUNT}/passkeys/challenge`, async (c) => {
      const { session } = await readOwnForm(d, c, Name)
      return answer(await enrolmentOf(d, session))
    })
    .post(`${ACCOUNT}/passkeys`, async (c) => {
      const { session, form } = await readOwnForm(d, c, Enrolment)
      await noteRefusal(d.audit, { event: 'passkey', by: session.person.email }, () => enrol(d, session, form))
      return c.redirect(`${ACCOUNT}?done=added`, 303)
    })
    .post(`${ACCOUNT}/passkeys/remove`, async (c) => {
      const { session, form } = await readOwnForm(d, c, z.object({ id: storedText.max(4096) }))
      await noteRefusal(d.audit, { event: 'passkey', by: session.person.email }, () => forget(d, session, form.id))
      return c.redirect(`${ACCOUNT}?done=removed`, 303)
    })
