/** What the holder of a request id learns, and for how long. */
import { createHash } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { openAuthority } from '../authority/node/open.ts'
import { generateMasterKey, readMasterKey } from '../spec/node/secrets.ts'
import { IssuanceStatus } from '../spec/wire/issuance.ts'
import { APPROVING, type AuthorityWorld, authorityWorld, callers, HARNESS, refusal, turns } from './authority-rig.ts'

const DECISION_SECONDS = 900
const PASS_SECONDS = 120
const read = async (response: Response) => ({ http: response.status, ...IssuanceStatus.parse(await response.json()) })

test('a pending request says so until somebody decides, and when to ask again [AUTH-STA-01 AUTH-STA-02 AUTH-STA-04]', async () => {
  const w = await authorityWorld()
  const first = await w.requested()
  w.pass(DECISION_SECONDS - 1)
  expect(await read(await w.status(first.id))).toEqual({ http: 200, ...first })
})

test.each<[string, string, object]>([
  ['deny', 'denied', { reason: 'not today' }],
  ['cancel', 'canceled', { reason: 'not needed' }],
])('a request after %s is %s, with the reason, for good [AUTH-STA-02 AUTH-STA-03 AUTH-STA-13]', async (verb, status, more) => {
  const w = await authorityWorld()
  const { id } = await w.requested()
  expect((await w.act(verb, id, more)).status).toBe(200)
  const ended = await read(await w.status(id))
  expect(ended).toMatchObject({ http: 200, id, status, ...more })
  expect(ended).not.toHaveProperty('agentpass')
  expect(ended).not.toHaveProperty('poll_after_ms')
  w.pass(DECISION_SECONDS * 2)
  expect(await read(await w.status(id))).toEqual(ended)
})

test('a pending request past its deadline is expired at that second, and cannot be approved or canceled any more [AUTH-STA-07 AUTH-STA-08]', async () => {
  const w = await authorityWorld()
  const { id } = await w.requested()
  w.pass(DECISION_SECONDS)
  expect(await read(await w.status(id))).toMatchObject({ http: 200, id, status: 'expired' })
  for (const verb of ['approve', 'deny', 'cancel']) expect(await refusal(await w.act(verb, id))).toEqual([409, 'already_decided'])
  expect(await refusal(await w.cancel(id))).toEqual([409, 'already_decided'])
  expect(await read(await w.status(id))).toMatchObject({ status: 'expired' })
})

test('an approved request gives the same pass on every poll, also to two at once [AUTH-STA-01 AUTH-ISS-15]', async () => {
  const w = await authorityWorld()
  const { id, value } = await w.approved()
  const polls = await Promise.all(Array.from({ length: 20 }, async () => read(await w.status(id))))
  for (const { agentpass, status } of polls) expect([status, agentpass?.value]).toEqual(['approved', value])
})

test('every instance gives the same pass, also after the master key was changed: the old one is kept behind it [AUTH-STA-01]', async () => {
  const w = await authorityWorld()
  const { id, value } = await w.approved()
  const { opening } = w.authority
  const rotated = await openAuthority({ ...opening, masterKeys: [readMasterKey(generateMasterKey()), ...opening.masterKeys] })
  onTestFinished(rotated.stop)
  const there = callers(rotated, opening.adminToken)
  for (const at of [await w.another(), there]) expect((await read(await at.status(id))).agentpass?.value).toBe(value)
  const later = await read(await there.issue())
  await there.act('approve', later.id)
  const { agentpass } = await read(await there.status(later.id))
  expect((await w.validate(agentpass!.value, w.desk.bearer())).status).toBe(200)
})

const ENDS: [string, (w: AuthorityWorld, pass: { id: string; value: string }) => unknown][] = [
  ['used', (w, { value }) => w.validate(value, w.desk.bearer())],
  ['expired', (w) => w.pass(PASS_SECONDS)],
  ['revoked', (w, { id }) => w.act('revoke', id)],
]
test.each(ENDS)('once the pass is %s the status is 410, and the value is never seen again [AUTH-STA-03 AUTH-STA-07 AUTH-STA-11]', async (_, end) => {
  const w = await authorityWorld()
  const pass = await w.approved()
  await end(w, pass)
  for (const seconds of [0, PASS_SECONDS, 86_400]) {
    w.pass(seconds)
    const response = await w.status(pass.id)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.clone().text()).not.toContain(pass.value)
    expect(await refusal(response)).toEqual([410, 'request_gone'])
  }
  expect(JSON.stringify(await w.show(pass.id))).not.toContain(pass.value)
})

test('the status of a request stays approved for those who manage it, whatever becomes of the authorization [AUTH-STA-03]', async () => {
  const w = await authorityWorld()
  const { id, authorizationId } = await w.redeemed()
  await w.act('revoke', id)
  expect(await w.show(id)).toMatchObject({ status: 'approved', authorization: { id: authorizationId, state: 'revoked' } })
})

test.each(['x', 'A'.repeat(43), '..', '%2e%2e', 'a%2Fb', '%00', '%E2%80%AE', '%E0%A4%A', 'null', "' OR 1=1 --", 'A'.repeat(4000)])(
  'an unknown id is 404: %s [AUTH-STA-06 AUTH-STA-14]',
  async (id) => {
    const w = await authorityWorld()
    await w.requested()
    const response = await w.status(id)
    expect([response.status, response.headers.get('cache-control')]).toEqual([404, 'no-store'])
    expect(['unknown_request', 'not_found']).toContain((await refusal(response))[1])
  },
)

test('a reference, a digest or a part of an id is no id: what people and logs see opens nothing [AUTH-STA-12]', async () => {
  const w = await authorityWorld()
  const { id } = await w.requested()
  const digest = createHash('sha256').update(id).digest('base64url')
  for (const guess of [(await w.show(id)).ref, digest, id.slice(0, -1), `${id}A`, id.toLowerCase()]) expect((await w.status(guess)).status).toBe(404)
})

test('HEAD learns nothing and changes nothing, and other methods are refused [AUTH-STA-14]', async () => {
  const w = await authorityWorld()
  const { id } = await w.requested()
  const head = await w.call('HEAD', `/issuance/${id}`)
  expect([head.status, await head.text()]).toEqual([200, ''])
  for (const method of ['POST', 'PUT', 'PATCH', 'OPTIONS'])
    expect(await refusal(await w.call(method, `/issuance/${id}`))).toEqual([405, 'method_not_allowed'])
  expect((await read(await w.status(id))).status).toBe('pending')
})

test('an issuance status is never kept, in any state [AUTH-STA-10]', async () => {
  const w = await authorityWorld()
  const { id } = await w.requested()
  expect((await w.status(id)).headers.get('cache-control')).toBe('no-store')
  await w.act('approve', id)
  const approved = await w.status(id)
  expect([approved.headers.get('cache-control'), approved.headers.get('referrer-policy')]).toEqual(['no-store', 'no-referrer'])
})

test('the Harness cancels by DELETE while the request is pending, and only then [AUTH-STA-13]', async () => {
  const w = await authorityWorld()
  const { id } = await w.requested()
  expect(await read(await w.cancel(id))).toMatchObject({ http: 200, id, status: 'canceled' })
  expect(await refusal(await w.cancel(id))).toEqual([409, 'already_decided'])
  expect(await refusal(await w.act('approve', id))).toEqual([409, 'already_decided'])
  const { id: approved } = await w.approved()
  expect(await refusal(await w.cancel(approved))).toEqual([409, 'already_decided'])
  expect((await w.status(approved)).status).toBe(200)
  expect(await refusal(await w.cancel('A'.repeat(43)))).toEqual([404, 'unknown_request'])
})

test('of an approval, a denial and the Harness’s own cancellation at once, at two instances, one holds, and all are told the same [AUTH-DEC-01 AUTH-STA-03]', async () => {
  const w = await authorityWorld()
  const other = await w.another()
  const ends = new Set<string>()
  for (let round = 0; round < 24; round++) {
    const { id } = await w.requested()
    const { digest } = await w.show(id)
    const acts = [
      () => w.manage(`/requests/${id}/approve`, { digest }),
      () => other.cancel(id),
      () => other.manage(`/requests/${id}/deny`, { digest }),
    ]
    const staggered = acts.map(async (act, i) => {
      await turns(((i + round) % 3) * 12)
      return act()
    })
    const answers = await Promise.all(staggered)
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409])
    const [here, there] = [await read(await w.status(id)), await read(await other.status(id))]
    expect(here).toEqual(there)
    expect(here.agentpass !== undefined).toBe(here.status === 'approved')
    ends.add(here.status)
  }
  expect(ends.size, 'now one came first, now another').toBeGreaterThan(1)
})

test('polls that race an approval, at two instances, see a request that waits or its one pass [AUTH-DEC-01 AUTH-ISS-15]', async () => {
  const w = await authorityWorld()
  const other = await w.another()
  for (let round = 0; round < 10; round++) {
    const { id } = await w.requested()
    const { digest } = await w.show(id)
    const polls = Array.from({ length: 10 }, (_, i) => async () => {
      await turns(i)
      return read(await (i % 2 ? w : other).status(id))
    })
    const [approval, ...seen] = await Promise.all([w.manage(`/requests/${id}/approve`, { digest }), ...polls.map((poll) => poll())])
    expect(approval.status).toBe(200)
    const { agentpass } = await read(await other.status(id))
    for (const poll of seen)
      expect(poll.status === 'pending' ? poll.agentpass : poll.agentpass?.value).toBe(poll.status === 'pending' ? undefined : agentpass!.value)
  }
})

test('who polls one request too fast is told to wait, and nobody else is [AUTH-STA-09]', async () => {
  const w = await authorityWorld({ limits: { polls_per_second: 5 } })
  const [flooded, other] = [await w.requested(), await w.requested()]
  const answers = await Promise.all(Array.from({ length: 100 }, () => w.status(flooded.id)))
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThanOrEqual(50)
  expect(Number(refused[0]!.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await refusal(refused[0]!)).toEqual([429, 'rate_limited'])
  expect((await w.status(other.id)).status).toBe(200)
})

test('ids and passes are 256 random bits: none twice, none a part of another [AUTH-STA-12 AUTH-ISS-16]', async () => {
  const w = await authorityWorld(APPROVING)
  const passes = await Promise.all(Array.from({ length: 300 }, () => w.approved()))
  const all = passes.flatMap(({ id, value }) => [id, value])
  expect(new Set(all).size).toBe(all.length)
  for (const text of all) expect(Buffer.from(text, 'base64url')).toHaveLength(32)
  const ones = all.map((text) => Buffer.from(text, 'base64url').reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0))
  expect(ones.reduce((a, b) => a + b) / all.length).toBeGreaterThan(120) // of 256 bits about half are set
})

test('a pass is not to be computed from what others know: with the same id two Authorities make two passes [AUTH-ISS-16]', async () => {
  const random = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64url')
  const make = async () => {
    const { authority, desk } = await authorityWorld(APPROVING)
    const { effects, adminToken } = authority.opening
    const second = await openAuthority({ ...authority.opening, effects: { ...effects, random } })
    onTestFinished(second.stop)
    const { id, agentpass } = IssuanceStatus.parse(await (await callers(second, adminToken).issue()).json())
    const known = [id, desk.origin, HARNESS, ''].flatMap((text) => [id + text, text + id])
    const digests = known.map((text) => createHash('sha256').update(text).digest('base64url'))
    expect([...known, ...digests]).not.toContain(agentpass!.value)
    return { id, value: agentpass!.value }
  }
  const [one, two] = [await make(), await make()]
  expect(one.id).toBe(two.id)
  expect(one.value).not.toBe(two.value)
})
