import { randomBytes } from 'node:crypto'
import { ServiceConfiguration } from '../../spec/wire/configuration.ts'
import { BearerTokenGrant, BrowserSessionGrant } from '../../spec/wire/redemption.ts'
import { type AuthorityMade, createFakeAuthority, type FakeAuthority, type Script } from '../actors/authority.ts'
import { expectAnswer, type Reply, type Send } from '../actors/client.ts'
import type { Ground } from '../actors/ground.ts'
import type { Key } from '../actors/jws.ts'
import type { Changes } from '../actors/jwt.ts'
import type { ServiceAdapter, ServiceVariant } from '../adapter.ts'
import { expectThat } from '../case.ts'
import { need, type Stage } from '../stage.ts'
import { cookieOf, secretsOf } from './link.ts'
import { makePass, redeem } from './redeeming.ts'

export type PassType = 'bearer_token' | 'browser_session'
/** A pass that one of the suite's Authorities will say yes to. `script` is what that answers, and may be changed. */
export type Pass = { type: PassType; value: string; user: string; authority: FakeAuthority; script: Script; key: Key | undefined }
export type WantedPass = { type?: PassType; user?: string; authority?: FakeAuthority; bound?: boolean; validation?: Record<string, unknown> }
export type Redeeming = {
  /** Members of the request that are to differ; undefined leaves one out. */
  changed?: Record<string, unknown>
  /** The proof: changes to a good one, a text in its place, or null for none. */
  proof?: Changes | string | null
  send?: Send
  endpoint?: PassType
}

export type Domain = { name: string; record: string; user: string; publish: (...values: (string | string[])[]) => void }

/** The suite's Authorities that every Service under test knows: the enterprise of its users' domain, by DNS, and those that its settings name. */
export type House = { enterprise: FakeAuthority; federated: FakeAuthority; federated2: FakeAuthority; own: FakeAuthority; domains: string[] }

/** What a case does to the Service under test: the suite plays Harness and Authorities. */
export type ServiceStage = Stage & {
  adapter: ServiceAdapter
  document: ServiceConfiguration
  origin: string
  house: House
  /** A page at which a session may begin. */
  destination: string
  /** Another deployment of the same Service; skips where the adapter names none. */
  variant: (name: ServiceVariant) => Promise<ServiceStage>
  second: () => string
  /** A new e-mail domain that DNS says nothing about, and somebody in it; `publish` is for its TXT records. Skips without DNS. */
  domain: () => Domain
  /** A domain that no other case has, whose user is an account of the Service; skips where the adapter names no more of them. */
  account: () => Domain
  /** A new Authority of the suite. */
  authority: (made?: AuthorityMade) => FakeAuthority
  resolve: (email: unknown, send?: Send) => Promise<Reply>
  scopes: (as: FakeAuthority, body: unknown, more?: { assertion?: string | null; changes?: Changes; send?: Send }) => Promise<Reply>
  /** By default a bearer pass of the user who holds every scope, approved for all of them by the enterprise's Authority, bound to a holder key. */
  pass: (want?: WantedPass) => Pass
  redeem: (pass: Pass, how?: Redeeming) => Promise<Reply>
  /** Redeems a good bearer pass: the token. */
  token: (pass?: Pass) => Promise<{ token: string; pass: Pass; grant: BearerTokenGrant }>
  /** Redeems a good browser pass: what begins its session. */
  grant: (pass?: Pass, how?: Redeeming) => Promise<{ grant: BrowserSessionGrant; pass: Pass }>
  /** Begins a browser session, once, as a browser would. */
  begin: (grant: BrowserSessionGrant, send?: Send) => Promise<Reply>
  /** A begun browser session: its cookie. */
  session: (pass?: Pass) => Promise<{ cookie: string; pass: Pass; reply: Reply }>
  /** Calls the protected URL of a scope with a bearer token; null is without one. */
  call: (scope: string, token: string | null, send?: Send) => Promise<Reply>
  /** Loads the who-am-I page with a cookie. */
  visit: (cookie: string, send?: Send) => Promise<Reply>
  /** Names of the scopes: all, the first, the second, and the one that a user lacks. */
  scope: { all: string[]; first: string; second: string; lacked: string }
  endpoint: (type: PassType) => string
}

/** Reads the Service's document and gives what a case does with it. Throws Unmet when there is none that is valid. */
export async function serviceStage(
  stage: Stage,
  adapter: ServiceAdapter,
  house: House,
  place: { configuration_url: string; second?: string | undefined } = adapter,
): Promise<ServiceStage> {
  const { client, ground } = stage
  const document = expectAnswer(await client.send(place.configuration_url), ServiceConfiguration, 'the Service configuration')
  const { endpoints } = document
  const { origin } = document.service
  const here = (url: string): string => (place === adapter ? url : origin + new URL(url).pathname + new URL(url).search)
  const [first = '', second = ''] = adapter.scopes.all.filter((name) => name !== adapter.scopes.lacked)
  const s: ServiceStage = {
    ...stage,
    adapter,
    document,
    origin,
    house,
    destination: here(adapter.destination),
    scope: { all: adapter.scopes.all, first, second, lacked: adapter.scopes.lacked },
    endpoint: (type) => (type === 'bearer_token' ? endpoints.redeem_bearer_token : endpoints.redeem_browser_session),
    variant: (name) => serviceStage(stage, adapter, house, need(adapter.variants[name], `the adapter names no variant “${name}” of the Service`)),
    second: () => need(place.second, 'the adapter names no second instance'),
    domain: () => domainOf(ground, `d-${randomBytes(5).toString('hex')}.${ground.zone}`),
    account: () => domainOf(ground, need(house.domains.shift(), 'there is no further domain whose users the Service knows (service.users.domains)')),
    authority: (made) => createFakeAuthority(ground, made),
    resolve: (email, send) => client.send(endpoints.resolve_authorities, { ...send, method: 'POST', body: { user: { email } } }),
    scopes: (as, body, { assertion, changes, send } = {}) => {
      const authorization = assertion === undefined ? stage.secret(as.assertion(origin, changes)) : assertion
      return client.send(endpoints.available_scopes, {
        ...send,
        body,
        headers: { ...(authorization !== null && { authorization: `Bearer ${authorization}` }), ...send?.headers },
      })
    },
    pass: (want) => makePass(s, want),
    redeem: (pass, how) => redeem(s, pass, how),
    token: async (pass = s.pass()) => {
      const grant = expectAnswer(await s.redeem(pass), BearerTokenGrant, 'the redemption')
      return { token: stage.secret(grant.bearer_token), pass, grant }
    },
    grant: async (pass = s.pass({ type: 'browser_session' }), how) => {
      const grant = expectAnswer(await s.redeem(pass, how), BrowserSessionGrant, 'the redemption')
      for (const value of secretsOf(grant)) stage.secret(value)
      return { grant, pass }
    },
    begin: (grant, send) => begin(s, grant, send),
    session: async (pass) => {
      const bought = await s.grant(pass)
      const reply = await s.begin(bought.grant)
      expectThat(
        reply.status >= 300 && reply.status < 400 && reply.cookies.length > 0,
        'a session to begin: a redirect with a cookie',
        `${reply.status} ${reply.text.slice(0, 200)}`,
      )
      return { cookie: cookieOf(s, reply), pass: bought.pass, reply }
    },
    call: (scope, token, send) => {
      const act = need(adapter.protected[scope], `the adapter names nothing that ${scope} protects`)
      const { method, url, json } = typeof act === 'string' ? { method: 'GET', url: act, json: undefined } : act
      return client.send(here(url), {
        method,
        ...(json !== undefined && { body: json }),
        ...send,
        headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...send?.headers },
      })
    },
    visit: (cookie, send) => client.send(here(adapter.whoami), { ...send, headers: { cookie, accept: 'text/html,*/*', ...send?.headers } }),
  }
  return s
}

function domainOf(ground: Ground, name: string): Domain {
  ground.needDns()
  const record = `_agentpass.${name}`
  return { name, record, user: `someone@${name}`, publish: (...values) => ground.dns.publish(record, values) }
}

/** That the Service let the call through: what the app behind it says then is its own affair. */
export const expectAllowed = (reply: Reply): void =>
  expectThat(
    reply.status < 500 && reply.status !== 401 && reply.status !== 403,
    'the call to be let through',
    `${reply.status} ${reply.text.slice(0, 200)}`,
  )

/** By a form where the grant says so, else by loading the URL. */
function begin(s: ServiceStage, { initialization_url: url, initialization_request: form }: BrowserSessionGrant, send: Send = {}): Promise<Reply> {
  const headers = { accept: 'text/html', 'sec-fetch-site': 'cross-site', ...send.headers }
  if (form?.method !== 'POST') return s.client.send(url, { ...send, headers })
  const body = new URLSearchParams(form.form_fields ?? {}).toString()
  return s.client.send(url, {
    ...send,
    method: 'POST',
    body: Buffer.from(body),
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'null', ...headers },
  })
}
