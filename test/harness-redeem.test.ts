import { createHash } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { BearerTokenRedemption } from '../spec/wire/redemption.ts'
import {
  ACME,
  answer,
  authorityDocument,
  DESK,
  HARNESS,
  type HarnessRig,
  harnessRig,
  PASS,
  refusal,
  serviceDocument,
  TOKEN,
  USER,
} from './harness-rig.ts'

const REDEEM = `${DESK}/redeem/bearer`
const redeemed = (h: HarnessRig) => h.posted(REDEEM)
const proofOf = (h: HarnessRig, index = 0): string => redeemed(h)[index].harness_proof.jwt

test('the pass is redeemed once, at the endpoint of its type, with authority and user [HAR-RED-01]', async () => {
  const h = harnessRig()
  await h.acquire()
  expect(h.callsTo(DESK).filter((call) => call.includes('/redeem/'))).toEqual(['POST /redeem/bearer'])
  const { harness_proof: _, ...body } = redeemed(h)[0]
  expect(body).toEqual({ agentpass: { type: 'bearer_token', value: PASS }, authority: ACME, user: { email: USER } })
  expect(BearerTokenRedemption.safeParse(redeemed(h)[0]).success).toBe(true)
})

test('the authority is named by its identifier, not by its URL [HAR-RED-02]', async () => {
  const h = harnessRig()
  const authority = 'https://issuer.acme.example/agents'
  h.service.resolve = answer({ enterprise_authority: { authority, authority_configuration_url: `${ACME}/configuration` } })
  h.authority.configuration = answer(authorityDocument(ACME, { authority }))
  expect(await h.acquire()).toMatchObject({ authority })
  expect(redeemed(h)[0].authority).toBe(authority)
})

test('a proof of the bound key comes with the pass [HAR-RED-03]', async () => {
  const h = harnessRig()
  await h.acquire()
  const { jwk } = h.posted(`${ACME}/some/where/issue`)[0].harness.cnf
  await expect(jwtVerify(proofOf(h), await importJWK(jwk, 'ES256'), { currentDate: new Date(h.now() * 1000) })).resolves.toBeTruthy()
  expect(decodeProtectedHeader(proofOf(h))).toEqual({ alg: 'ES256', typ: 'JWT' })
})

test('the proof is of this harness, for this service, endpoint and pass, and short-lived [HAR-RED-04, HAR-RED-05]', async () => {
  const h = harnessRig()
  await h.acquire()
  expect(decodeJwt(proofOf(h))).toEqual({
    ...{ iss: HARNESS, aud: DESK, iat: h.now(), exp: h.now() + 60, jti: expect.stringMatching(/^[\w-]{22}$/) },
    ...{ htm: 'POST', htu: REDEEM, aph: createHash('sha256').update(PASS).digest('base64url') },
  })
})

test('every redemption has a proof of its own [HAR-RED-05]', async () => {
  const h = harnessRig()
  h.service.redeem = refusal(503)
  await h.failure()
  await h.failure()
  expect(decodeJwt(proofOf(h, 0)).jti).not.toBe(decodeJwt(proofOf(h, 1)).jti)
})

test.each(['bearer_token', 'browser_session'])('a refusal that quotes pass or proof is told by its status alone: %s', async (type) => {
  const h = harnessRig()
  const endpoint = type === 'bearer_token' ? REDEEM : `${DESK}/redeem/browser`
  const quotes = [({ agentpass }: any) => agentpass.value, ({ harness_proof }: any) => harness_proof.jwt]
  for (const quote of quotes) {
    h.service.redeem = h.service.redeemSession = () => refusal(409, 'already_consumed', `not ${quote(h.posted(endpoint).at(-1))} again`)()
    const failed = type === 'bearer_token' ? h.failure() : h.acquireBrowserSession().catch((failure) => failure)
    expect(await failed).toMatchObject({ name: 'TripFailure', step: 'redeem', message: 'answered 409', hint: expect.stringContaining('used up') })
  }
})

test('a narrower scope is asked for at redemption, and only where it was wanted [HAR-RED-06]', async () => {
  const h = harnessRig()
  await h.acquire({ scope: ['tickets:read'] })
  await h.acquire()
  expect(redeemed(h)[0].requested_scope).toEqual(['tickets:read'])
  expect(redeemed(h)[1]).not.toHaveProperty('requested_scope')
})

test.each([400, 401, 403, 404, 409, 422, 429, 500, 503])('%i at redemption is final: the pass is never sent again [HAR-RED-07]', async (status) => {
  const h = harnessRig()
  h.service.redeem = refusal(status)
  expect(await h.failure()).toMatchObject({ step: 'redeem', peer: DESK })
  expect(redeemed(h)).toHaveLength(1)
})

test('a lost answer is final, too: the pass may be spent [HAR-RED-07]', async () => {
  const h = harnessRig()
  const fetch: typeof h.fetch = async (url, init) => {
    const response = await h.fetch(url, init)
    if (url === REDEEM) throw new TypeError('connection reset')
    return response
  }
  expect(await h.failure({ fetch })).toMatchObject({ step: 'redeem', message: 'no usable answer: connection reset' })
  expect(redeemed(h)).toHaveLength(1)
})

test('the pass goes to no other host, whatever the service answers [HAR-RED-08]', async () => {
  const h = harnessRig()
  h.addAuthority('https://evil.example')
  h.service.redeem = () => new Response(null, { status: 307, headers: { location: 'https://evil.example/configuration' } })
  expect(await h.failure()).toMatchObject({ step: 'redeem' })
  expect(h.callsTo('https://evil.example')).toEqual([])
  expect(h.calls.filter(({ body }) => body.includes(PASS)).map(({ url }) => url)).toEqual([REDEEM])
})

test('the endpoint is the one of the configuration, also on another host [HAR-RED-01]', async () => {
  const h = harnessRig()
  const endpoints = { ...serviceDocument().endpoints, redeem_bearer_token: 'https://api.desk.example/take' }
  h.service.configuration = answer(serviceDocument({ endpoints }))
  await h.failure()
  expect(decodeJwt(JSON.parse(h.calls.at(-1)!.body).harness_proof.jwt)).toMatchObject({ aud: DESK, htu: 'https://api.desk.example/take' })
  expect(h.calls.at(-1)!.url).toBe('https://api.desk.example/take')
})

test('scope and lifetime are used where the service says them, and not missed where it does not [HAR-TOK-02]', async () => {
  const h = harnessRig()
  h.service.redeem = answer({ bearer_token: TOKEN, scope: ['tickets:read'], expires_in: 59.9, token_type: 'Bearer' })
  expect(await h.acquire()).toMatchObject({ scope: ['tickets:read'], expiresAt: h.now() + 59 })
  h.service.redeem = answer({ bearer_token: TOKEN })
  expect(await h.acquire()).toMatchObject({ token: TOKEN, scope: undefined, expiresAt: undefined })
})

test.each([{}, { bearer_token: '' }, { bearer_token: 7 }, { bearer_token: 'a b' }, { bearer_token: 'a\nhost: evil' }, { bearer_token: 'ä' }])(
  'an answer without a token that can be used is a failure, and not shown: %j [HAR-TOK-01]',
  async (grant) => {
    const h = harnessRig()
    h.service.redeem = answer(grant)
    const failure = await h.failure()
    expect(failure).toMatchObject({ step: 'redeem', peer: DESK })
    expect(failure.message).not.toContain('evil')
  },
)
