/** Every door of the real parties at which a signed object is verified, behind one face: what is good there, and how anything else is presented. */
import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { z } from 'zod'
import type { Kind } from '../../spec/jwt.ts'
import type { Profile } from '../../spec/profile.ts'
import { APPROVING, authorityWorld, HARNESS, message, refusal, TASK } from '../authority-rig.ts'
import { ACME, json } from '../fake-authority.ts'
import { SERVICE } from '../parties.ts'
import { desk, REDEEM } from '../service-rig.ts'
import { ecPair, jws, type Members, type Pair } from '../spec/jws-fixture.ts'

export type Door = {
  kind: Kind
  profile: Profile
  now: () => number
  /** The genuine signer's key; `kid` where the object of this door says one. */
  key: Pair
  kid: string | undefined
  /** The claims of a good object here and now, but for those given. */
  claims: (changed?: Members) => Members
  /** Makes other keys the signer's: its whole key set, which may be kept so long, or, where `cnf` names the key, the first. */
  publish: (keys: unknown[], maxAgeSeconds?: number) => void
  pass: (seconds: number) => void
  /** Shows an object, for the one thing that the genuine signer may have. */
  present: (jwt: string) => Promise<Response>
  /** Shows an object for something that has not been had yet: gives its status. */
  taken: (jwt: string) => Promise<number>
  /** What must be true beside the refusals: nothing was minted, recorded or ended. */
  untouched: () => Promise<void>
  /** What a bad object is answered. */
  refusal: [number, string]
  /** Every call that went to somebody else than the genuine signer. */
  strays: () => string[]
  /** How often the signer's keys were fetched. */
  keyFetches: () => number
}
/** `ids` are the requirements that a rule of signed objects has here, by its subject. */
export type Place = { at: string; named: 'kid' | 'cnf'; ids: Partial<Record<Subject, string>>; open: (profile?: Profile) => Promise<Door> }
type Subject = 'alg' | 'crit' | 'key' | 'kid' | 'kind' | 'aud' | 'iss' | 'exp' | 'iat' | 'jti'

const KID = 'k1'
const KEPT_SECONDS = 10
const LONG = { pass_seconds: 3600, authorization_seconds: 86_400 }
const UNHURRIED = { limits: { scope_requests_per_minute: 100_000, redemptions_per_minute: 100_000 } }

export const typOf = (kind: Kind, profile: Profile): string => (profile === 'hardened' ? `agentpass-${kind}+jwt` : 'JWT')
/** The header of a good object here, but for the members given. */
export const header = ({ kind, profile, kid }: Door, changed: Members = {}): Members => ({
  ...{ alg: 'ES256', typ: typOf(kind, profile), ...(kid && { kid }) },
  ...changed,
})
/** A good object here, but for what is changed. */
export const good = (door: Door, claims: Members = {}, head: Members = {}): string => jws(header(door, head), door.claims(claims), { key: door.key })

/** Makes other keys the signer's, and lets what was kept of the old ones be forgotten. */
export function replaceKeys(door: Door, ...keys: unknown[]): void {
  door.publish(keys)
  door.pass(KEPT_SECONDS + 1)
}

/** Each object is refused here in the safe way; then the genuine one still gets what it is for, and nobody else was ever called. */
export async function expectRefused(door: Door, hostile: Record<string, string>): Promise<void> {
  for (const [name, jwt] of Object.entries(hostile)) expect(await refusal(await door.present(jwt)), name).toEqual(door.refusal)
  await expectSound(door)
}

/** After whatever happened: nothing came of it, nobody else was called, and the genuine object still gets what it is for. */
export async function expectSound(door: Door): Promise<void> {
  await door.untouched()
  expect(door.strays()).toEqual([])
  expect((await door.present(good(door))).status).toBeLessThan(300)
}

async function atAuthority(profile: Profile, step: 'validate' | 'check' | 'close'): Promise<Door> {
  const w = await authorityWorld({ ...APPROVING, profile, lifetimes: LONG })
  const { key, origin } = w.desk
  const publish: Door['publish'] = (keys, maxAgeSeconds = KEPT_SECONDS) => {
    w.desk.pages.keys = () => json({ keys }, 200, { 'cache-control': `max-age=${maxAgeSeconds}` })
  }
  publish([{ ...key.jwk, kid: KID }])
  const claims = (changed: Members = {}) => w.desk.claims(changed)
  const bearer = () => w.desk.bearer({}, { typ: typOf('service-assertion', profile) })
  const { value } = await w.approved()
  const open = async () => z.object({ authorization_id: z.string() }).parse(await (await w.validate((await w.approved()).value, bearer())).json())
  const { authorization_id: id } = await open()
  const { authorization_id: spare } = await open()
  const show = (jwt: string, mine: boolean, pass = value) => {
    if (step === 'validate') return w.validate(pass, `Bearer ${jwt}`)
    return w[step](mine ? id : spare, `Bearer ${jwt}`)
  }
  return {
    ...{ kind: 'service-assertion', profile, now: w.now, key, kid: KID, claims, refusal: [401, 'invalid_assertion'] },
    ...{ publish, pass: w.pass },
    present: async (jwt) => show(jwt, true),
    taken: async (jwt) => (await show(jwt, false, step === 'validate' ? (await w.approved()).value : undefined)).status,
    untouched: async () => expect((await w.check(id, bearer())).status).toBe(200),
    strays: () => w.calls.filter(({ url }) => !url.startsWith(`${origin}/`)).map(({ url }) => url),
    keyFetches: () => w.desk.fetches('keys'),
  }
}

async function atTheDesk(profile: Profile, step: 'scopes' | 'redeem'): Promise<Door> {
  const d = await desk({ profile, settings: UNHURRIED })
  d.enterprise.publish('acme.example')
  const key = ecPair('P-256')
  const isProof = step === 'redeem'
  const publish: Door['publish'] = (keys, maxAgeSeconds = KEPT_SECONDS) => {
    d.enterprise.answers.jwks = () => json({ keys }, 200, { 'cache-control': `max-age=${maxAgeSeconds}` })
    d.enterprise.answers.validate = async () => json(d.enterprise.validation({ cnf: { jwk: keys[0] } }))
  }
  publish([{ ...key.jwk, ...(!isProof && { kid: KID }) }])
  const common = () => ({ aud: SERVICE, iat: d.now(), exp: d.now() + 60, jti: crypto.randomUUID() })
  const proving = { iss: 'harness-1', htm: 'POST', htu: `${SERVICE}${REDEEM}`, aph: createHash('sha256').update('pass-1').digest('base64url') }
  const present = (jwt: string) => (isProof ? d.redeem({ harness_proof: { jwt } }) : d.scopes(jwt))
  return {
    ...{ kind: isProof ? 'holder-proof' : 'authority-assertion', profile, now: d.now, key, kid: isProof ? undefined : KID, present },
    claims: (changed = {}) => ({ ...(isProof ? proving : { iss: ACME }), ...common(), ...changed }),
    refusal: [401, isProof ? 'invalid_proof' : 'invalid_assertion'],
    ...{ publish, pass: d.pass },
    taken: async (jwt) => (await present(jwt)).status,
    untouched: async () => {
      expect(await d.database().read.selectFrom('credential').select('digest').execute()).toEqual([])
      expect(d.enterprise.asked('close')).toHaveLength(d.enterprise.asked('validate').length) // what was opened was closed
    },
    strays: () => d.net.calls.filter(({ url }) => !url.startsWith(`${ACME}/`)).map(({ url }) => url),
    keyFetches: () => d.enterprise.asked('jwks.json').length,
  }
}

async function atIssuance(profile: Profile): Promise<Door> {
  const w = await authorityWorld({ profile })
  const key = ecPair('P-256')
  let jwk: unknown = key.jwk
  const present = (jwt: string) => w.issue(message({ harness: { id: HARNESS, cnf: { jwk } }, task: { ...TASK, attestation: { jwt } } }))
  const hash = createHash('sha256').update(TASK.description).digest('hex')
  return {
    ...{ kind: 'task-attestation', profile, now: w.now, key, kid: undefined, present, refusal: [401, 'invalid_attestation'] },
    claims: (changed = {}) => ({
      ...{ iss: HARNESS, task_id: TASK.id, task_description_hash: hash, iat: w.now(), exp: w.now() + 300 },
      ...changed,
    }),
    publish: ([first]) => {
      jwk = first
    },
    pass: w.pass,
    taken: async (jwt) => (await present(jwt)).status,
    untouched: async () => {
      expect(await (await w.manage('/requests')).json()).toEqual({ requests: [] })
      expect(w.desk.asked).toEqual([]) // no Service is asked on the word of a bad attestation
    },
    strays: () => w.calls.filter(({ url }) => !url.startsWith(`${w.desk.origin}/`)).map(({ url }) => url),
    keyFetches: () => 0,
  }
}

const authorityIds = {
  alg: 'AUTH-ASRT-12',
  crit: 'AUTH-ASRT-11',
  key: 'AUTH-ASRT-13',
  kid: 'AUTH-ASRT-17',
  kind: 'AUTH-ASRT-14',
  aud: 'AUTH-ASRT-06',
}
const scopesIds = { alg: 'SVC-SCD-10', crit: 'SVC-SCD-10', key: 'SVC-SCD-10', kind: 'SVC-SCD-10', aud: 'SVC-SCD-03', iss: 'SVC-SCD-06' }
const proofIds = { alg: 'SVC-HB-13', crit: 'SVC-HB-13', key: 'SVC-HB-01', kind: 'SVC-HB-13', aud: 'SVC-HB-04', iss: 'SVC-HB-11' }
const taskIds = { alg: 'AUTH-TATT-02', key: 'AUTH-TATT-02', iss: 'AUTH-TATT-05' }

export const ASSERTED: Place[] = [
  { at: 'validation', named: 'kid', ids: authorityIds, open: (profile = 'core-0.1') => atAuthority(profile, 'validate') },
  { at: 'the check', named: 'kid', ids: authorityIds, open: (profile = 'core-0.1') => atAuthority(profile, 'check') },
  { at: 'the close', named: 'kid', ids: authorityIds, open: (profile = 'core-0.1') => atAuthority(profile, 'close') },
  { at: 'scope discovery', named: 'kid', ids: scopesIds, open: (profile = 'core-0.1') => atTheDesk(profile, 'scopes') },
]
export const PROOF: Place = { at: 'redemption', named: 'cnf', ids: proofIds, open: (profile = 'core-0.1') => atTheDesk(profile, 'redeem') }
export const TASK_ATTESTATION: Place = { at: 'issuance', named: 'cnf', ids: taskIds, open: (profile = 'core-0.1') => atIssuance(profile) }
export const EVERYWHERE: Place[] = [...ASSERTED, PROOF, TASK_ATTESTATION]
export const named = (places: Place[]): [string, Place][] => places.map((place) => [place.at, place])
/** Rows for `test.each`: where, with the requirement that is shown there, and the place. */
export const rows = (places: Place[], subject: Subject): [string, string, Place][] =>
  places.map((place) => [place.at, place.ids[subject] ? ` [${place.ids[subject]}]` : '', place])
