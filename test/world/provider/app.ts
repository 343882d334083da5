import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import type { Provider } from 'oidc-provider'
import { pages } from './pages.tsx'
import { findEmployee } from './people.ts'
import { ICON, STYLE } from './style.ts'

type Env = { Bindings: HttpBindings }
type Shown = {
  /** The provider of this moment: it is another one after a change of keys. */
  provider: () => Provider
  headers: () => Record<string, string>
}

/** Our pages, where people say who they are; everything else is the library's. */
export function createApp({ provider, headers }: Shown): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/style.css', (c) => c.body(STYLE, 200, { 'content-type': 'text/css; charset=utf-8' }))
  app.get('/icon.svg', (c) => c.body(ICON, 200, { 'content-type': 'image/svg+xml' }))
  app.get('/interaction/:uid', async (c) => {
    const asked = await findInteraction(c, provider())
    if (!asked) return c.html(pages.expired(), 400, headers())
    const id = String(asked.params.client_id)
    const { clientName: client = id } = (await provider().Client.find(id)) ?? {}
    return c.html(pages.signIn({ client, action: c.req.path, current: findEmployee(asked.session?.accountId) }), 200, headers())
  })
  app.post('/interaction/:uid', async (c) => {
    const asked = await findInteraction(c, provider())
    if (!asked) return c.html(pages.expired(), 400, headers())
    const form = await c.req.parseBody()
    const employee = findEmployee(form.sub)
    if (!employee && form.cancel === undefined) return c.html(pages.refused('nobody of that name works here'), 400, headers())
    const result = employee ? { login: { accountId: employee.sub } } : { error: 'access_denied', error_description: 'nobody signed in' }
    if (employee && asked.session && asked.session.accountId !== employee.sub) await leaveSession(provider(), asked)
    const { incoming, outgoing } = c.env
    return c.redirect(await provider().interactionResult(incoming, outgoing, result, { mergeWithLastSubmission: false }), 303)
  })
  app.all('*', async (c) => {
    await provider().callback()(c.env.incoming, c.env.outgoing)
    return RESPONSE_ALREADY_SENT
  })
  return app
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

/** The sign-in that this browser has begun at this address; undefined where there is none, or none any more. */
async function findInteraction(c: Context<Env, '/interaction/:uid'>, provider: Provider): Promise<Interaction | undefined> {
  try {
    const asked = await provider.interactionDetails(c.env.incoming, c.env.outgoing)
    return asked.uid === c.req.param('uid') ? asked : undefined
  } catch (failure) {
    if (failure instanceof Error && failure.name === 'SessionNotFound') return undefined
    throw failure
  }
}

/** Ends the session of whoever was signed in, and lets the sign-in go on without: the library would ask for another page in between, with a script. */
async function leaveSession(provider: Provider, asked: Interaction): Promise<void> {
  const session = asked.session && (await provider.Session.findByUid(asked.session.uid))
  await session?.destroy()
  asked.session = undefined
  await asked.persist()
}
