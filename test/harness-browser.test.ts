/** Redemption for a browser session, as a library gives it. */
import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { IssuanceRequest } from '../spec/wire/issuance.ts'
import { BrowserSessionRedemption } from '../spec/wire/redemption.ts'
import { ACME, answer, DESK, HARNESS, type HarnessRig, harnessRig, ONE_TIME, PASS, refusal, sessionGrant, TASK, USER } from './harness-rig.ts'

const REDEEM = `${DESK}/redeem/browser`
const failureOf = (trip: Promise<unknown>) => trip.then(() => expect.unreachable('it did not fail')).catch((failure) => failure)
const redemptions = (h: HarnessRig) => h.callsTo(DESK).filter((call) => call.includes('/redeem/'))

test('a browser pass is redeemed once, at the endpoint of its type, with authority, user, proof, and the wish for POST [HAR-RED-01]', async () => {
  const h = harnessRig()
  const { task, ...session } = await h.acquireBrowserSession()
  expect(session).toEqual({
    ...{ service: DESK, user: USER, authority: ACME, revokeUrl: undefined, expiresAt: Date.parse('2023-11-14T22:14:30Z') / 1000 },
    initialization: { url: `${DESK}/initialize`, method: 'POST', fields: { token: ONE_TIME } },
  })
  expect(task.description).toBe(TASK)
  expect(redemptions(h)).toEqual(['POST /redeem/browser'])
  const { harness_proof: proof, ...body } = BrowserSessionRedemption.parse(h.posted(REDEEM)[0])
  const agentpass = { type: 'browser_session', value: PASS }
  expect(body).toEqual({ agentpass, authority: ACME, user: { email: USER }, initialization_methods: ['POST'] })
  const aph = createHash('sha256').update(PASS).digest('base64url')
  expect(decodeJwt(proof!.jwt)).toMatchObject({ iss: HARNESS, aud: DESK, htm: 'POST', htu: REDEEM, aph })
})

test('the destination goes to the authority for a browser session, where it is known, and never for a token [HAR-ISS-05]', async () => {
  const h = harnessRig()
  const destination = `${DESK}/tickets/17#reply`
  await h.acquire({ destination })
  await h.acquireBrowserSession({ destination })
  await h.acquireBrowserSession()
  const asked = h.posted(`${ACME}/some/where/issue`).map((body) => IssuanceRequest.parse(body))
  expect(asked.map(({ type, intent }) => [type, intent])).toEqual([
    ['bearer_token', undefined],
    ['browser_session', { destination_url: destination }],
    ['browser_session', undefined],
  ])
})

test('acquiring loads nothing of the session: that is for the browser, once [HAR-BRW-01]', async () => {
  const h = harnessRig()
  await h.acquireBrowserSession()
  expect(h.callsTo(DESK).filter((call) => call.includes('/initialize'))).toEqual([])
})

test.each([
  ['no initialization request', {}, 'GET', {}],
  ['GET', { initialization_request: { method: 'GET', form_fields: { token: ONE_TIME } } }, 'GET', {}],
  ['no method', { initialization_request: { form_fields: { token: ONE_TIME } } }, 'GET', {}],
  ['POST without fields', { initialization_request: { method: 'POST' } }, 'POST', {}],
])('%s says how the session begins, and no field goes into the URL [HAR-BRW-03]', async (_, request, method, fields) => {
  const h = harnessRig()
  h.service.redeemSession = answer({ initialization_url: `${DESK}/initialize?k=v#here`, ...request })
  const { initialization, expiresAt } = await h.acquireBrowserSession()
  expect(initialization).toEqual({ url: `${DESK}/initialize?k=v#here`, method, fields })
  expect(expiresAt).toBe(undefined)
})

test('a session begins at an https URL: on another host in core-0.1, on the service itself in hardened [HAR-BRW-04]', async () => {
  const h = harnessRig()
  for (const url of ['javascript:alert(1)', 'http://desk.example/initialize', 'https://ada@desk.example/', '/initialize', '']) {
    h.service.redeemSession = answer(sessionGrant({ initialization_url: url }))
    expect(await failureOf(h.acquireBrowserSession())).toMatchObject({ name: 'TripFailure', step: 'redeem', peer: DESK })
  }
  h.service.redeemSession = answer(sessionGrant({ initialization_url: 'https://login.example/begin' }))
  expect(await h.acquireBrowserSession()).toMatchObject({ initialization: { url: 'https://login.example/begin' } })
  const refused = await failureOf(h.acquireBrowserSession({ profile: 'hardened' }))
  expect(refused).toMatchObject({ name: 'TripFailure', step: 'redeem', message: 'the browser session begins on another origin than the service' })
  for (const port of [':8443', '']) {
    h.service.redeemSession = answer(sessionGrant({ initialization_url: `${DESK}${port}/initialize` }))
    const ended = await h.acquireBrowserSession({ profile: 'hardened' }).catch(() => 'refused')
    expect(ended === 'refused').toBe(port !== '')
  }
})

test('hardened begins no session by a URL alone, which would carry its token, and loads nothing then', async () => {
  for (const initialization_request of [undefined, {}, { method: 'GET' }, { form_fields: { token: ONE_TIME } }]) {
    const h = harnessRig()
    h.service.redeemSession = answer(sessionGrant({ initialization_url: `${DESK}/initialize?token=${ONE_TIME}`, initialization_request }))
    expect(await h.acquireBrowserSession()).toMatchObject({ initialization: { method: 'GET' } })
    const refused = await failureOf(h.acquireBrowserSession({ profile: 'hardened' }))
    expect(refused).toMatchObject({ name: 'TripFailure', step: 'redeem', message: expect.stringContaining('initialization_request') })
    expect(refused.message + refused.hint).not.toContain(ONE_TIME)
    h.service.redeemSession = answer(sessionGrant())
    expect(await h.acquireBrowserSession({ profile: 'hardened' })).toMatchObject({ initialization: { method: 'POST' } })
    expect(h.callsTo(DESK).filter((call) => call.includes('/initialize'))).toEqual([])
  }
})

test.each<[string, object]>([
  ['no URL', { expires_at: '2023-11-14T22:14:30Z' }],
  ['an unknown method', sessionGrant({ initialization_request: { method: 'PUT', form_fields: { token: ONE_TIME } } })],
  ['fields that are no text', sessionGrant({ initialization_request: { method: 'POST', form_fields: { token: [ONE_TIME] } } })],
  ['an expiry that is no instant', sessionGrant({ expires_at: ONE_TIME })],
])('an answer with %s is a failure that quotes no secret', async (_, grant) => {
  const h = harnessRig()
  h.service.redeemSession = answer(grant)
  const failure = await failureOf(h.acquireBrowserSession())
  expect(failure).toMatchObject({ name: 'TripFailure', step: 'redeem', peer: DESK })
  expect(failure.message + failure.hint).not.toContain(ONE_TIME)
})

test.each([400, 403, 404, 409, 422, 503])(
  '%i at redemption is final, and a new trip has a task and a key of its own [HAR-RED-07 HAR-BRW-02]',
  async (status) => {
    const h = harnessRig()
    h.service.redeemSession = refusal(status)
    expect(await failureOf(h.acquireBrowserSession())).toMatchObject({ step: 'redeem', peer: DESK })
    expect(redemptions(h)).toHaveLength(1)
    h.service.redeemSession = answer(sessionGrant())
    await h.acquireBrowserSession()
    const [first, second] = h.posted(`${ACME}/some/where/issue`)
    expect(first.task.id).not.toBe(second.task.id)
    expect(first.harness.cnf.jwk.x).not.toBe(second.harness.cnf.jwk.x)
  },
)

test('a pass of the other type opens no session [HAR-POLL-05]', async () => {
  const h = harnessRig()
  const trip = h.acquireBrowserSession()
  h.authority.polls = [answer({ id: 'request-1', status: 'approved', agentpass: { type: 'bearer_token', value: PASS } })]
  expect(await failureOf(trip)).toMatchObject({ step: 'approve' })
  expect(redemptions(h)).toEqual([])
})
