/** The real Service among Authorities that are played by hand, on the fake internet. */
import { exportJWK, generateKeyPair } from 'jose'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { openService, type ServiceOpening } from '../service/node/open.ts'
import type { ServiceTables } from '../service/store/schema.ts'
import { sha256 } from '../spec/base64url.ts'
import { createLog } from '../spec/node/log.ts'
import { openDatabase } from '../spec/node/open-database.ts'
import type { Effects } from '../spec/node/party.ts'
import { type Changes, DESK, fakeAuthority, signed, USER } from './fake-authority.ts'
import { internet } from './internet.ts'
import { startService } from './parties.ts'

export const RESOLVE = '/agentpass/resolve-authorities'
export const SCOPES = '/agentpass/available-scopes'
export const REDEEM = '/agentpass/redeem/bearer-token'
export const REVOKE = '/agentpass/revoke'
export const OWN = 'https://own.desk.example'
export const FEDERATED = 'https://federated.example'

/** The real Service among Authorities that the test plays: the enterprise's, the Service's own, and a federated one. Nobody's DNS names any of them yet. */
export async function desk(
  want: { settings?: Changes; trust?: ('own' | 'federated')[]; policy?: Changes; effects?: Partial<Effects>; profile?: string } = {},
) {
  const net = internet()
  const log: string[] = []
  const enterprise = await fakeAuthority(net)
  const own = await fakeAuthority(net, OWN, 'service')
  const federated = await fakeAuthority(net, FEDERATED, 'federated')
  const trust = {
    ...(want.trust?.includes('own') && { service_authority: own.reference }),
    ...(want.trust?.includes('federated') && { federated: [federated.reference] }),
    ...want.policy,
  }
  const effects: Effects = { ...net, log: createLog('test', 'debug', (line) => log.push(line)), ...want.effects }
  const service = await startService(net, effects, { trust, ...(want.profile && { profile: want.profile }), ...want.settings })
  const request = async (path: string, init: RequestInit = {}): Promise<Response> => service.app.request(`${DESK}${path}`, init)
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const redemption = (changes: Changes = {}): Changes => ({
    agentpass: { type: 'bearer_token', value: 'pass-1' },
    authority: enterprise.identifier,
    user: { email: USER },
    ...changes,
  })
  const database = () => {
    const db = openDatabase<ServiceTables>(service.opening.database)
    onTestFinished(db.close)
    return db
  }
  const redeem = (changes: Changes = {}, headers: Record<string, string> = {}) => post(REDEEM, redemption(changes), headers)
  return {
    ...{ net, log, enterprise, own, federated, service, effects, request, post, redemption, redeem },
    now: net.now,
    pass: net.pass,
    /** Everything that went to a site of the internet, as `METHOD url`. */
    sent: () => net.calls.map(({ method, url }) => `${method} ${url}`),
    resolve: (email: string = USER) => post(RESOLVE, { user: { email } }),
    scopes: (assertion: string, body: unknown = { user: { email: USER }, agent: { id: 'agent-7' } }) =>
      post(SCOPES, body, { authorization: `Bearer ${assertion}` }),
    /** A token of a redemption that must succeed. */
    token: async (changes: Changes = {}) => z.object({ bearer_token: z.string() }).parse(await okay(await redeem(changes))).bearer_token,
    /** Says that the task of a token is done; in whatever form. */
    revoke: (body: string | Record<string, string>, headers: Record<string, string> = {}) =>
      request(REVOKE, { method: 'POST', body: new URLSearchParams(body).toString(), headers: { 'content-type': FORM, ...headers } }),
    call: (path: string, token: string, init: RequestInit = {}) =>
      request(path, { ...init, headers: { ...Object.fromEntries(new Headers(init.headers)), authorization: `Bearer ${token}` } }),
    /** Another instance of the Service on the same database. */
    another: async (more: Partial<ServiceOpening> = {}) => {
      const second = await openService({ ...service.opening, ...more })
      onTestFinished(second.stop)
      return second
    },
    database,
    /** The audit trail as it is in the database, oldest first. */
    audited: async (): Promise<Changes[]> => {
      await service.management.request('/ready') // writes what was noted
      const rows = await database().read.selectFrom('audit').select('event').orderBy('id').execute()
      return rows.map(({ event }) => JSON.parse(event))
    },
  }
}
export type Desk = Awaited<ReturnType<typeof desk>>

/** A holder key of a Harness, and proofs made with it. */
export async function holder() {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(pair.publicKey)
  return {
    jwk,
    cnf: { jwk },
    privateKey: pair.privateKey,
    /** A good proof for `pass-1` at the desk, but for what is changed. */
    proof: async (now: number, changes: Changes = {}, header: Changes = {}) => {
      const claims = { iss: 'harness-1', aud: DESK, iat: now, exp: now + 60, jti: crypto.randomUUID(), htm: 'POST', htu: DESK + REDEEM }
      return { harness_proof: { jwt: await signed({ ...claims, aph: await sha256('pass-1'), ...changes }, header, pair.privateKey) } }
    },
  }
}

const FORM = 'application/x-www-form-urlencoded'
const ErrorBody = z.strictObject({ error: z.strictObject({ code: z.string().min(1), message: z.string().min(1) }) })

/** Status and code of a refusal, whose body must be an error body and nothing else. */
export async function refusal(response: Response): Promise<[number, string]> {
  const body = ErrorBody.parse(await response.json())
  return [response.status, body.error.code]
}

/** The body of an answer that must be a 200. */
export async function okay(response: Response): Promise<unknown> {
  if (response.status !== 200) throw new Error(`answered ${response.status} ${await response.text()}`)
  return response.json()
}
