/** In `core-0.1` a peer is held to what it says, of the hardening revision too, and to nothing that it does not say. */
import { expect, test } from 'vitest'
import { endTask } from '../harness/revoke.ts'
import type { MessageName } from './draft-difference.ts'
import { ELSEWHERE, HABITS } from './draft-habits.ts'
import { APP, DRAFT, type Flow, peers, refusalsOf } from './draft-rig.ts'
import type { Says } from './draft-tap.ts'
import { AUTHORITY, SERVICE } from './parties.ts'
import type { Members } from './spec/jws-fixture.ts'

const FLOWS: Flow[] = ['bearer token', 'browser session']

test.each(Object.keys(HABITS))('of a peer that knows the published draft alone, %s is good enough', async (name) => {
  const { by, says } = HABITS[name]!
  const w = await peers({ Harness: { isAttested: true }, says })
  w.host(ELSEWHERE, w.site(w.authority.app))
  w.speech.lacks[by] = DRAFT
  for (const flow of FLOWS) expect(await refusalsOf(w, flow)).toEqual([])
  for (const message of Object.keys(says)) expect(w.count(message)).toBeGreaterThan(0)
})

test('who is attested under another name goes by that name', async () => {
  const { says } = HABITS['a harness attestation of another name']!
  const w = await peers({ Harness: { lacks: DRAFT, isAttested: true }, says })
  const answer = await (await w.trip('bearer token')).act()
  expect(await answer.json()).toMatchObject({ headers: { 'agentpass-agent': 'runner-7f3c' } })
})

const REDEEM = 'POST /agentpass/redeem/bearer-token'
const RESOLVE = 'POST /agentpass/resolve-authorities'
const SCOPES = 'POST /agentpass/available-scopes'
const ends = (message: 'validation answer' | 'check answer', authorization_expires_at: unknown): Says => ({
  [message]: (answer: Members) => ({ ...answer, authorization_expires_at }),
})
const kind = (message: MessageName, typ: string): Says => ({ [message]: (object: Members) => ({ ...object, typ }) })
const claim = (message: MessageName, claims: Members): Says => ({ [message]: (object: Members) => ({ ...object, ...claims }) })
const served = (message: MessageName, type: string): Says => ({ [message]: (members: Members) => ({ ...members, 'Content-Type': type }) })
const endpoint = (message: MessageName, name: string, url: unknown): Says => ({
  [message]: (document: Members) => ({ ...document, endpoints: { ...Object(document.endpoints), [name]: url } }),
})
const STARTED = '2023-11-14T22:13:20Z' // the tests' clock, which has gone on since
const invalidProof = [REDEEM, 401, 'invalid_proof'] as const
const invalidAttestation = ['POST /issuance', 401, 'invalid_attestation'] as const

/** Elements beyond the published draft that are said, and wrong, and the first refusal that meets them. */
const WRONG: Record<string, { says: Says; refused: readonly [at: string, status: number, code: string]; flow?: Flow }> = {
  'htm of another method': { says: claim('holder proof', { htm: 'GET' }), refused: invalidProof },
  'htu of the other endpoint': { says: claim('holder proof', { htu: `${SERVICE}/agentpass/redeem/browser-session` }), refused: invalidProof },
  'htu of another Service': { says: claim('holder proof', { htu: 'https://other.example/agentpass/redeem/bearer-token' }), refused: invalidProof },
  'aph of another pass': { says: claim('holder proof', { aph: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU' }), refused: invalidProof },
  'aph that is no text': { says: claim('holder proof', { aph: ['47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'] }), refused: invalidProof },
  'a proof of another kind': { says: kind('holder proof', 'agentpass-task-attestation+jwt'), refused: invalidProof },
  'a task attestation of another kind': { says: kind('task attestation', 'agentpass-holder-proof+jwt'), refused: invalidAttestation },
  'a harness attestation of another kind': { says: kind('harness attestation', 'agentpass-holder-proof+jwt'), refused: invalidAttestation },
  'an assertion of another kind': {
    says: kind('service assertion', 'agentpass-authority-assertion+jwt'),
    refused: ['POST /validate', 401, 'invalid_assertion'],
  },
  'an assertion of an Authority of another kind': {
    says: kind('authority assertion', 'agentpass-service-assertion+jwt'),
    refused: [SCOPES, 401, 'invalid_assertion'],
  },
  'an assertion with claims of a proof': {
    says: claim('service assertion', { htm: 'POST' }),
    refused: ['POST /validate', 401, 'invalid_assertion'],
  },
  'a jti that is no text': { says: claim('service assertion', { jti: 7 }), refused: ['POST /validate', 401, 'invalid_assertion'] },
  'an end of the authorization in the past': { says: ends('validation answer', STARTED), refused: [REDEEM, 502, 'authority_unavailable'] },
  'an end of the authorization that is no time': { says: ends('validation answer', 'soon'), refused: [REDEEM, 502, 'authority_unavailable'] },
  'a check with an end in the past': { says: ends('check answer', STARTED), refused: [APP, 401, 'invalid_token'] },
  'a check with an end that is no time': { says: ends('check answer', 1_700_000_600), refused: [APP, 502, 'authority_unavailable'] },
  'an address to close at that is not https': {
    says: endpoint('Authority configuration', 'authorization_close', `${AUTHORITY.replace('https', 'http')}/authorization/close`),
    refused: [RESOLVE, 502, 'configuration_invalid'],
  },
  'an address to close at that is none': {
    says: endpoint('Authority configuration', 'authorization_close', null),
    refused: [RESOLVE, 502, 'configuration_invalid'],
  },
  'an address to give back to that is not https': {
    says: endpoint('Service configuration', 'revoke', 'http://desk.example/agentpass/revoke'),
    refused: ['Harness', 502, 'configuration_invalid'],
  },
  'a message of another media type': { says: served('issuance request', 'text/plain'), refused: ['POST /issuance', 415, 'unsupported_media_type'] },
  'a message in another charset': {
    says: served('validation request', 'application/json; charset=utf-16'),
    refused: ['POST /validate', 415, 'unsupported_media_type'],
  },
  'ways to begin a session that are no list': {
    says: { 'browser redemption': (request) => ({ ...request, initialization_methods: 'POST' }) },
    refused: ['POST /agentpass/redeem/browser-session', 400, 'malformed_request'],
    flow: 'browser session',
  },
}

test.each(Object.keys(WRONG))(
  'core-0.1 does not believe %s, where it is said; a peer that says nothing of it, or what is so, works',
  async (name) => {
    const { says, refused, flow } = WRONG[name]!
    const [at, status, code] = refused
    const w = await peers({ Harness: { isAttested: true }, says })
    expect((await refusalsOf(w, flow))[0]).toEqual({ at, status, code, message: expect.any(String) })
    w.speech.says = {}
    w.pass(301) // what is kept of a document is kept for five minutes
    for (const lacks of [[], DRAFT]) {
      w.speech.lacks = { Harness: lacks, Service: lacks, Authority: lacks }
      expect(await refusalsOf(w, flow)).toEqual([])
    }
  },
)

test('what only a proof that was not believed would have bought is not spent', async () => {
  for (const name of ['htm of another method', 'htu of the other endpoint', 'aph of another pass', 'a proof of another kind']) {
    const w = await peers({ says: WRONG[name]!.says })
    expect(await refusalsOf(w)).toHaveLength(1)
    expect(w.count('validation request')).toBe(0)
  }
})

test('a jti that was seen before closes nothing; another one, or none at all, does [AUTH-ASRT-16]', async () => {
  const w = await peers()
  const closed = async (jti: string | undefined): Promise<unknown> => {
    const held = await w.trip('bearer token')
    expect((await held.act()).status).toBe(200)
    w.speech.says = { 'service assertion': (assertion) => ({ ...assertion, jti }) }
    await endTask(w, { service: SERVICE, ...held })
    w.speech.says = {}
    return w.state()
  }
  expect(await closed('once')).toBe('completed')
  expect(await closed('once')).toBe('active')
  expect(w.refused).toMatchObject([{ at: 'POST /authorization/close', status: 401, code: 'invalid_assertion' }])
  expect(await closed('twice')).toBe('completed')
  expect(await closed(undefined)).toBe('completed')
  expect(await closed(undefined)).toBe('completed')
})
