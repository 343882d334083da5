import { Hono } from 'hono'
import { z } from 'zod'
import { forget } from '../policy/forget.ts'
import { listRemembered } from '../store/remembered.ts'
import type { ConsoleDeps } from './console.ts'
import { CONSOLE, readOwnForm, sessionOf } from './door.ts'
import { respond } from './pages/page.tsx'
import { RememberedApprovals } from './pages/remembered.tsx'
import { noticeOf } from './requests-route.tsx'

const MOST = 200
const REMEMBERED = `${CONSOLE}/remembered`

/** The approvals that are remembered, within a person's reach, and their end. */
export const rememberedRoutes = (d: ConsoleDeps) =>
  new Hono()
    .get(REMEMBERED, async (c) => {
      const session = await sessionOf(d, c)
      const { sees, ends } = session.person
      const list = (reach: typeof sees) => listRemembered(d.db.read, reach, { at: d.now(), limit: MOST + 1 })
      const rows = await list(sees)
      const endable = new Set((ends === sees ? rows : await list(ends)).map(({ ref }) => ref))
      const shown = { rows: rows.slice(0, MOST), isCut: rows.length > MOST }
      const page = <RememberedApprovals {...shown} session={session} mayEnd={({ ref }) => endable.has(ref)} />
      return respond(d.frame(), { title: 'Remembered', current: 'remembered', session, notice: noticeOf(c.req.query('done')), children: page })
    })
    .post(`${REMEMBERED}/end`, async (c) => {
      const { session, form } = await readOwnForm(d, c, z.object({ ref: z.string() }))
      await d.consoleTurns.act(session.person.email)
      await forget(d, form.ref, { by: session.person.email, within: session.person.ends })
      return c.redirect(`${REMEMBERED}?done=forgotten`, 303)
    })
