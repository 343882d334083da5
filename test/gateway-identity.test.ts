/** The signed word of the gateway to the app behind: who acts, for whom, and for how short a time. */
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { DESK, json } from './fake-authority.ts'
import { type Desk, desk, okay, refusal } from './service-rig.ts'

async function found(settings = {}): Promise<Desk> {
  const d = await desk({ settings })
  d.enterprise.publish('acme.example')
  return d
}

/** The identity token that reaches the app. */
async function identity(d: Desk, token: string): Promise<string> {
  const { headers } = (await okay(await d.call('/api/tickets', token))) as { headers: Record<string, string> }
  return headers['agentpass-identity']!
}

/** Verifies as an app does: under the published keys, for its own audience, at this moment. */
async function verified(d: Desk, jwt: string, audience = 'http://127.0.0.1:1'): Promise<JWTPayload> {
  const keys = (await okay(await d.request('/.well-known/agentpass-service/jwks.json'))) as JSONWebKeySet
  const { payload } = await jwtVerify(jwt, createLocalJWKSet(keys), {
    ...{ issuer: DESK, audience, typ: 'agentpass-identity+jwt', algorithms: ['ES256'], requiredClaims: ['sub', 'exp', 'iat'] },
    currentDate: new Date(d.now() * 1000),
  })
  return payload
}

test('the app can verify it with the published keys, and it says all there is to say', async () => {
  const d = await found()
  expect(await verified(d, await identity(d, await d.token()))).toEqual({
    ...{ iss: DESK, aud: 'http://127.0.0.1:1', iat: d.now(), exp: d.now() + 60 },
    ...{ sub: 'ada@acme.example', act: { sub: 'agent-7' }, task: 'task-1', scope: 'tickets:read tickets:write', authorization_id: 'authorization-1' },
  })
})

test("its audience is the app's origin, or what the settings say", async () => {
  const d = await found({ upstream: { url: 'https://app.internal:8443/', audience: 'ticket-desk' } })
  expect((await verified(d, await identity(d, await d.token()), 'ticket-desk')).aud).toBe('ticket-desk')
  const e = await found({ upstream: { url: 'https://app.internal:8443/' } })
  expect((await verified(e, await identity(e, await e.token()), 'https://app.internal:8443')).aud).toBe('https://app.internal:8443')
})

test('it lives for sixty seconds, and one that reaches the app has half of that before it', async () => {
  const d = await found()
  const token = await d.token()
  const first = await identity(d, token)
  for (let i = 0; i < 12; i++) {
    d.pass(5)
    const { iat, exp } = await verified(d, await identity(d, token))
    expect(exp! - iat!).toBe(60)
    expect(exp! - d.now()).toBeGreaterThanOrEqual(30)
  }
  await expect(verified(d, first)).rejects.toThrow()
})

test('what has narrowed is said narrower at once', async () => {
  const d = await found()
  const token = await d.token()
  await identity(d, token)
  d.enterprise.answers.check = async () => json({ scope: ['tickets:read'] })
  d.pass(5)
  expect((await verified(d, await identity(d, token))).scope).toBe('tickets:read')
})

test('two delegations are never taken for one another, though two Authorities give them one id', async () => {
  const d = await desk({ trust: ['own'] })
  d.enterprise.publish('acme.example')
  d.own.answers.validate = async () => json(d.own.validation({ agent: { id: 'another-agent' }, task: { id: 'another-task' } }))
  const [first, second] = [await d.token(), await d.token({ authority: d.own.identifier })]
  expect(await verified(d, await identity(d, first))).toMatchObject({ act: { sub: 'agent-7' }, task: 'task-1' })
  expect(await verified(d, await identity(d, second))).toMatchObject({ act: { sub: 'another-agent' }, task: 'another-task' })
})

test('a task that is not known is left out', async () => {
  const d = await found()
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ task: undefined }))
  expect(await verified(d, await identity(d, await d.token()))).not.toHaveProperty('task')
})

test('it is no assertion, and no token', async () => {
  const d = await found()
  const jwt = await identity(d, await d.token())
  expect(await refusal(await d.scopes(jwt))).toEqual([401, 'invalid_assertion'])
  expect(await refusal(await d.call('/api/tickets', jwt))).toEqual([401, 'invalid_token'])
})
