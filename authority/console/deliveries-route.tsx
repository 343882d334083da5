import { Hono } from 'hono'
import { z } from 'zod'
import { tryNotificationAgain } from '../notify/again.ts'
import { listDeliveries } from '../store/deliveries.ts'
import { byAdmin, requireReader } from './admin.ts'
import type { ConsoleDeps } from './console.ts'
import { CONSOLE, readOwnForm, sessionOf } from './door.ts'
import { Deliveries } from './pages/deliveries.tsx'
import { respond } from './pages/page.tsx'
import { noticeOf } from './requests-route.tsx'

const DELIVERIES = `${CONSOLE}/deliveries`
const MOST_ROWS = 50
const Chosen = z.object({ id: z.string().regex(/^[\w-]{22}$/) })

/** What was sent to people and programs, and what was not. */
export const deliveriesRoutes = (d: ConsoleDeps) =>
  new Hono()
    .get(DELIVERIES, async (c) => {
      const session = await sessionOf(d, c)
      requireReader(session.person)
      const [exports, failed, waiting, sent] = await Promise.all([
        d.exportStates(),
        listDeliveries(d.db.read, 'failed', MOST_ROWS),
        listDeliveries(d.db.read, 'waiting', MOST_ROWS),
        listDeliveries(d.db.read, 'sent', MOST_ROWS),
      ])
      const page = (
        <Deliveries session={session} notifies={d.lanes.length > 0} at={d.now()} exports={exports} failed={failed} waiting={waiting} sent={sent} />
      )
      return respond(d.frame(), { title: 'Deliveries', current: 'deliveries', session, notice: noticeOf(c.req.query('done')), children: page })
    })
    .post(`${DELIVERIES}/again`, async (c) => {
      const { session, form } = await readOwnForm(d, c, Chosen)
      await byAdmin(d, session.person, { event: 'notification' }, (by) => tryNotificationAgain(d, form.id, by))
      return c.redirect(`${DELIVERIES}?done=tried_again`, 303)
    })
