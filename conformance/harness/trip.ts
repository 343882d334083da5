import { type FakeAuthority, member } from '../actors/authority.ts'
import type { Answer, Received, Serve } from '../actors/hosts.ts'
import type { PublicJwk } from '../actors/jws.ts'
import { type Decoded, decodeJws, verifies } from '../actors/jwt.ts'
import { OFFERED } from '../actors/service.ts'
import { expectEqual, expectThat } from '../case.ts'
import { skip } from '../stage.ts'
import { approving, expectDone, expectGivenUp, type HarnessStage, type HarnessWorld, type Outcome, type Run } from './stage.ts'

/** Where a trip comes by, in this order. */
const HOPS = ['service document', 'resolution', 'authority document', 'issuance', 'status', 'redemption', 'initialization', 'api'] as const
export type Hop = (typeof HOPS)[number]

/** What the Harness sent to a hop. */
export function callsAt({ service, authority }: HarnessWorld, hop: Hop): Received[] {
  switch (hop) {
    case 'service document':
      return service.callsTo('document')
    case 'resolution':
      return service.callsTo('resolve')
    case 'authority document':
      return authority.callsTo('document')
    case 'issuance':
      return authority.callsTo('issuance')
    case 'status':
      return authority.callsTo('status')
    case 'redemption':
      return [...service.callsTo('bearer'), ...service.callsTo('browser')]
    case 'initialization':
      return service.callsTo('initialize')
    case 'api':
      return service.callsTo('api').filter(({ headers }) => headers.authorization !== undefined) // without a token it is nobody's trip
  }
}

/** That it went nowhere from this hop on. */
export function expectNothingFrom(w: HarnessWorld, hop: Hop): void {
  const beyond = HOPS.slice(HOPS.indexOf(hop)).flatMap((each) => callsAt(w, each).map(({ method, url }) => `${each}: ${method} ${url}`))
  expectThat(beyond.length === 0, `nothing to be asked of the ${hop} or what follows it`, beyond.join(', '))
}

/** Runs the Harness into a fault. It must come as far as the hop where that is, ask for nothing beyond it (or from `before` on), and give up by itself with a word. */
export async function expectStop(w: HarnessWorld, at: Hop, { before, ...how }: Omit<Run, 'service'> & { before?: Hop } = {}): Promise<Outcome> {
  const outcome = await w.run(how)
  expectThat(callsAt(w, at).length > 0, `the Harness to come as far as the ${at}`, outcome.stderr.trim().slice(-300) || 'it did not')
  const next = before ?? HOPS[HOPS.indexOf(at) + 1]
  if (next) expectNothingFrom(w, next)
  expectGivenUp(outcome)
  return outcome
}

/** Runs the Harness into a fault of the Service's DNS record: it is asked for, nobody is called, and the Harness gives up by itself with a word. */
export async function expectStopAtRecord(s: HarnessStage, w: HarnessWorld): Promise<void> {
  s.ground.needDns()
  const outcome = await w.run()
  expectThat(s.ground.dns.asked(w.service.record).length > 0, `DNS to be asked for ${w.service.record}`, 'no question')
  expectNothingFrom(w, 'service document')
  expectGivenUp(outcome)
}

/** That a host was left alone. */
export function expectUntouched({ calls, strays }: { calls: Received[]; strays?: Received[] }, what: string): void {
  const seen = [...calls, ...(strays ?? [])].map(({ method, url }) => `${method} ${url}`)
  expectThat(seen.length === 0, `${what} not to be asked for anything`, seen.join(', '))
}

/** The one call of a hop. */
export function onlyCall(w: HarnessWorld, hop: Hop): Received {
  const calls = callsAt(w, hop)
  expectEqual(calls.length, 1, `the number of calls of the ${hop}`)
  return lastCall(w, hop)
}

/** The last call of a hop: what it is like is judged, and not how many there were. */
export function lastCall(w: HarnessWorld, hop: Hop): Received {
  const call = callsAt(w, hop).at(-1)
  expectThat(call !== undefined, `the Harness to come as far as the ${hop}`, 'it did not')
  return call
}

/** A member within members of whatever JSON came. */
export const dig = (value: unknown, ...names: string[]): unknown => names.reduce(member, value)

/** A host that nobody has named to the Harness, where everything is answered as it should be: a redirect leads there. */
export function openElsewhere({ ground }: HarnessStage, serve: Serve): { url: string; calls: Received[] } {
  const calls: Received[] = []
  const host = ground.nextHost('elsewhere')
  ground.hosts.serve(host, (request) => {
    calls.push(request)
    return serve(request)
  })
  return { url: `${ground.hosts.origin(host)}/${ground.chance.stream(host).name()}`, calls }
}

/** Answers one after the other; the last one again and again. */
export function inTurn(...answers: [Answer, ...Answer[]]): Serve {
  let turn = 0
  return () => answers[Math.min(turn++, answers.length - 1)] ?? answers[0]
}

/** An Authority that approves, and whose document is where a Harness that knows only its name might look. */
export function approvingAuthority(s: HarnessStage, trustMode: 'federated' | 'service' = 'federated'): FakeAuthority {
  const authority = s.authority({ trustMode, documentPath: '/.well-known/agentpass-authority' })
  approving(s, authority)
  return authority
}

/** What resolution answers. */
export function offers({ service }: HarnessWorld, resolution: Record<string, unknown>): void {
  service.on.resolve = () => ({ json: resolution })
}

/** The members of a document's `endpoints`. */
export function setEndpoint({ document }: { document: Record<string, unknown> }, name: string, url: unknown): void {
  document.endpoints = { ...asObject(document.endpoints), [name]: url }
}

export const asObject = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? { ...value } : {})
export const asText = (value: unknown): string => (typeof value === 'string' ? value : '')

/** What a Service answers to a redemption for a bearer token. */
export const tokenGrant = (token: string, more: Record<string, unknown> = {}) => ({
  bearer_token: token,
  scope: OFFERED.map(({ name }) => name),
  expires_in: 600,
  ...more,
})

/** The key that the issuance request is bound to; skips where the Harness binds none. */
export function boundKey(request: unknown): PublicJwk {
  const jwk = dig(request, 'harness', 'cnf', 'jwk')
  return isJwk(jwk) ? jwk : skip('the Harness binds no key (harness.cnf)')
}

const isJwk = (value: unknown): value is PublicJwk => typeof value === 'object' && value !== null && 'kty' in value

/** Two good trips of one user at one Service, for two tasks. */
export async function runTwice(w: HarnessWorld): Promise<void> {
  for (const task of ['The first of two tasks', 'The second of two tasks']) expectDone(await w.run({ task }))
}

/** Takes a signed object apart that must be one. */
export function expectJws(compact: unknown, what: string): Decoded {
  const decoded = decodeJws(compact)
  expectThat(decoded !== undefined, `${what} to be a compact JWS with JSON in it`, String(compact).slice(0, 40))
  return decoded
}

/** That a key verifies a signed object. */
export function expectSignedBy(decoded: Decoded, key: PublicJwk, what: string): void {
  let isGood = false
  try {
    isGood = verifies(decoded, [key])
  } catch {
    // a key that cannot be used, or an algorithm that does not suit it, verifies nothing
  }
  expectThat(isGood, `${what} to verify under harness.cnf.jwk`, `a signature (${String(decoded.header.alg)}) that does not`)
}
