/** What each of our parties demands of its peers in `hardened`: a peer that lacks it is told so, and with it everything works. */
import { expect, test } from 'vitest'
import { endTask } from '../harness/revoke.ts'
import { DEMANDS } from './draft-demands.ts'
import type { Party } from './draft-difference.ts'
import { DRAFT, type Flow, type Peers, peers, refusalsOf } from './draft-rig.ts'
import type { Says } from './draft-tap.ts'
import { SERVICE } from './parties.ts'
import type { Members } from './spec/jws-fixture.ts'

/** What a Service of the published draft does not know of the beginning of a browser session. */
const DRAFT_GRANT = ['browser redemption: initialization_methods']
const PARTIES: Party[] = ['Harness', 'Service', 'Authority']
const PAIRS = PARTIES.flatMap((party) => [[party, 'bearer token'] as const, [party, 'browser session'] as const])

const ofKind = (kind: string) => (members: Members) => ({ ...members, typ: `agentpass-${kind}+jwt` })

const HARDENED = { profile: 'hardened' } as const
const hardened = () => peers({ Harness: { ...HARDENED, isAttested: true }, Service: HARDENED, Authority: HARDENED })

async function works(w: Peers, flow: Flow = 'bearer token', says: Says = {}): Promise<void> {
  w.speech.lacks = {}
  w.speech.says = says
  w.pass(301) // what is kept of a document is kept for five minutes
  expect(await refusalsOf(w, flow)).toEqual([])
}

test.each(Object.keys(DEMANDS))('hardened demands %s: a peer without is told so, and one that has it works', async (name) => {
  const { by, lacks, says = {}, refused } = DEMANDS[name]!
  const [at, status, code, words] = refused
  const w = await hardened()
  if (lacks) w.speech.lacks[by] = [lacks]
  w.speech.says = says
  const [first] = await refusalsOf(w)
  expect(first).toEqual({ at, status, code, message: expect.stringMatching(words) })
  if (by === 'Harness') expect(w.count('validation request')).toBe(0) // no pass is spent
  await works(w)
})

test('so does an Authority of the configuration of a Service, and a Harness of that of an Authority', async () => {
  const kinds = { 'task attestation': ofKind('task-attestation'), 'service assertion': ofKind('service-assertion') }
  for (const [wanted, by, at] of [
    [{ Authority: HARDENED }, 'Service', 'POST /issuance'],
    [{ Harness: HARDENED }, 'Authority', 'Harness'],
  ] as const) {
    const w = await peers({ ...wanted, says: kinds })
    w.speech.lacks[by] = [`${by} configuration: Content-Type`]
    expect((await refusalsOf(w))[0]).toEqual({ at, status: 502, code: 'configuration_invalid', message: expect.stringMatching(/not served as JSON/) })
    await works(w, 'bearer token', kinds)
  }
})

test('hardened demands jti of a close: without, the authorization stays, and with it the end of a task is told', async () => {
  for (const [lacks, state] of [[['service assertion: jti'], 'active'] as const, [[], 'completed'] as const]) {
    const w = await hardened()
    w.speech.lacks = { Service: [...lacks] }
    const held = await w.trip('bearer token')
    expect((await held.act()).status).toBe(200)
    expect(await endTask(w, { service: SERVICE, ...held })).toBe(true)
    expect(await w.state()).toBe(state)
    const refused = { at: 'POST /authorization/close', status: 401, code: 'invalid_assertion', message: expect.stringMatching(/jti/) }
    expect(w.refused).toEqual(state === 'active' ? [refused] : [])
    expect((await held.act()).status).toBe(401)
  }
})

test('a hardened Service puts no token into a URL, also where a Harness does not say that it can do otherwise [SVC-BRW-15]', async () => {
  const w = await hardened()
  w.speech.lacks.Harness = ['browser redemption: initialization_methods']
  expect(await refusalsOf(w, 'browser session')).toEqual([])
  const grant = w.heard.findLast(({ message }) => message === 'browser grant')?.members
  expect(grant).toMatchObject({ initialization_url: expect.stringMatching(/^[^?#]+$/), initialization_request: { method: 'POST' } })
})

test('a hardened Harness begins no session by a URL alone, which a Service of the published draft gives it', async () => {
  const w = await peers({ Harness: HARDENED, Service: { lacks: DRAFT_GRANT } })
  const failure = await w.trip('browser session').catch((failure) => failure)
  expect(failure).toMatchObject({ step: 'redeem', peer: SERVICE, message: expect.stringContaining('initialization_request') })
  await works(w, 'browser session')
})

test.each(PAIRS)(
  'a %s that knows the published draft alone gets no %s where the others are hardened; once it is too, it does',
  async (party, flow) => {
    const w = await hardened()
    w.speech.lacks[party] = DRAFT
    const [refused] = await refusalsOf(w, flow)
    expect(refused?.status).toBe(party === 'Harness' ? 415 : 502)
    await works(w, flow)
  },
)
