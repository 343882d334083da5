/** What the Authority answers to a validation, and what becomes of it (protocol 8, check 4). */
import { describe, expect, test } from 'vitest'
import { type Changes, json, USER } from './fake-authority.ts'
import { type Desk, desk, okay, refusal } from './service-rig.ts'

async function found(more: Parameters<typeof desk>[0] = {}): Promise<Desk> {
  const d = await desk(more)
  d.enterprise.publish('acme.example')
  return d
}
const UNAVAILABLE: [number, string] = [502, 'authority_unavailable']
const REVOKED = [{ authorization_id: 'authorization-1', action: 'revoke', reason: expect.any(String) }]

/** Nothing was minted: no credential in the database, no token in the answer. */
async function expectNothingMinted(d: Desk, response: Response): Promise<void> {
  expect(await response.clone().text()).not.toMatch(/bearer_token"?:/)
  expect(await d.database().read.selectFrom('credential').selectAll().execute()).toEqual([])
}

describe('a validation that is refused', () => {
  test.each<[number, [number, string]]>([
    [400, UNAVAILABLE],
    [401, UNAVAILABLE],
    [402, UNAVAILABLE],
    [403, [403, 'wrong_service']],
    [404, [422, 'invalid_agentpass']],
    [405, UNAVAILABLE],
    [409, [409, 'already_consumed']],
    [410, [422, 'invalid_agentpass']],
    [413, UNAVAILABLE],
    [422, [422, 'invalid_agentpass']],
    [429, [503, 'overloaded']],
    [500, UNAVAILABLE],
    [502, UNAVAILABLE],
    [503, UNAVAILABLE],
    [504, UNAVAILABLE],
    [206, UNAVAILABLE],
    [302, UNAVAILABLE],
  ])('with %i is %s, whatever its body says, and closes nothing [SVC-RED-09] [SVC-RED-10] [SVC-TOK-02]', async (status, outcome) => {
    const d = await found()
    const { validate } = d.enterprise.answers
    for (const body of [{ error: { code: 'x', message: 'y' } }, d.enterprise.validation(), null]) {
      d.enterprise.answers.validate = async () => json(body, status)
      const response = await d.redeem()
      await expectNothingMinted(d, response)
      expect(await refusal(response)).toEqual(outcome)
    }
    expect(d.enterprise.asked('close')).toEqual([])
    d.enterprise.answers.validate = validate
    await okay(await d.redeem())
  })

  test.each([
    ['7', '7'],
    ['Wed, 21 Oct 2026 07:28:00 GMT', '1'],
    [undefined, '1'],
    ['-1', '1'],
    ['1e9', '1'],
  ])('with 429 and Retry-After %s tells the Harness to wait %s s [SVC-RED-10]', async (sent, told) => {
    const d = await found()
    d.enterprise.answers.validate = async () => json({}, 429, sent === undefined ? {} : { 'retry-after': sent })
    expect((await d.redeem()).headers.get('retry-after')).toBe(told)
  })

  test('because nobody is there, is 502, and the Harness may come again [SVC-RED-11]', async () => {
    const d = await found()
    await okay(await d.resolve())
    d.enterprise.unplug()
    const response = await d.redeem()
    await expectNothingMinted(d, response)
    expect(await refusal(response)).toEqual(UNAVAILABLE)
    d.enterprise.host()
    await okay(await d.redeem())
  })

  test('never says what the Authority said, or where it is [CFG-X-03]', async () => {
    const d = await found()
    d.enterprise.answers.validate = async () => json({ error: { code: 'x', message: 'at /srv/secret.ts, canary-in-the-answer' } }, 500)
    expect(await (await d.redeem({ agentpass: { type: 'bearer_token', value: 'canary-pass' } })).text()).not.toMatch(
      /canary|secret|validate|\/srv|stack/,
    )
  })
})

/** What a good answer must have; an answer that breaks a rule here is 502. */
const MALFORMED: [string, Changes][] = [
  ['no authorization_id', { authorization_id: undefined }],
  ['an empty authorization_id', { authorization_id: '' }],
  ['an authorization_id that is a number', { authorization_id: 5 }],
  ['an authorization_id of 1,025 characters', { authorization_id: 'x'.repeat(1025) }],
  ['no user', { user: undefined }],
  ['user.email null', { user: { email: null } }],
  ['a user.email that is no address', { user: { email: 'ada@acme.example,ceo@acme.example' } }],
  ['no agent', { agent: undefined }],
  ['an empty agent.id', { agent: { id: '' } }],
  ['no scope', { scope: undefined }],
  ['a scope that is text', { scope: 'tickets:read' }],
  ['a scope of numbers', { scope: [1] }],
  ['no type', { type: undefined }],
  ['type cookie', { type: 'cookie' }],
  ['a task that is text', { task: 'task-1' }],
  ['a task without id', { task: { description: 'x' } }],
  ['authorization_expires_at as a number', { authorization_expires_at: 1_700_000_600 }],
  ['authorization_expires_at that is no instant', { authorization_expires_at: 'tomorrow' }],
  ['authorization_expires_at without a zone', { authorization_expires_at: '2033-01-01T00:00:00' }],
  ['authorization_expires_at null', { authorization_expires_at: null }],
  ['an authorization that has expired', { authorization_expires_at: '2023-11-14T22:13:19Z' }],
  ['an authorization that expires this second', { authorization_expires_at: '2023-11-14T22:13:20Z' }],
  ['an authorization that has expired, in another zone', { authorization_expires_at: '2023-11-15T00:13:20+02:00' }],
  ['a harness.id that is a number', { harness: { id: 5 } }],
]

describe('an answer that is not schema-valid is no answer', () => {
  const shown = (changes: Changes) => `[SVC-RED-15${'authorization_expires_at' in changes ? ' SVC-CONT-06' : ''}]`
  test.each(MALFORMED.map(([name, changes]): [string, string, Changes] => [name, shown(changes), changes]))(
    '%s: 502, nothing minted %s',
    async (_, _ids, changes) => {
      const d = await found()
      const { validate } = d.enterprise.answers
      d.enterprise.answers.validate = async () => json(d.enterprise.validation(changes))
      const response = await d.redeem()
      await expectNothingMinted(d, response)
      expect(await refusal(response)).toEqual(UNAVAILABLE)
      d.enterprise.answers.validate = validate
      await okay(await d.redeem())
    },
  )

  test.each<[string, BodyInit | null]>([
    ['an empty object', '{}'],
    ['null', 'null'],
    ['an array of it', '[{"authorization_id":"a"}]'],
    ['nothing', null],
    ['a page', '<!doctype html>'],
    ['cut short', '{"authorization_id":"authorization-1",'],
    ['no UTF-8', new Uint8Array([0x7b, 0xff])],
    ['nested without end', '['.repeat(60_000)],
    ['over 64 KiB', JSON.stringify({ x: 'x'.repeat(65_536) })],
  ])('%s: 502, nothing minted [SVC-RED-15]', async (_, body) => {
    const d = await found()
    d.enterprise.answers.validate = async () => new Response(body, { headers: { 'content-type': 'application/json' } })
    const response = await d.redeem()
    await expectNothingMinted(d, response)
    expect(await refusal(response)).toEqual(UNAVAILABLE)
  })

  test.each([200, 201, 203])('a %i with a good body is an answer, whatever its media type says', async (status) => {
    const d = await found()
    d.enterprise.answers.validate = async () => json(d.enterprise.validation(), status, { 'content-type': 'text/html' })
    await okay(await d.redeem())
  })
})

describe('an answer for another user or of another type buys nothing, and what it opened is closed', () => {
  test.each<[string, string, string, string, string]>([
    ['another user of the domain', USER, 'ceo@acme.example', 'core-0.1', '[SVC-RED-12]'],
    ['a user of another domain', USER, 'ada@corp.example', 'core-0.1', '[SVC-RED-12] [SVC-RED-13]'],
    ['a user of a subdomain', USER, 'ada@x.acme.example', 'core-0.1', '[SVC-RED-12]'],
    ['an address with a tag', USER, 'ada+x@acme.example', 'core-0.1', '[SVC-RED-12]'],
    ['a look-alike domain', USER, 'ada@acme.exаmple', 'core-0.1', '[SVC-RED-12]'],
    ['another normalisation of the local part', 'ad\u00e9@acme.example', 'ade\u0301@acme.example', 'core-0.1', '[SVC-RED-12]'],
    ['a letter that only Unicode folds', 'kim@acme.example', '\u212aim@acme.example', 'core-0.1', '[SVC-RED-12]'],
    ['another case of the local part, in hardened', USER, 'Ada@acme.example', 'hardened', '[SVC-RED-12]'],
  ])('%s: asked for %s, answered for %s in %s %s', async (_, asked, answered, profile) => {
    const d = await found({ profile })
    d.enterprise.answers.validate = async () => json(d.enterprise.validation({ user: { email: answered } }))
    const response = await d.redeem({ user: { email: asked } })
    await expectNothingMinted(d, response)
    expect(await refusal(response)).toEqual([403, 'user_mismatch'])
    expect(d.enterprise.asked('close')).toEqual(REVOKED)
    d.enterprise.answers.validate = async () => json(d.enterprise.validation({ user: { email: asked } }))
    await okay(await d.redeem({ user: { email: asked } }))
  })

  test.each([
    ['Ada@acme.example', USER],
    [USER, 'ADA@acme.example'],
    [USER, 'ada@ACME.example'],
    ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
  ])("core-0.1: asked for %s, answered for %s: one user, and the account is of the Authority's spelling [SVC-RED-12]", async (asked, answered) => {
    const d = await found()
    d.enterprise.publish('xn--bcher-kva.example')
    d.enterprise.answers.validate = async () => json(d.enterprise.validation({ user: { email: answered } }))
    const token = await d.token({ user: { email: asked } })
    expect(await okay(await d.call('/api/tickets', token))).toMatchObject({ headers: { 'agentpass-user': answered } })
  })

  test.each([
    ['over already', { authorization_expires_at: '2023-11-14T22:13:20Z' }, 'core-0.1'],
    ['of no known end, in hardened', { authorization_expires_at: undefined }, 'hardened'],
  ])('an authorization that is %s [SVC-RED-15 SVC-CONT-06]', async (_, changes, profile) => {
    const d = await found({ profile })
    d.enterprise.answers.validate = async () => json(d.enterprise.validation(changes))
    const response = await d.redeem()
    await expectNothingMinted(d, response)
    expect(await refusal(response)).toEqual(UNAVAILABLE)
    expect(d.enterprise.asked('close')).toEqual(REVOKED)
  })

  test('a pass of type browser_session at the bearer endpoint [SVC-RED-14]', async () => {
    const d = await found()
    d.enterprise.answers.validate = async () => json(d.enterprise.validation({ type: 'browser_session' }))
    const response = await d.redeem()
    await expectNothingMinted(d, response)
    expect(await refusal(response)).toEqual([422, 'invalid_agentpass'])
    expect(d.enterprise.asked('close')).toEqual(REVOKED)
  })

  test.each<[string, (d: Desk) => void]>([
    ['answers 500', (d) => Object.assign(d.enterprise.answers, { close: async () => json({}, 500) })],
    ['answers 404', (d) => Object.assign(d.enterprise.answers, { close: async () => json({}, 404) })],
    ['has no such endpoint', (d) => Object.assign(d.enterprise.configuration.endpoints as object, { authorization_close: undefined })],
    [
      'is down by then',
      (d) => {
        d.enterprise.answers.validate = async () => {
          d.enterprise.unplug()
          return json(d.enterprise.validation({ type: 'browser_session' }))
        }
      },
    ],
  ])('the refusal is the same where the Authority %s when it is closed', async (_, spoil) => {
    const d = await found()
    d.enterprise.answers.validate = async () => json(d.enterprise.validation({ type: 'browser_session' }))
    spoil(d)
    expect(await refusal(await d.redeem())).toEqual([422, 'invalid_agentpass'])
  })
})
