/** What an Authority asks a Service before anybody decides, and what becomes of a request when it gets no answer. */
import { compactVerify, importJWK } from 'jose'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { APPROVING, authorityWorld, HARNESS, message, refusal, TASK } from './authority-rig.ts'
import { configurationOf, DESK_SCOPES } from './fake-service.ts'
import { AUTHORITY, SERVICE, USER } from './parties.ts'

const KeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) })
const read = (part: string | undefined) => JSON.parse(Buffer.from(part ?? '', 'base64url').toString())

test('the Service is asked once, about this user, agent and task [AUTH-ISS-17]', async () => {
  const w = await authorityWorld()
  expect((await w.issue()).status).toBe(202)
  expect(w.desk.asked.map(({ body }) => body)).toEqual([{ user: { email: USER }, agent: { id: HARNESS }, task: TASK }])
})

test('the call is signed with a published key, for that Service alone, and for a minute [AUTH-ISS-17 AUTH-ISS-18]', async () => {
  const w = await authorityWorld()
  await w.issue()
  await w.issue()
  const [first, second] = w.desk.asked.map(({ authorization }) => authorization)
  expect(first).toMatch(/^Bearer \S+$/)
  const compact = first!.slice('Bearer '.length)
  const [header, claims] = compact.split('.', 2).map(read)
  const { keys } = KeySet.parse(await (await w.call('GET', '/.well-known/jwks.json')).json())
  const key = keys.find(({ kid }) => kid === header.kid)
  await expect(compactVerify(compact, await importJWK(key!, 'ES256'))).resolves.toBeDefined()
  expect(header).toMatchObject({ alg: 'ES256', typ: 'JWT' })
  expect(claims).toEqual({ iss: AUTHORITY, aud: SERVICE, iat: w.now(), exp: w.now() + 60, jti: expect.any(String) })
  expect(read(second!.split('.')[1]).jti).not.toBe(claims.jti)
})

test('what is offered is what the approver sees, with nothing but names and descriptions [AUTH-ISS-19]', async () => {
  const w = await authorityWorld()
  w.desk.pages.scopes = () => Response.json({ scopes: [{ ...DESK_SCOPES[0], x_price: 5 }, { name: '*' }], x_other: 1 })
  const { id } = await w.requested()
  expect((await w.show(id)).shown.scopes).toEqual([DESK_SCOPES[0], { name: '*' }])
})

/** No scopes, no request: policy that approves everything approves nothing then, and does again when the Service answers. */
async function expectNoApproval(answer: () => Response, [status, code]: [number, string]) {
  const w = await authorityWorld(APPROVING)
  const { scopes } = w.desk.pages
  w.desk.pages.scopes = answer
  expect(await refusal(await w.issue())).toEqual([status, code])
  expect(await (await w.manage('/requests')).json()).toEqual({ requests: [] })
  w.desk.pages.scopes = scopes
  expect((await w.requested()).status).toBe('approved')
}

const scopes = (value: unknown) => () => Response.json({ scopes: value })
test.each<[string, () => Response, number]>([
  ['answers 500', () => Response.json({ scopes: DESK_SCOPES }, { status: 500 }), 502],
  ['answers 401', () => new Response(null, { status: 401 }), 502],
  ['answers 429', () => new Response(null, { status: 429 }), 502],
  ['answers 206', () => Response.json({ scopes: DESK_SCOPES }, { status: 206 }), 502],
  ['redirects', () => Response.redirect(`${SERVICE}/elsewhere`, 307), 502],
  ['answers with nothing', () => new Response(null, { status: 200 }), 502],
  ['answers with HTML', () => new Response('<p>no'), 502],
  ['answers with more than 64 KiB', scopes([{ name: 'a', description: 'x'.repeat(70_000) }]), 502],
  ['answers with a list', () => Response.json(DESK_SCOPES), 502],
  ['answers without scopes', () => Response.json({}), 502],
  ['answers with scopes that are text', scopes('tickets:read tickets:write'), 502],
  ['answers with a bare name', scopes(['tickets:read']), 502],
  ['answers with an empty name', scopes([{ name: '' }]), 502],
  ['answers with more than a thousand', scopes(Array.from({ length: 1001 }, (_, i) => ({ name: `s${i}` }))), 502],
  ['refuses this Authority or user', () => Response.json({ error: { code: 'untrusted_authority', message: 'no' } }, { status: 403 }), 422],
  ['has no such endpoint', () => new Response(null, { status: 404 }), 422],
  ['offers nothing', scopes([]), 422],
])('a Service that %s leads to no approval [AUTH-ISS-20]', async (_, answer, status) => {
  await expectNoApproval(answer, [status, status === 502 ? 'service_unavailable' : 'unprocessable'])
})

test('a Service that cannot be reached leads to no approval [AUTH-ISS-20]', async () => {
  const w = await authorityWorld(APPROVING)
  await w.approved()
  w.unplug(SERVICE)
  expect(await refusal(await w.issue())).toEqual([502, 'service_unavailable'])
})

test('a Service that nobody vouches for is unknown; one that cannot be looked up or read is another matter [AUTH-ISS-20 DISC-SVC-04]', async () => {
  const w = await authorityWorld(APPROVING)
  const issue = async () => refusal(await w.issue())
  w.publish(w.desk.record)
  expect(await issue()).toEqual([422, 'unknown_service'])
  w.pass(61)
  w.breakDns(w.desk.record)
  expect(await issue()).toEqual([502, 'discovery_failed'])
  w.publish(w.desk.record, 'none')
  w.pass(2)
  expect(await issue()).toEqual([502, 'discovery_failed'])
  w.publish(w.desk.record, `${SERVICE}/configuration`)
  w.pass(61)
  const { configuration } = w.desk.pages
  w.desk.pages.configuration = () => Response.json({ ...configurationOf(SERVICE), version: '9.0' })
  expect(await issue()).toEqual([502, 'configuration_invalid'])
  w.desk.pages.configuration = configuration
  w.pass(2)
  expect((await w.issue()).status).toBe(200)
})

test('what the Service says when it refuses is not passed on [CFG-X-03]', async () => {
  const w = await authorityWorld()
  w.desk.pages.scopes = () => Response.json({ error: { code: 'x', message: 'stack at /srv/secret.js:7 in https://internal.desk' } }, { status: 500 })
  const text = await (await w.issue()).text()
  expect(text).not.toMatch(/secret|internal|stack|:\d/)
  w.desk.pages.scopes = () => Response.json({ scopes: DESK_SCOPES })
  expect((await w.issue(message())).status).toBe(202)
})
