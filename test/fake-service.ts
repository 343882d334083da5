/** A Service played by hand: what it publishes, what it answers and what it signs is the test's business, right or wrong. */
import { Hono } from 'hono'
import type { Internet } from './internet.ts'
import { AUTHORITY, SERVICE } from './parties.ts'
import { ecPair, jws, type Members, type Pair } from './spec/jws-fixture.ts'

type Answer = () => Response | Promise<Response>
type Page = 'configuration' | 'keys' | 'scopes'
type Signer = { key: Pair; algorithm?: string }
/** What a Service needs of an internet: the fake one, or a part of the real one. */
type Surroundings = Pick<Internet, 'now' | 'random'> & {
  host: (origin: string, site: Hono) => void
  publish: (name: string, ...values: string[]) => void
  calls: { url: string }[]
}

export const DESK_SCOPES = [
  { name: 'tickets:read', description: 'Read tickets' },
  { name: 'tickets:write', description: 'Write tickets' },
]

/** A genuine Service configuration of an origin. */
export const configurationOf = (origin: string) => ({
  version: '0.1',
  kind: 'service',
  service: { origin, name: 'Ticket desk' },
  jwks_uri: `${origin}/keys`,
  trust: {},
  endpoints: {
    resolve_authorities: `${origin}/resolve`,
    available_scopes: `${origin}/scopes`,
    redeem_browser_session: `${origin}/redeem/browser`,
    redeem_bearer_token: `${origin}/redeem/bearer`,
  },
})

/** Puts a Service on the internet, its TXT record published. `pages` holds what it serves, to be replaced; `asked` the calls of its scopes endpoint. */
export function fakeService(net: Surroundings, origin: string = SERVICE) {
  const key = ecPair('P-256')
  const asked: { authorization: string; body: unknown }[] = []
  const pages: Record<Page, Answer> = {
    configuration: () => Response.json(configurationOf(origin)),
    keys: () => Response.json({ keys: [{ ...key.jwk, kid: 'k1' }] }),
    scopes: () => Response.json({ scopes: DESK_SCOPES }),
  }
  const app = new Hono()
    .get('/configuration', () => pages.configuration())
    .get('/keys', () => pages.keys())
    .post('/scopes', async (c) => {
      asked.push({ authorization: c.req.header('authorization') ?? '', body: await c.req.json() })
      return pages.scopes()
    })
  const record = `_agentpass-service.${new URL(origin).hostname}`
  net.host(origin, app)
  net.publish(record, `${origin}/configuration`)
  /** The claims of a good assertion to the tests' Authority, now, but for those given; a claim that is undefined is left out. */
  const claims = (changed: Members = {}): Members => ({
    ...{ iss: origin, aud: AUTHORITY, iat: net.now(), exp: net.now() + 60, jti: net.random(16) },
    ...changed,
  })
  const assertion = (changed: Members = {}, header: Members = {}, signer: Signer = { key }) =>
    jws({ alg: 'ES256', typ: 'JWT', kid: 'k1', ...header }, claims(changed), signer)
  return {
    origin,
    record,
    app,
    key,
    pages,
    asked,
    claims,
    assertion,
    /** The `Authorization` header of a good assertion, but for what is given. */
    bearer: (changed: Members = {}, header: Members = {}, signer: Signer = { key }) => `Bearer ${assertion(changed, header, signer)}`,
    /** How often a page was fetched. */
    fetches: (page: Page) => net.calls.filter(({ url }) => url === `${origin}/${page}`).length,
  }
}
export type FakeService = ReturnType<typeof fakeService>
