/** What a Service in the profile `hardened` demands beyond the published draft; in `core-0.1` all of it is accepted. */
import { expect, test } from 'vitest'
import { ACME, json } from './fake-authority.ts'
import { type Desk, desk, okay, REDEEM, RESOLVE, refusal, SCOPES } from './service-rig.ts'

const TYP = { typ: 'agentpass-authority-assertion+jwt' }
const UNAVAILABLE = [502, 'authority_unavailable']

async function found(profile = 'hardened'): Promise<Desk> {
  const d = await desk({ trust: ['own'], profile })
  d.enterprise.publish('acme.example')
  const ends = () => new Date((d.now() + 300) * 1000).toISOString()
  d.enterprise.answers.check = async () => json({ scope: ['tickets:read', 'tickets:write'], authorization_expires_at: ends() })
  return d
}

test('a body without Content-Type is 415 at every endpoint, and costs no pass', async () => {
  const user = { email: 'ada@acme.example' }
  for (const [profile, outcome] of [['core-0.1', 200] as const, ['hardened', 415] as const]) {
    const d = await found(profile)
    const authorization = `Bearer ${await d.enterprise.sign({}, TYP)}`
    const send = (path: string, body: object) =>
      d.request(path, { method: 'POST', body: new TextEncoder().encode(JSON.stringify(body)), headers: { authorization } })
    expect((await send(RESOLVE, { user })).status).toBe(outcome)
    expect((await send(SCOPES, { user, agent: { id: 'agent-7' } })).status).toBe(outcome)
    expect((await send(REDEEM, d.redemption())).status).toBe(outcome)
    const browser = { agentpass: { type: 'browser_session', value: 'pass-1' } }
    expect((await send('/agentpass/redeem/browser-session', d.redemption(browser))).status).toBe(profile === 'hardened' ? 415 : 422) // the pass is a token's
    expect(d.enterprise.asked('validate')).toHaveLength(profile === 'hardened' ? 0 : 2)
    await okay(await d.redeem())
  }
})

test('an Authority that cannot be told to close is not used, wherever it is named', async () => {
  for (const [profile, outcome] of [['core-0.1', 200] as const, ['hardened', 502] as const]) {
    const d = await found(profile)
    for (const { configuration } of [d.enterprise, d.own])
      configuration.endpoints = { ...(configuration.endpoints as object), authorization_close: undefined }
    expect((await d.resolve()).status).toBe(outcome)
    expect((await d.redeem()).status).toBe(outcome)
    d.own.answers.validate = async () => json(d.own.validation({ user: { email: 'ada@nowhere.example' } }))
    expect((await d.redeem({ authority: d.own.identifier, user: { email: 'ada@nowhere.example' } })).status).toBe(outcome)
    expect(d.own.asked('validate')).toHaveLength(outcome === 200 ? 1 : 0)
  }
})

test('a validation that does not say when the authorization ends is no answer: nothing is minted [SVC-RED-15]', async () => {
  const d = await found()
  const { validate } = d.enterprise.answers
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ authorization_expires_at: undefined }))
  expect(await refusal(await d.redeem())).toEqual(UNAVAILABLE)
  expect(await d.database().read.selectFrom('credential').selectAll().execute()).toEqual([])
  d.enterprise.answers.validate = validate
  await okay(await d.redeem())
})

test('a check that does not say so is no answer either: the request is refused, and nothing is ended [SVC-CONT-03]', async () => {
  const d = await found()
  const token = await d.token()
  const { check } = d.enterprise.answers
  d.enterprise.answers.check = async () => json({ scope: ['tickets:read'] })
  expect(await refusal(await d.call('/api/tickets', token))).toEqual(UNAVAILABLE)
  d.enterprise.answers.check = check
  expect((await d.call('/api/tickets', token)).status).toBe(200)
})

test('a key set that is not served as JSON is none, in whatever words it is JSON', async () => {
  for (const [type, outcome] of [
    ['text/plain', 502],
    ['application/jwk-set+json', 200],
    ['application/json; charset=utf-8', 200],
  ] as const) {
    const d = await found()
    d.enterprise.answers.jwks = () => json(d.enterprise.jwks, 200, { 'content-type': type })
    expect((await d.scopes(await d.enterprise.sign({}, TYP))).status, type).toBe(outcome)
    expect(d.sent()).toContain(`GET ${ACME}/jwks.json`)
  }
})
