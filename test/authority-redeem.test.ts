/** The one moment a pass is spent: the order of the checks, and what each refusal costs. */
import { expect, test } from 'vitest'
import { ValidationResponse } from '../spec/wire/validation.ts'
import { APPROVING, authorityWorld, HARNESS, refusal, TASK } from './authority-rig.ts'
import { fakeService } from './fake-service.ts'
import { SERVICE, USER } from './parties.ts'
import { ecPair } from './spec/jws-fixture.ts'

const world = () => authorityWorld(APPROVING)
const PASS_SECONDS = 120

test('a good pass buys one authorization, and the answer says for whom, for what and until when [AUTH-VAL-01 AUTH-VAL-13 AUTH-VAL-15 AUTH-VAL-19]', async () => {
  const w = await world()
  const { value } = await w.approved()
  const response = await w.validate(value, w.desk.bearer())
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
  expect(ValidationResponse.parse(await response.json())).toEqual({
    authorization_id: expect.stringMatching(/^[\da-z]{11}[\w-]{32}$/),
    authorization_expires_at: new Date((w.now() + 3600) * 1000).toISOString(),
    user: { email: USER },
    agent: { id: HARNESS },
    scope: ['tickets:read', 'tickets:write'],
    type: 'bearer_token',
    task: { ...TASK, attested: false },
    harness: { id: HARNESS },
  })
})

test('the destination comes back for a browser session, and not for a bearer token [AUTH-VAL-12]', async () => {
  const w = await world()
  const intent = { destination_url: `${SERVICE}/tickets/17#answer` }
  expect((await w.redeemed({ type: 'browser_session', intent })).answer).toMatchObject({ type: 'browser_session', ...intent })
  expect((await w.redeemed({ type: 'browser_session' })).answer).not.toHaveProperty('destination_url')
  expect((await w.redeemed({ intent })).answer).not.toHaveProperty('destination_url')
})

test('a holder-bound pass never comes back unbound [AUTH-VAL-10 AUTH-VAL-11]', async () => {
  const w = await world()
  const { jwk } = ecPair('P-256')
  expect((await w.redeemed({ harness: { id: HARNESS, cnf: { jwk } } })).answer.cnf).toEqual({ jwk })
  expect((await w.redeemed()).answer).not.toHaveProperty('cnf')
})

test('a used pass is 409, for good [AUTH-VAL-02]', async () => {
  const w = await world()
  const { value } = await w.redeemed()
  for (const seconds of [0, PASS_SECONDS, 86_400]) {
    w.pass(seconds)
    expect(await refusal(await w.validate(value, w.desk.bearer()))).toEqual([409, 'already_consumed'])
  }
})

test('a pass is good until its last second, and 410 from then on [AUTH-VAL-05]', async () => {
  const w = await world()
  const [used, unused] = [await w.approved(), await w.approved()]
  w.pass(PASS_SECONDS - 1)
  expect((await w.validate(used.value, w.desk.bearer())).status).toBe(200)
  w.pass(1)
  expect(await refusal(await w.validate(unused.value, w.desk.bearer()))).toEqual([410, 'agentpass_expired'])
  expect((await w.check('x', w.desk.bearer())).status).toBe(404)
})

test('a revoked pass is 410 [AUTH-REV-02 AUTH-VAL-09]', async () => {
  const w = await world()
  const { id, value } = await w.approved()
  expect((await w.act('revoke', id)).status).toBe(200)
  expect(await refusal(await w.validate(value, w.desk.bearer()))).toEqual([410, 'agentpass_expired'])
})

test.each(['x', 'A'.repeat(43), ' ', '\u0000', "' OR 1=1 --", 'x'.repeat(60_000)])('an unknown pass is 404: %j [AUTH-VAL-04]', async (value) => {
  const w = await world()
  const pass = await w.approved()
  expect(await refusal(await w.validate(value, w.desk.bearer()))).toEqual([404, 'unknown_agentpass'])
  expect((await w.validate(pass.value, w.desk.bearer())).status).toBe(200)
})

test('what is like a pass is none: its request id, its digest, its beginning, another spelling [AUTH-VAL-04 AUTH-ISS-16]', async () => {
  const w = await world()
  const { id, value } = await w.approved()
  const { ref, digest } = await w.show(id)
  for (const guess of [id, ref, digest, value.slice(0, -1), `${value}A`, `${value}=`, ` ${value}`, value.toLowerCase()])
    expect(await refusal(await w.validate(guess, w.desk.bearer()))).toEqual([404, 'unknown_agentpass'])
  expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
})

test('another Service is refused, and cannot burn the pass [AUTH-VAL-06 AUTH-VAL-07]', async () => {
  const w = await world()
  const stranger = fakeService(w.net, 'https://mail.example')
  const namesake = fakeService(w.net, 'https://desk.example.evil.example')
  const { value } = await w.approved()
  for (const other of [stranger, namesake])
    for (let i = 0; i < 3; i++) expect(await refusal(await w.validate(value, other.bearer()))).toEqual([403, 'wrong_service'])
  expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
  expect(await refusal(await w.validate(value, stranger.bearer()))).toEqual([403, 'wrong_service']) // step 4 comes before step 5
})

test('a request that is not approved has no pass to guess: nothing it shows validates [AUTH-VAL-09]', async () => {
  const w = await authorityWorld()
  for (const verb of [undefined, 'deny', 'cancel']) {
    const { id } = await w.requested()
    if (verb) await w.act(verb, id)
    const { ref, digest } = await w.show(id)
    for (const guess of [id, ref, digest]) expect((await w.validate(guess, w.desk.bearer())).status).toBe(404)
  }
})

const BODIES: [string, unknown][] = [
  ['null', null],
  ['nothing in it', {}],
  ['no value', { agentpass: {} }],
  ['an empty value', { agentpass: { value: '' } }],
  ['a number for a value', { agentpass: { value: 5 } }],
  ['a list of values', { agentpass: { value: ['x'] } }],
  ['text for a pass', { agentpass: 'x' }],
  ['a list', []],
  ['half of JSON', '{"agentpass":'],
]
test.each(BODIES)('a body with %s is malformed, and no pass is spent [AUTH-VAL-08 AUTH-VAL-16]', async (_, body) => {
  const w = await world()
  const { value } = await w.approved()
  expect(await refusal(await w.call('POST', '/validate', { body, authorization: w.desk.bearer() }))).toEqual([400, 'malformed_request'])
  expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
})

test('the envelope of the draft is no body, and members nobody knows are ignored [AUTH-VAL-16 VER-07]', async () => {
  const w = await world()
  const { value } = await w.approved()
  const send = (body: unknown) => w.call('POST', '/validate', { body, authorization: w.desk.bearer() })
  expect((await send({ request: { agentpass: { value } } })).status).toBe(400)
  expect((await send({ agentpass: { value, type: 'browser_session', x: 1 }, scope: ['*'], x: 1 })).status).toBe(200)
})

test('the order of the checks: assertion, body, known, this Service, unused, alive [AUTH-ASRT-18 AUTH-VAL-07]', async () => {
  const w = await world()
  const stranger = fakeService(w.net, 'https://mail.example')
  const used = await w.redeemed()
  const expired = await w.approved()
  w.pass(PASS_SECONDS)
  const codeFor = async (body: unknown, authorization?: string) => (await refusal(await w.call('POST', '/validate', { body, authorization })))[1]
  const pass = ({ value }: { value: string }) => ({ agentpass: { value } })
  expect(await codeFor('{', 'Bearer junk')).toBe('invalid_assertion')
  expect(await codeFor('{', w.desk.bearer())).toBe('malformed_request')
  expect(await codeFor(pass({ value: 'x' }), stranger.bearer())).toBe('unknown_agentpass')
  expect(await codeFor(pass(used), stranger.bearer())).toBe('wrong_service')
  expect(await codeFor(pass(expired), stranger.bearer())).toBe('wrong_service')
  expect(await codeFor(pass(used), w.desk.bearer())).toBe('already_consumed')
  expect(await codeFor(pass(expired), w.desk.bearer())).toBe('agentpass_expired')
})

test('no answer of validation is ever kept, good or bad [AUTH-VAL-18]', async () => {
  const w = await world()
  const { value } = await w.approved()
  const answers = [await w.validate(value), await w.validate('x', w.desk.bearer()), await w.validate(value, w.desk.bearer())]
  answers.push(await w.validate(value, w.desk.bearer()))
  expect(answers.map(({ status }) => status)).toEqual([401, 404, 200, 409])
  for (const { headers } of answers) expect(headers.get('cache-control')).toBe('no-store')
})
