import { Hono } from 'hono'
import { z } from 'zod'
import { canonicalAddress, emailAddress } from '../../spec/email.ts'
import { ProtocolError } from '../../spec/error.ts'
import { origin } from '../../spec/origin.ts'
import { storedText } from '../../spec/wire/identifier.ts'
import { revokeAll } from '../revoke/bulk.ts'
import type { Which } from '../store/alive.ts'
import { countLive, type Holder, listLive } from '../store/console-lists.ts'
import type { Reach } from '../store/reach.ts'
import type { ConsoleDeps } from './console.ts'
import { CONSOLE, readOwnForm, sessionOf } from './door.ts'
import { Authorizations, ENDS, End, type Ends } from './pages/authorizations.tsx'
import { respond } from './pages/page.tsx'
import { noticeOf } from './requests-route.tsx'

const MOST = 200
const AUTHORIZATIONS = `${CONSOLE}/authorizations`
const Ending = z.object({ by: z.enum(ENDS), is: storedText.max(2048).optional(), reason: storedText.min(1).max(1024).optional() })

const COLUMNS = ['key_thumbprint', 'user_email', 'service_origin'] as const

/** What is held now, and ending all that is alive of an agent, a user or a Service. */
export const authorizationsRoutes = (d: ConsoleDeps) =>
  new Hono()
    .get(AUTHORIZATIONS, async (c) => {
      const session = await sessionOf(d, c)
      const { person } = session
      const of = holderOf(c.req.query('by'), c.req.query('is'))
      const rows = await list(d, person.sees, of)
      const ending = person.ends === person.sees ? rows : await list(d, person.ends, of)
      const endable = new Set(ending.map(({ id }) => id))
      return respond(d.frame(), {
        title: 'Authorizations',
        current: 'authorizations',
        session,
        notice: noticeOf(c.req.query('done')),
        live: `${CONSOLE}/requests/events`,
        children: (
          <Authorizations rows={rows} of={of} isCut={rows.length === MOST} mayEndOf={({ id }) => endable.has(id)} mayEndAll={person.administers} />
        ),
      })
    })
    .get(`${AUTHORIZATIONS}/end`, async (c) => {
      const session = await sessionOf(d, c)
      const { by, is = '' } = read(Ending, { by: c.req.query('by'), is: c.req.query('is') })
      requireMay(by, session.person.administers)
      const live = await countLive(d.db.read, session.person.ends, { of: liveOf(by, is), at: d.now() })
      return respond(d.frame(), { title: 'End', current: 'authorizations', session, children: <End session={session} by={by} is={is} live={live} /> })
    })
    .post(`${AUTHORIZATIONS}/end`, async (c) => {
      const { session, form } = await readOwnForm(d, c, Ending)
      const { person } = session
      await d.consoleTurns.act(person.email)
      requireMay(form.by, person.administers)
      await revokeAll(d, whichOf(form.by, form.is ?? ''), { by: person.email, reason: form.reason, within: person.ends })
      return c.redirect(`${AUTHORIZATIONS}?done=ended`, 303)
    })

const list = (d: ConsoleDeps, reach: Reach, of: Holder) => listLive(d.db.read, reach, { of, at: d.now(), limit: MOST })

function holderOf(by: string | undefined, is: string | undefined): Holder {
  const column = COLUMNS.find((one) => one === by)
  return column === undefined || !is ? undefined : { by: column, is: read(storedText, is) }
}

const liveOf = (by: Ends, is: string): Holder => {
  if (by === 'all') return undefined
  return { by: by === 'user' ? 'user_email' : by === 'service' ? 'service_origin' : by, is }
}

function requireMay(by: Ends, administers: boolean): void {
  if (by === 'all' && !administers) throw new ProtocolError('forbidden', 'only an admin ends everything')
}

/** What is to end. Throws malformed_request for what names nothing. */
function whichOf(by: Ends, is: string): Which {
  switch (by) {
    case 'all':
      return { by: 'all' }
    case 'user':
      return { by: 'user', is: canonicalAddress(read(emailAddress, is)) }
    case 'service':
      return { by: 'service', is: read(origin, is) }
    case 'key_thumbprint':
      return { by: 'key_thumbprint', is: read(z.string().regex(/^[\w-]{43}$/), is) }
  }
}

function read<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new ProtocolError('malformed_request', 'this names nothing that could end', { cause: parsed.error })
  return parsed.data
}
