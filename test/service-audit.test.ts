/** What a Service writes down: every redemption, with who and for whom; never a secret, and never what an attacker wants it to look like. */
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { ACME, type Changes, json } from './fake-authority.ts'
import { type Desk, desk, holder, REDEEM, refusal } from './service-rig.ts'

async function found(more: Parameters<typeof desk>[0] = {}): Promise<Desk> {
  const d = await desk(more)
  d.enterprise.publish('acme.example')
  return d
}
const redemptions = async (d: Desk): Promise<Changes[]> => (await d.audited()).filter(({ event }) => event === 'redemption')

test('a redemption that is granted is written down with all that is known of it [SVC-AUD-01] [SVC-AUD-02]', async () => {
  const d = await found()
  const response = await d.redeem()
  expect(response.status).toBe(200)
  expect(await redemptions(d)).toEqual([
    {
      at: d.now(),
      event: 'redemption',
      type: 'bearer_token',
      outcome: 'granted',
      user: 'ada@acme.example',
      agent: 'agent-7',
      task: 'task-1',
      harness: 'harness-1',
      authority: ACME,
      authorization_id: 'authorization-1',
      scope: ['tickets:read', 'tickets:write'],
      http_request: response.headers.get('x-request-id'),
    },
  ])
})

test('one that is refused before the pass is spent is written down with what it said of itself [SVC-AUD-02]', async () => {
  const d = await found()
  await d.redeem({ authority: 'https://stranger.example' })
  await d.redeem({ harness_proof: { jwt: 'x.y.z' } })
  d.enterprise.answers.validate = async () => json({}, 409)
  await d.redeem()
  const about = {
    at: d.now(),
    event: 'redemption',
    type: 'bearer_token',
    outcome: 'refused',
    user: 'ada@acme.example',
    http_request: expect.stringMatching(/^[\w-]{12}$/),
  }
  expect(await redemptions(d)).toEqual([
    { ...about, authority: 'https://stranger.example', code: 'untrusted_authority' },
    { ...about, authority: ACME, code: 'invalid_proof' },
    { ...about, authority: ACME, code: 'already_consumed' },
  ])
})

test('one that is refused after it was spent is written down with what the Authority said too [SVC-AUD-01] [SVC-AUD-02]', async () => {
  const d = await found()
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ user: { email: 'ceo@acme.example' } }))
  await d.redeem()
  expect(await redemptions(d)).toEqual([
    {
      at: d.now(),
      event: 'redemption',
      type: 'bearer_token',
      outcome: 'refused',
      code: 'user_mismatch',
      user: 'ceo@acme.example',
      reason: 'redeemed for ada@acme.example',
      agent: 'agent-7',
      task: 'task-1',
      harness: 'harness-1',
      authority: ACME,
      authorization_id: 'authorization-1',
      http_request: expect.any(String),
    },
  ])
})

test('if it cannot be written down it does not happen: no token without its line, and the authorization is closed [SVC-AUD-01]', async () => {
  const d = await found()
  const db = d.database()
  await db.write((tx) => tx.schema.alterTable('audit').renameTo('away').execute())
  expect((await d.redeem()).status).toBeGreaterThanOrEqual(500)
  expect(await db.read.selectFrom('credential').select('digest').execute()).toEqual([])
  expect(d.enterprise.asked('close')).toHaveLength(1)
  await db.write((tx) => sql`alter table away rename to audit`.execute(tx))
  expect((await d.redeem()).status).toBe(200)
  expect(await redemptions(d)).toHaveLength(1)
})

test('no pass, token, proof or assertion is in any log line, audit row or error, at the chattiest level [SVC-AUD-03] [CFG-X-03]', async () => {
  const d = await found()
  const key = await holder()
  const proof = await key.proof(d.now(), { aph: undefined })
  const pass = { agentpass: { type: 'bearer_token', value: 'canary-of-a-pass' } }
  const texts: string[] = []
  const send = async (changes: Changes, headers = {}) => {
    const response = await d.redeem({ ...pass, ...proof, ...changes }, headers)
    if (response.status !== 200) texts.push(await response.text())
    return response
  }
  const { bearer_token: token } = (await (await send({})).json()) as { bearer_token: string }
  const { validate } = d.enterprise.answers
  for (const status of [400, 401, 403, 404, 409, 429, 500]) {
    d.enterprise.answers.validate = async () => json({ error: { code: 'x', message: 'canary-of-an-answer' } }, status)
    await send({})
  }
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ cnf: key.cnf, authorization_id: 5, x: 'canary-of-an-answer' }))
  await send({})
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ cnf: key.cnf }))
  await send({})
  await send({}) // a replay
  await send({ requested_scope: ['nothing'] })
  await send({ user: { email: 'canary@@' }, authority: 5 })
  await send({ harness_proof: { jwt: proof.harness_proof.jwt.replace(/.$/, '!') } })
  d.enterprise.answers.validate = validate
  d.enterprise.unplug()
  await send({})
  d.enterprise.host()
  await d.post(REDEEM, `{"agentpass":{"type":"bearer_token","value":"canary-of-a-pass"},}`)
  await d.call('/api/tickets', token, { method: 'POST', body: 'canary-of-a-body', headers: { cookie: 'canary' } })
  await d.call('/api/tickets', `${token}x`)
  await d.call('/api/%2f', token)
  const assertion = await d.enterprise.sign({ aud: 'https://other.example' })
  await d.scopes(assertion)
  const written = [...d.log, ...texts, JSON.stringify(await d.audited())].join('\n')
  expect(written).toContain('already_consumed')
  for (const secret of [
    'canary-of',
    token,
    proof.harness_proof.jwt,
    assertion,
    ...proof.harness_proof.jwt.split('.').slice(1),
    ...assertion.split('.').slice(1),
  ])
    expect(written.includes(secret), secret).toBe(false)
})

test.each([
  ['a line break and a forged line', 'x\n{"level":"error","event":"granted"}'],
  ['terminal colours', '\u001b[31mred\u001b[0m'],
  ['quotes and braces', '"},{"event":"x'],
  ['a carriage return', 'x\rgranted'],
  ['line separators of Unicode', 'x\u2028y\u2029z'],
  ['a control character', 'x\u0001y'],
])('%s in what an agent says of itself stays one row and one line [SVC-AUD-04]', async (_, text) => {
  const d = await found()
  const task = { id: text, description: text }
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ agent: { id: text }, task, harness: { id: text } }))
  const token = await d.token()
  await d.call(`/admin/${encodeURIComponent(text)}`, token)
  await d.redeem({ authority: `https://stranger.example/${encodeURIComponent(text)}` })
  for (const line of d.log) {
    expect(line.trimEnd()).not.toMatch(/\p{Cc}/u)
    JSON.parse(line)
  }
  const rows = await d.database().read.selectFrom('audit').select('event').execute()
  for (const { event } of rows) expect(event).not.toMatch(/\p{Cc}/u)
  expect((await redemptions(d))[0]).toMatchObject({ agent: text, task: text, harness: text })
})

test('a field of a megabyte is cut, in the row and in the line [SVC-AUD-04]', async () => {
  const d = await found()
  const token = await d.token()
  await d.call(`/admin/${'x'.repeat(60_000)}`, token)
  await refusal(await d.redeem({ authority: `https://stranger.example/${'x'.repeat(1900)}` }))
  for (const row of await d.audited()) expect(JSON.stringify(row).length).toBeLessThan(6000)
  for (const line of d.log) expect(line.length).toBeLessThan(6000)
})
