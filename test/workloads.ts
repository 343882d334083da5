/** Workload identity providers played by hand: the tokens of a CI job, a pod and a SPIFFE workload, as the real ones look. */
import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { type AuthorityWorld, authorityWorld, HARNESS, message, refusal } from './authority-rig.ts'
import { AUTHORITY } from './parties.ts'
import { ecPair, jws, type Members, type Pair, rsaPair } from './spec/jws-fixture.ts'
import { HOLDER } from './vendor.ts'

export const GITHUB = 'https://token.actions.githubusercontent.com'
export const CLUSTER = 'https://kubernetes.default.svc.cluster.local'
export const TRUST_DOMAIN = 'spiffe://acme.example'
export const KEYS = { github: rsaPair(), cluster: rsaPair(), spire: ecPair('P-384') }

/** RFC 7638, by hand. */
const thumbprintOf = ({ crv, kty, x, y }: Members): string => createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
/** Whom a token is for that attests a key here. */
export const audienceOf = (jwk: Members = HOLDER.jwk, authority: string = AUTHORITY): string => `${authority}#jkt=${thumbprintOf(jwk)}`

export type Workload = {
  /** How an Authority's settings pin the provider. */
  pin: { issuer: string; keys: Members[]; subjects: string[] }
  signer: { key: Pair; algorithm: string }
  header: Members
  claims: (now: number) => Members & { sub: string }
}

const pinned = (issuer: string, key: Pair, ...subjects: string[]) => ({ issuer, keys: [{ ...key.jwk, kid: 'k1', use: 'sig' }], subjects })
const soon = (now: number) => ({ iat: now, exp: now + 300 })

export const WORKLOADS: Record<'GitHub Actions' | 'Kubernetes' | 'SPIFFE', Workload> = {
  'GitHub Actions': {
    pin: pinned(GITHUB, KEYS.github, 'repo:acme/desk:ref:refs/heads/main'),
    signer: { key: KEYS.github, algorithm: 'RS256' },
    header: { typ: 'JWT', alg: 'RS256', x5t: 'eBZ_cn3sXYAd0ch4THBKHIgOwOE', kid: 'k1' },
    claims: (now) => ({
      ...{ jti: '5f1c2ab8-3d4e-4e9a-9f0c-0f5c8f0a7d11', sub: 'repo:acme/desk:ref:refs/heads/main', aud: audienceOf() },
      ...{ ref: 'refs/heads/main', sha: '6dcb09b5b57875f334f61aebed695e2e4193db5e', repository: 'acme/desk', repository_owner: 'acme' },
      ...{ repository_owner_id: '65', repository_id: '74', repository_visibility: 'private', run_id: '9201', run_number: '10', run_attempt: '2' },
      ...{
        actor: 'ada',
        actor_id: '12',
        workflow: 'agents',
        head_ref: '',
        base_ref: '',
        event_name: 'push',
        ref_type: 'branch',
        ref_protected: 'true',
      },
      ...{ job_workflow_ref: 'acme/desk/.github/workflows/agents.yml@refs/heads/main', runner_environment: 'github-hosted' },
      ...{ workflow_ref: 'acme/desk/.github/workflows/agents.yml@refs/heads/main', iss: GITHUB, nbf: now - 600, ...soon(now) },
    }),
  },
  Kubernetes: {
    pin: pinned(CLUSTER, KEYS.cluster, 'system:serviceaccount:agents:*'),
    signer: { key: KEYS.cluster, algorithm: 'RS256' },
    header: { alg: 'RS256', kid: 'k1' },
    claims: (now) => ({
      ...{ aud: [audienceOf()], iss: CLUSTER, sub: 'system:serviceaccount:agents:desk-bot', jti: 'c81a8d2e-6f7c-4a5b-8d53-2f2b6f2a1c90' },
      'kubernetes.io': {
        namespace: 'agents',
        node: { name: 'worker-1', uid: '40e9bd7f-5a73-4b7b-9e2e-1f6d3a0c7b5e' },
        pod: { name: 'desk-bot-7d9c', uid: '1b2e7a64-8f43-4c0d-a1f9-5e7d9b3c2a10' },
        serviceaccount: { name: 'desk-bot', uid: '6a4f0d1b-3c2e-4b8a-9d7f-0e1c5b6a7f82' },
      },
      ...{ iat: now, nbf: now, exp: now + 600 },
    }),
  },
  SPIFFE: {
    pin: pinned(TRUST_DOMAIN, KEYS.spire, 'spiffe://acme.example/agent/*'),
    signer: { key: KEYS.spire, algorithm: 'ES384' },
    header: { alg: 'ES384', kid: 'k1', typ: 'JWT' },
    claims: (now) => ({ aud: [audienceOf()], sub: 'spiffe://acme.example/agent/build', ...soon(now) }),
  },
}
export const [CI, POD, SVID] = [WORKLOADS['GitHub Actions'], WORKLOADS.Kubernetes, WORKLOADS.SPIFFE]

/** Settings that pin all three, or those given. */
export const pinning = (...pins: object[]) => ({
  attestation: { workloads: pins.length > 0 ? pins : Object.values(WORKLOADS).map(({ pin }) => pin) },
})

type Clock = { now: () => number }
export type Change = { claims?: Members; header?: Members; signer?: Workload['signer']; harness?: Members }

/** A good token of a workload, but for what is given; a claim that is undefined is left out. */
export const tokenOf = (w: Clock, { claims, header, signer }: Workload, change: Change = {}): string =>
  jws({ ...header, ...change.header }, { ...claims(w.now()), ...change.claims }, change.signer ?? signer)

/** The members of a request by a Harness that is this workload. */
export const workloadOf = (w: Clock, workload: Workload, change: Change = {}) => asking(tokenOf(w, workload, change), change.harness)
export const asking = (jwt: string, harness: Members = {}) => ({
  harness: { id: HARNESS, cnf: { jwk: HOLDER.jwk }, attestation: { jwt }, ...harness },
})

/** Each is refused, nobody is asked, nothing is recorded; and the good token is admitted afterwards. */
export async function expectRefused(hostile: (w: AuthorityWorld) => Record<string, string>, workload: Workload = CI, settings: object = pinning()) {
  const w = await authorityWorld(settings)
  for (const [name, jwt] of Object.entries(hostile(w)))
    expect(await refusal(await w.issue(message(asking(jwt)))), name).toEqual([401, 'invalid_attestation'])
  expect([w.calls, w.lookups, await (await w.manage('/requests')).json()]).toEqual([[], [], { requests: [] }])
  expect((await w.show((await w.requested(workloadOf(w, workload))).id)).shown).toMatchObject({ harness: { tier: 'attested' } })
}

/** The same of good tokens but for what is changed, each by its name; or of claims alone. */
export const changed = (changes: (w: AuthorityWorld) => Record<string, Change>, workload: Workload = CI) =>
  expectRefused((w) => Object.fromEntries(Object.entries(changes(w)).map(([name, change]) => [name, tokenOf(w, workload, change)])), workload)
export const claiming = (of: Record<string, Members>) => () => Object.fromEntries(Object.entries(of).map(([name, claims]) => [name, { claims }]))
