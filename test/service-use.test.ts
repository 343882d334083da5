/** The token at the Service's own door (protocol 8): who may come in, and how a refusal looks (RFC 6750). */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { DESK, json } from './fake-authority.ts'
import { type Desk, desk, okay, refusal } from './service-rig.ts'

const TICKETS = '/api/tickets'
const REALM = `Bearer realm="${DESK}"`
const INVALID = `${REALM}, error="invalid_token"`

async function found(more: Parameters<typeof desk>[0] = {}): Promise<Desk> {
  const d = await desk(more)
  d.enterprise.publish('acme.example')
  return d
}

/** Refused with a challenge; the app behind is not reached, and a good token still works. */
async function expectChallenged(d: Desk, headers: Record<string, string>, challenge: string, path = TICKETS): Promise<void> {
  const token = await d.token()
  const checks = d.enterprise.asked('check').length
  const response = await d.request(path, { headers })
  expect(response.headers.get('www-authenticate')).toBe(challenge)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await refusal(response)).toEqual([401, 'invalid_token'])
  expect(d.enterprise.asked('check')).toHaveLength(checks)
  expect((await d.call(TICKETS, token)).status).toBe(200)
}

test.each([
  ['no Authorization', {}],
  ['another scheme', { authorization: 'Basic YWRhOmFkYQ==' }],
  ['DPoP', { authorization: 'DPoP abc' }],
  ['an empty token', { authorization: 'Bearer ' }],
  ['two tokens', { authorization: 'Bearer a, Bearer b' }],
])('%s: 401 with a challenge that names no error [SVC-TOK-04]', async (_, headers) => {
  await expectChallenged(await found(), headers, REALM)
})

test.each(['x', 'x'.repeat(8000), "'OR'1'='1", '__proto__', 'null', '%00'])(
  'a token that was never given out, %j: 401 invalid_token [SVC-TOK-04]',
  async (token) => {
    await expectChallenged(await found(), { authorization: `Bearer ${token}` }, INVALID)
  },
)

test('a token travels in the Authorization header alone [SVC-TOK-03]', async () => {
  const d = await found()
  const token = await d.token()
  await expectChallenged(d, { cookie: `access_token=${token}; session=${token}`, 'x-access-token': token }, REALM, `${TICKETS}?access_token=${token}`)
  const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `access_token=${token}` }
  expect(await refusal(await d.request(TICKETS, form))).toEqual([401, 'invalid_token'])
  for (const scheme of ['bearer', 'BEARER']) expect((await d.request(TICKETS, { headers: { authorization: `${scheme} ${token}` } })).status).toBe(200)
})

test('what almost is the token is not the token [SVC-TOK-04]', async () => {
  const d = await found()
  const token = await d.token()
  for (const almost of [token.slice(0, -1), `${token}A`, token.toLowerCase(), token.toUpperCase(), `${token}=`])
    expect(await refusal(await d.call(TICKETS, almost)), almost).toEqual([401, 'invalid_token'])
  expect((await d.call(TICKETS, token)).status).toBe(200)
})

test('an act that no scope of the token allows is 403, and the challenge names the scopes that would do [SVC-TOK-04]', async () => {
  const d = await found()
  const token = await d.token({ requested_scope: ['tickets:read'] })
  const response = await d.call(TICKETS, token, { method: 'POST', body: '{}' })
  expect(response.headers.get('www-authenticate')).toBe(`${REALM}, error="insufficient_scope", scope="tickets:write"`)
  expect(await refusal(response)).toEqual([403, 'insufficient_scope'])
  const unlisted = await d.call('/admin', token)
  expect(unlisted.headers.get('www-authenticate')).toBe(`${REALM}, error="insufficient_scope"`)
  expect(await refusal(unlisted)).toEqual([403, 'insufficient_scope'])
  expect((await d.call(TICKETS, token)).status).toBe(200)
})

test('a scope that no header can carry is not in the challenge', async () => {
  const scopes = [
    { name: 'a"b\\c', allows: ['POST /**'] },
    { name: 'schreibe-ü', allows: ['POST /**'] },
    { name: 'nul\0', allows: ['POST /**'] },
    { name: 'tickets:read', allows: ['GET /**'] },
  ]
  const d = await found({ settings: { scopes } })
  const response = await d.call('/x', await d.token(), { method: 'POST', body: '' })
  expect(response.headers.get('www-authenticate')).toBe(`${REALM}, error="insufficient_scope"`)
  expect(await refusal(response)).toEqual([403, 'insufficient_scope'])
})

test("a token ends with its life: the Authority's word, or the Service's own, whichever is sooner [SVC-CONT-06] [SVC-TOK-04]", async () => {
  for (const [theirs, ours, life] of [
    [5, 3600, 5],
    [600, 30, 30],
    [undefined, 30, 30],
    [undefined, undefined, 3600],
  ] as const) {
    const d = await found({ settings: ours ? { lifetimes: { credential_seconds: ours } } : {} })
    const ends = theirs && new Date((d.now() + theirs) * 1000).toISOString()
    d.enterprise.answers.validate = async () => json(d.enterprise.validation({ authorization_expires_at: ends }))
    expect(await okay(await d.redeem())).toMatchObject({ expires_in: life })
    const token = await d.token()
    d.pass(life - 1)
    expect((await d.call(TICKETS, token)).status).toBe(200)
    d.pass(1)
    const checks = d.enterprise.asked('check').length
    const response = await d.call(TICKETS, token)
    expect(response.headers.get('www-authenticate')).toBe(INVALID)
    expect(await refusal(response)).toEqual([401, 'invalid_token'])
    expect(d.enterprise.asked('check')).toHaveLength(checks)
  }
})

test('an instant between two seconds ends a token before it, never after [SVC-CONT-06]', async () => {
  const d = await found()
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ authorization_expires_at: '2023-11-14T22:13:25.999Z' })) // 5.999 s from now
  expect(await okay(await d.redeem())).toMatchObject({ expires_in: 5 })
})

test('the database holds digests: no token, pass or proof is anywhere in its files [SVC-TOK-03]', async () => {
  const d = await found()
  const token = await d.token({ agentpass: { type: 'bearer_token', value: 'canary-of-a-pass' } })
  expect((await d.call(TICKETS, token, { method: 'POST', body: 'x' })).status).toBe(200)
  expect((await d.audited()).length).toBeGreaterThan(0)
  const { database } = d.service.opening
  const files = readdirSync(dirname(database)).map((file) => readFileSync(join(dirname(database), file), 'latin1'))
  expect(files.join('').includes('authorization-1')).toBe(true) // the row is there
  for (const secret of [token, token.slice(0, 16), Buffer.from(token, 'base64url').toString('latin1'), 'canary-of-a-pass'])
    expect(files.some((bytes) => bytes.includes(secret))).toBe(false)
})

test('what the Service signs or is sent is no token: an assertion, the identity of an app, the pass itself', async () => {
  const d = await found()
  const token = await d.token()
  const { headers } = (await okay(await d.call(TICKETS, token))) as { headers: Record<string, string> }
  const assertion = d.net.calls.find(({ url }) => url.endsWith('/validate'))?.headers.get('authorization') ?? ''
  for (const stolen of [headers['agentpass-identity']!, assertion.replace('Bearer ', ''), 'pass-1', 'authorization-1'])
    expect(await refusal(await d.call(TICKETS, stolen))).toEqual([401, 'invalid_token'])
})
