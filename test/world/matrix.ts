import { isDeepStrictEqual } from 'node:util'
import { requestPass } from '../../harness/issue.ts'
import { createHolderKey } from '../../harness/key.ts'
import { redeemBearerToken } from '../../harness/redeem.ts'
import { createAuthorityDiscovery, createServiceDiscovery } from '../../spec/discovery.ts'
import type { SigningKey } from '../../spec/jwt.ts'
import { isSuccess, postMessage, readAnswer } from '../../spec/peer.ts'
import { AuthorityForHarness, ServiceForHarness } from '../../spec/wire/configuration.ts'
import { ErrorResponse } from '../../spec/wire/error.ts'
import { ResolutionResponse } from '../../spec/wire/resolution.ts'
import { type AuthorityParty, pinOf } from './authority.ts'
import type { ServiceParty } from './gateway.ts'
import { createObserver, type Observer, type Outcome } from './observer.ts'
import { type Answered, type AuthorityName, type Domain, type Row, SETTINGS, TABLE } from './table.ts'
import { startWorld, type World } from './world.ts'

/** What one Authority got in a row: asked for scopes, and with one of its passes redeemed. */
export type Tried = { authority: AuthorityName; scopes: Outcome; redemption: Outcome }
/** A row as it was played, and what of it is not as the table demands, in sentences. */
export type Played = { row: Row; answer: Answered | Outcome; tried: Tried[]; wrong: string[] }
/** `unburnt` are the passes that were refused all the while, redeemed at last where they belong. */
export type Matrix = { rows: Played[]; unburnt: Record<string, Outcome>; wrong: string[] }

type Pass = { value: string; key: SigningKey }
type Stage = { world: World; observer: Observer; elsewhere: ServiceParty; d: ReturnType<typeof harnessOf> }

/** Plays each row of the table of protocol 3 with real parties: resolution, scope discovery and redemption, by every Authority there is for the user. */
export async function playMatrix(table: Row[] = TABLE): Promise<Matrix> {
  const observer = createObserver()
  const world = await startWorld({ neighbours: true, authority: { policy: { default: 'approve' } }, onAsk: observer.onAsk })
  try {
    const stage = { world, observer, elsewhere: await openElsewhere(world), d: harnessOf(world) }
    const gateways = new Map<string, ServiceParty>()
    const foreign = new Map<string, Pass>()
    const rows: Played[] = []
    for (const row of table) {
      const host = `${row.settings}.desk.localhost`
      const gateway = gateways.get(host) ?? (await world.addService(host, { trust: SETTINGS[row.settings].trust(trustOf(world)) }))
      gateways.set(host, gateway)
      rows.push(await playRow(stage, row, gateway, foreign))
    }
    const unburnt = await redeemElsewhere(stage, foreign)
    const burnt = Object.entries(unburnt).filter(([, outcome]) => outcome !== 'ok')
    const burns = burnt.map(([authority, outcome]) => `the pass of ${authority} that was refused everywhere is not good where it belongs: ${outcome}`)
    return { rows, unburnt, wrong: [...rows.flatMap(({ wrong }) => wrong), ...burns] }
  } finally {
    await world.stop()
  }
}

const harnessOf = ({ harness }: World) => ({ ...harness, profile: 'core-0.1' as const })

function neighboursOf({ neighbours }: World) {
  if (!neighbours) throw new Error('this world has no neighbours')
  return neighbours
}
const trustOf = (world: World) => neighboursOf(world).trust

/** A gateway that trusts everybody, so that every Authority can issue a pass for it. */
function openElsewhere(world: World): Promise<ServiceParty> {
  const { trust, authorities } = neighboursOf(world)
  return world.addService('elsewhere.localhost', {
    trust: { ...trust, federated: [...trust.federated, pinOf(authorities.stranger)], offer_both: true },
  })
}

const userOf = (world: World, domain: Domain): string => (domain === 'acme' ? world.user : neighboursOf(world).people[domain].email)

/** Every Authority there is for a domain's users, permitted or not. */
function authoritiesOf(world: World, domain: Domain): [AuthorityName, AuthorityParty][] {
  const { service, federated, stranger, strict } = neighboursOf(world).authorities
  const enterprise: [AuthorityName, AuthorityParty][] =
    domain === 'acme' ? [['enterprise', world.authority]] : domain === 'strict' ? [['enterprise', strict]] : []
  return [...enterprise, ['service', service], ['federated', federated], ['stranger', stranger]]
}

async function playRow(stage: Stage, row: Row, gateway: ServiceParty, foreign: Map<string, Pass>): Promise<Played> {
  const user = userOf(stage.world, row.domain)
  const authorities = authoritiesOf(stage.world, row.domain)
  const answer = await resolve(stage, gateway, user, authorities)
  const tried: Tried[] = []
  for (const [authority, party] of authorities) {
    stage.observer.forget()
    const pass = await issue(stage, gateway, party, user)
    const scopes = await stage.observer.last(hostOf(party.identifier), hostOf(gateway.origin), /\/available-scopes$/)
    const presented = pass ?? foreign.get(party.identifier) ?? (await issueElsewhere(stage, row.domain, authority, party))
    if (presented && !pass) foreign.set(party.identifier, presented)
    const redemption = presented ? await redeem(stage, gateway, party, { user, pass: presented }) : 'no pass'
    tried.push({ authority, scopes, redemption })
  }
  return { row, answer, tried, wrong: compare(row, answer, tried) }
}

const hostOf = (url: string): string => new URL(url).hostname
const discoverService = ({ d }: Stage, { origin }: ServiceParty) => createServiceDiscovery(d, ServiceForHarness)(origin)
const readAuthority = ({ d }: Stage, party: AuthorityParty) => createAuthorityDiscovery(d, AuthorityForHarness).pinned(pinOf(party))

async function resolve(
  stage: Stage,
  gateway: ServiceParty,
  user: string,
  authorities: [AuthorityName, AuthorityParty][],
): Promise<Answered | Outcome> {
  const { endpoints } = await discoverService(stage, gateway)
  const response = await postMessage(stage.d.fetch, endpoints.resolve_authorities, { user: { email: user } })
  if (!isSuccess(response)) return ErrorResponse.parse(await response.json()).error.code
  const {
    enterprise_authority: enterprise,
    service_authority: own,
    trusted_federated_authorities: federated,
  } = await readAnswer(response, ResolutionResponse)
  const name = ({ authority }: { authority: string }) => authorities.find(([, party]) => party.identifier === authority)?.[0] ?? 'stranger'
  return {
    ...(enterprise && { enterprise_authority: [name(enterprise)] }),
    ...(own && { service_authority: [name(own)] }),
    ...(federated && { trusted_federated_authorities: federated.map(name) }),
  }
}

/** A pass for a Service; undefined where the Authority gives none, which for one that is not permitted is as it should be. */
async function issue(stage: Stage, service: ServiceParty, party: AuthorityParty, user: string): Promise<Pass | undefined> {
  const key = await createHolderKey()
  const task = { id: `task-${stage.d.random(16)}`, description: 'Look for open tickets' }
  const asked = { type: 'bearer_token' as const, service: service.origin, user, task, destination: undefined }
  const status = await requestPass(stage.d, await readAuthority(stage, party), asked, key).catch(() => undefined)
  return status?.agentpass && { value: status.agentpass.value, key }
}

/** A genuine pass of an Authority that is not permitted: one for the Service that trusts everybody. */
const issueElsewhere = (stage: Stage, domain: Domain, authority: AuthorityName, party: AuthorityParty) =>
  issue(stage, stage.elsewhere, party, userOf(stage.world, authority === 'enterprise' ? domain : 'home'))

async function redeem(stage: Stage, gateway: ServiceParty, party: AuthorityParty, { user, pass }: { user: string; pass: Pass }): Promise<Outcome> {
  const at = { service: await discoverService(stage, gateway), authority: await readAuthority(stage, party) }
  await redeemBearerToken(stage.d, { ...at, key: pass.key, pass: pass.value, user, scope: undefined }).catch(() => undefined) // how it was refused is read off the wire
  return stage.observer.last('harness', hostOf(gateway.origin), /\/redeem\/bearer-token$/)
}

async function redeemElsewhere(stage: Stage, foreign: Map<string, Pass>): Promise<Record<string, Outcome>> {
  const { strict } = neighboursOf(stage.world).authorities
  const outcomes: Record<string, Outcome> = {}
  for (const [identifier, pass] of foreign) {
    const domain = identifier === stage.world.authority.identifier ? 'acme' : identifier === strict.identifier ? 'strict' : 'home'
    const party = authoritiesOf(stage.world, domain).find(([, { identifier: own }]) => own === identifier)?.[1]
    if (party) outcomes[identifier] = await redeem(stage, stage.elsewhere, party, { user: userOf(stage.world, domain), pass })
  }
  return outcomes
}

/** What of a row is not as the table demands. */
export function compare(row: Row, answer: Answered | Outcome, tried: Tried[]): string[] {
  const where = `${row.domain}.localhost at a Service that ${SETTINGS[row.settings].says}`
  const wrong = isDeepStrictEqual(answer, row.answer)
    ? []
    : [`${where}: resolution answers ${JSON.stringify(answer)}, protocol 3 demands ${JSON.stringify(row.answer)}`]
  for (const { authority, scopes, redemption } of tried) {
    const demanded = row.permitted.includes(authority) ? 'ok' : row.others
    if (scopes !== demanded) wrong.push(`${where}: scope discovery answers ${authority} ${scopes}, protocol 3 demands ${demanded}`)
    if (redemption !== demanded) wrong.push(`${where}: a pass of ${authority} is answered ${redemption}, protocol 3 demands ${demanded}`)
  }
  return wrong
}
