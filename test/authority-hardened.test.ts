/** What an Authority in the profile `hardened` demands beyond the published draft. */
import { expect, test } from 'vitest'
import { APPROVING, authorityWorld, message, refusal } from './authority-rig.ts'
import type { Members } from './spec/jws-fixture.ts'

const world = () => authorityWorld({ ...APPROVING, profile: 'hardened' })
const TYP = { typ: 'agentpass-service-assertion+jwt' }

test.each<[string, Members]>([
  ['its own typ', TYP],
  ['its own typ in full and in upper case', { typ: 'application/AGENTPASS-SERVICE-ASSERTION+JWT' }],
])('an assertion with %s is accepted [AUTH-ASRT-14]', async (_, header) => {
  const w = await world()
  const { value } = await w.approved()
  expect((await w.validate(value, w.desk.bearer({}, header))).status).toBe(200)
})

test.each([[undefined], ['JWT'], ['at+jwt'], ['agentpass-authority-assertion+jwt']])(
  'an assertion of typ %s is refused, and the pass is untouched [AUTH-ASRT-14]',
  async (typ) => {
    const w = await world()
    const { value } = await w.approved()
    expect(await refusal(await w.validate(value, w.desk.bearer({}, { typ })))).toEqual([401, 'invalid_assertion'])
    expect((await w.validate(value, w.desk.bearer({}, TYP))).status).toBe(200)
  },
)

test('an assertion lives five minutes at most [AUTH-ASRT-09]', async () => {
  const w = await world()
  const { value } = await w.approved()
  const living = (seconds: number) => w.desk.bearer({ exp: w.now() + seconds }, TYP)
  expect((await w.validate(value, living(301))).status).toBe(401)
  expect((await w.validate(value, living(300))).status).toBe(200)
})

test('a close without jti is refused, and the authorization stays; with one it is closed [AUTH-ASRT-16]', async () => {
  const w = await world()
  const { value } = await w.approved()
  const answer = await (await w.validate(value, w.desk.bearer({}, TYP))).json()
  const id = (answer as { authorization_id: string }).authorization_id
  expect(await refusal(await w.close(id, w.desk.bearer({ jti: undefined }, TYP)))).toEqual([401, 'invalid_assertion'])
  expect((await w.check(id, w.desk.bearer({ jti: undefined }, TYP))).status).toBe(200)
  expect((await w.close(id, w.desk.bearer({}, TYP))).status).toBe(200)
})

test("the Authority's own assertions say their kind [AUTH-ISS-18]", async () => {
  const w = await world()
  await w.approved()
  const [header] = w.desk.asked[0]!.authorization.replace('Bearer ', '').split('.')
  expect(JSON.parse(Buffer.from(header!, 'base64url').toString())).toMatchObject({ typ: 'agentpass-authority-assertion+jwt', alg: 'ES256' })
})

test('a Service configuration that is not served as JSON is not read [AUTH-ASRT-19]', async () => {
  const w = await world()
  const { configuration } = w.desk.pages
  w.desk.pages.configuration = async () => new Response(await (await configuration()).text(), { headers: { 'content-type': 'text/html' } })
  expect(await refusal(await w.issue())).toEqual([502, 'configuration_invalid'])
})

test('a key set that is not served as JSON is none, and the pass is untouched [AUTH-ASRT-19]', async () => {
  const w = await world()
  const { value } = await w.approved()
  const { keys } = w.desk.pages
  w.desk.pages.keys = async () => new Response(await (await keys()).text(), { headers: { 'content-type': 'text/plain' } })
  expect(await refusal(await w.validate(value, w.desk.bearer({}, TYP)))).toEqual([401, 'invalid_assertion'])
  w.desk.pages.keys = keys
  w.pass(2)
  expect((await w.validate(value, w.desk.bearer({}, TYP))).status).toBe(200)
})

test('a body without Content-Type is 415 at every endpoint, and changes nothing', async () => {
  const w = await world()
  const { value } = await w.approved()
  const send = (path: string, body: object, authorization?: string) =>
    w.call('POST', path, { body: new TextEncoder().encode(JSON.stringify(body)), authorization })
  const refused = [415, 'unsupported_media_type']
  const bearer = () => w.desk.bearer({}, TYP)
  expect(await refusal(await send('/issuance', message()))).toEqual(refused)
  expect(await refusal(await send('/validate', { agentpass: { value } }, bearer()))).toEqual(refused)
  const { authorization_id } = (await (await w.validate(value, bearer())).json()) as { authorization_id: string }
  expect(await refusal(await send('/authorization/check', { authorization_id }, bearer()))).toEqual(refused)
  expect(await refusal(await send('/authorization/close', { authorization_id, action: 'complete' }, bearer()))).toEqual(refused)
  expect((await w.check(authorization_id, bearer())).status).toBe(200)
})
