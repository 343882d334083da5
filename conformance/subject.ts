import type { FakeAuthority } from './actors/authority.ts'
import { createFakeAuthority } from './actors/authority.ts'
import { expectStatus } from './actors/client.ts'
import type { Ground } from './actors/ground.ts'
import { createKey } from './actors/jws.ts'
import type { AuthorityAdapter, HarnessAdapter, ServiceAdapter } from './adapter.ts'
import { type AuthorityStage, authorityStage, VENDOR_HOST, type Vendor } from './authority/stage.ts'
import { startStanding } from './authority/standing.ts'
import type { Case } from './case.ts'
import { expectDone, type HarnessStage, harnessStage } from './harness/stage.ts'
import type { Party } from './requirements.ts'
import { expectAllowed, type House, type ServiceStage, serviceStage } from './service/stage.ts'
import type { Stage } from './stage.ts'

/** A peer under test with the cases for its kind: whatever party it is, a case runs on a stage. */
export type Subject = {
  party: Party
  url: string | undefined
  cases: readonly Judged[]
  /** A whole good exchange: what must work before any verdict counts. Throws as a case does. */
  reference: (stage: Stage) => Promise<void>
}
/** A case, bound to its party. */
export type Judged = Omit<Case<never>, 'run'> & { party: Party; run: (stage: Stage) => Promise<void> }

const bind = <S>(party: Party, cases: readonly Case<S>[], enter: (stage: Stage) => S | Promise<S>): Judged[] =>
  cases.map((one) => ({ ...one, party, run: async (stage) => one.run(await enter(stage)) }))

function authorityEntrances(ground: Ground, adapter: AuthorityAdapter) {
  const vendor = startVendor(ground)
  const standing = ground.settings.names === 'static' ? startStanding(ground) : undefined
  return (stage: Stage, what: 'case' | 'reference') =>
    authorityStage(stage, adapter, { vendor, lend: what === 'case' ? standing?.forCase() : standing?.forReference() })
}

/** How a case comes to the stage of its party: the suite's own peers of it are started once. */
export function authorityEntrance(ground: Ground, adapter: AuthorityAdapter): (stage: Stage) => Promise<AuthorityStage> {
  const enter = authorityEntrances(ground, adapter)
  return (stage) => enter(stage, 'case')
}
export function serviceEntrance(ground: Ground, adapter: ServiceAdapter): (stage: Stage) => Promise<ServiceStage> {
  const house = startHouse(ground, adapter)
  return (stage) => serviceStage(stage, adapter, house)
}
export const harnessEntrance =
  (adapter: HarnessAdapter) =>
  (stage: Stage): HarnessStage =>
    harnessStage(stage, adapter)

export function authoritySubject(ground: Ground, adapter: AuthorityAdapter, cases: readonly Case<AuthorityStage>[]): Subject {
  const enter = authorityEntrances(ground, adapter)
  return {
    party: 'authority',
    url: adapter.configuration_url,
    cases: bind('authority', cases, (stage) => enter(stage, 'case')),
    reference: async (stage) => {
      const s = await enter(stage, 'reference')
      const { authorizationId, service } = await s.redeemed()
      expectStatus(await s.check(authorizationId, service), 200)
    },
  }
}

export function serviceSubject(ground: Ground, adapter: ServiceAdapter, cases: readonly Case<ServiceStage>[]): Subject {
  const enter = serviceEntrance(ground, adapter)
  return {
    party: 'service',
    url: adapter.configuration_url,
    cases: bind('service', cases, enter),
    reference: async (stage) => {
      const s = await enter(stage)
      const { token } = await s.token()
      expectAllowed(await s.call(s.scope.first, token))
    },
  }
}

export function harnessSubject(adapter: HarnessAdapter, cases: readonly Case<HarnessStage>[]): Subject {
  const enter = harnessEntrance(adapter)
  return {
    party: 'harness',
    url: undefined,
    cases: bind('harness', cases, enter),
    reference: async (stage) => expectDone(await enter(stage).world().run()),
  }
}

/** The issuer of Harness attestations whom the peer may pin. Its key is of the run. */
function startVendor({ hosts }: Ground): Vendor {
  const key = createKey()
  let asked = 0
  hosts.serve(VENDOR_HOST, ({ path }) => {
    asked++
    return path === '/jwks.json' ? { json: { keys: [key.jwk] } } : { status: 404 }
  })
  return { issuer: hosts.origin(VENDOR_HOST), key, asked: () => asked }
}

/** Where the documents of those Authorities are that settings name: the rest of their paths is the seed's. */
const KNOWN_PATH = '/.well-known/agentpass-authority'

/** The suite's Authorities under the names that a Service's settings know: of its users' domain, two that are federated, and the Service's own. */
function startHouse(ground: Ground, adapter: ServiceAdapter): House {
  const known = (host: string, trustMode: 'enterprise' | 'federated' | 'service'): FakeAuthority =>
    createFakeAuthority(ground, { host, trustMode, documentPath: KNOWN_PATH })
  const enterprise = known('enterprise', 'enterprise')
  const domains = new Set([adapter.users.all, adapter.users.lacking].map((user) => user.slice(user.indexOf('@') + 1)))
  for (const domain of domains) ground.dns.publish(`_agentpass.${domain}`, [enterprise.reference.authority_configuration_url])
  return {
    enterprise,
    federated: known('federated', 'federated'),
    federated2: known('federated-2', 'federated'),
    own: known('own', 'service'),
    domains: [...adapter.users.domains],
  }
}
