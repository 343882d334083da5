/** A Harness between a Service and Authorities that a test plays: what they publish and answer is the test's business, right or wrong; every call is written down. */
import { Hono } from 'hono'
import { expect } from 'vitest'
import { type AcquireDeps, acquire, acquireBrowserSession, type Progress, type Wanted } from '../harness/acquire.ts'
import { TripFailure } from '../harness/failure.ts'
import { internet } from './internet.ts'

export const DESK = 'https://desk.example'
export const ACME = 'https://authority.acme.example'
export const USER = 'ada@acme.example'
export const TASK = 'Answer ticket 17'
export const HARNESS = 'test-harness'
export const PASS = 'pass-of-the-authority'
export const TOKEN = 'token-of-the-desk'
export const ONE_TIME = 'one-time-token-of-the-desk'
export const COOKIE = 'cookie-of-the-desk'

export type Answer = () => Response | Promise<Response>
export const answer =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  () =>
    Response.json(body, { status, headers })
export const refusal = (status: number, code = 'internal', message = 'no'): Answer => answer({ error: { code, message } }, status)

export const referenceTo = (authority: string) => ({ authority, authority_configuration_url: `${authority}/configuration` })
export const serviceDocument = (changed: object = {}) => ({
  version: '0.1',
  kind: 'service',
  service: { origin: DESK, name: 'Ticket desk' },
  jwks_uri: `${DESK}/keys`,
  trust: {},
  endpoints: {
    resolve_authorities: `${DESK}/resolve`,
    available_scopes: `${DESK}/scopes`,
    redeem_browser_session: `${DESK}/redeem/browser`,
    redeem_bearer_token: `${DESK}/redeem/bearer`,
  },
  ...changed,
})
export const authorityDocument = (authority: string, changed: object = {}) => ({
  version: '0.1',
  authority,
  trust_mode: 'enterprise',
  jwks_uri: `${authority}/keys`,
  endpoints: {
    issuance: `${authority}/some/where/issue`,
    issuance_status: `${authority}/some/where/requests/{id}`,
    validate: `${authority}/validate`,
    authorization_check: `${authority}/check`,
  },
  ...changed,
})
export const pending = (changed: object = {}) => ({ id: 'request-1', status: 'pending', type: 'bearer_token', poll_after_ms: 1000, ...changed })
export const approved = (changed: object = {}) => ({
  ...{ id: 'request-1', status: 'approved', type: 'bearer_token', agentpass: { type: 'bearer_token', value: PASS } },
  ...changed,
})
export const approvedSession = () => approved({ type: 'browser_session', agentpass: { type: 'browser_session', value: PASS } })
/** A browser session grant whose one-time token is in no URL, but for what is changed. */
export const sessionGrant = (changed: object = {}) => ({
  ...{ initialization_url: `${DESK}/initialize`, expires_at: '2023-11-14T22:14:30Z', one_time: true },
  ...{ initialization_request: { method: 'POST', form_fields: { token: ONE_TIME } }, ...changed },
})
/** The answer to an initialization: to the destination, with cookies. */
export const begun =
  (location = '/tickets/17', ...cookies: string[]): Answer =>
  () => {
    const lines = cookies.length > 0 ? cookies : [`__Host-agent=${COOKIE}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600`]
    return new Response(null, { status: 303, headers: [['location', location], ...lines.map((line): [string, string] => ['set-cookie', line])] })
  }

/** The three parties: a Service and its enterprise Authority that answer well until a test says otherwise, and the Harness's dependencies. */
export function harnessRig() {
  const net = internet()
  const service = playService(net)
  const authority = playAuthority(net, ACME)
  const waits: number[] = []
  const progress: Progress[] = []
  const deps: AcquireDeps = {
    ...net,
    harnessId: HARNESS,
    chooseAuthority: async () => {
      throw new Error('there is nothing to choose')
    },
    onProgress: (event) => void progress.push(event),
    wait: (ms, signal) => {
      waits.push(ms)
      return net.wait(ms, signal)
    },
  }
  const wanted: Wanted = { service: DESK, user: USER, task: TASK }
  const run = (changed: Partial<Wanted & AcquireDeps> = {}) => acquire({ ...deps, ...changed }, { ...wanted, ...changed })
  return {
    ...net,
    ...{ net, service, authority, deps, wanted, waits, progress },
    addAuthority: (origin: string) => playAuthority(net, origin),
    acquire: run,
    acquireBrowserSession: (changed: Partial<Wanted & AcquireDeps> = {}) => {
      authority.polls = [answer(approvedSession())]
      return acquireBrowserSession({ ...deps, ...changed }, { ...wanted, ...changed })
    },
    /** The failure of a trip that must not succeed. */
    failure: async (changed: Partial<Wanted & AcquireDeps> = {}): Promise<TripFailure> => {
      const ended = await run(changed).catch((failure) => failure)
      expect(ended).toBeInstanceOf(TripFailure)
      return ended
    },
    /** The JSON bodies sent to a URL, in their order. */
    posted: (url: string) => net.calls.filter((call) => call.method === 'POST' && call.url === url).map(({ body }) => JSON.parse(body)),
    /** Every call to an origin or URL, as `METHOD path`. */
    callsTo: (origin: string) =>
      net.calls.filter(({ url }) => url.startsWith(`${origin}/`)).map(({ method, url }) => `${method} ${url.slice(origin.length)}`),
  }
}
export type HarnessRig = ReturnType<typeof harnessRig>

function playService(net: ReturnType<typeof internet>) {
  const pages = {
    configuration: answer(serviceDocument()),
    resolve: answer({ enterprise_authority: referenceTo(ACME) }),
    redeem: answer({ bearer_token: TOKEN, scope: ['tickets:read', 'tickets:write'], expires_in: 600 }),
    redeemSession: answer(sessionGrant()),
    initialize: begun(),
    revoke: answer({}),
    api: answer({ id: 17, subject: 'The door sticks' }),
  }
  const app = new Hono()
    .get('/configuration', () => pages.configuration())
    .post('/resolve', () => pages.resolve())
    .post('/redeem/bearer', () => pages.redeem())
    .post('/redeem/browser', () => pages.redeemSession())
    .all('/initialize', () => pages.initialize())
    .post('/revoke', () => pages.revoke())
    .all('/api/*', () => pages.api())
  net.host(DESK, app)
  net.publish('_agentpass-service.desk.example', `${DESK}/configuration`)
  return pages
}

function playAuthority(net: ReturnType<typeof internet>, origin: string) {
  const pages = {
    configuration: answer(authorityDocument(origin)),
    issue: answer(pending(), 202),
    /** What status says, in turn; the last one again and again. */
    polls: [answer(approved())],
    cancel: answer(pending({ status: 'canceled' })),
    events: refusal(404),
  }
  const poll = () => (pages.polls.length > 1 ? pages.polls.shift() : pages.polls[0])?.() ?? new Response(null, { status: 500 })
  const app = new Hono()
    .get('/configuration', () => pages.configuration())
    .post('/some/where/issue', () => pages.issue())
    .get('/some/where/requests/:id', poll)
    .delete('/some/where/requests/:id', () => pages.cancel())
    .get('/events', () => pages.events())
  net.host(origin, app)
  return pages
}
