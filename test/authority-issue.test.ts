/** What becomes of a good issuance request. */
import { expect, test } from 'vitest'
import { IssuanceStatus } from '../spec/wire/issuance.ts'
import { APPROVING, authorityWorld, HARNESS, message, refusal, TASK } from './authority-rig.ts'
import { AUTHORITY, SERVICE, USER } from './parties.ts'

test('a good request is answered 202 with a pending status, never kept [AUTH-ISS-01 AUTH-ISS-02 AUTH-STA-04]', async () => {
  const w = await authorityWorld()
  const response = await w.issue()
  expect([response.status, response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([
    202,
    'application/json',
    'no-store',
  ])
  const status = IssuanceStatus.parse(await response.json())
  expect(status).toEqual({
    id: expect.stringMatching(/^[\w-]{43}$/),
    status: 'pending',
    type: 'bearer_token',
    expires_at: new Date((w.now() + 900) * 1000).toISOString(),
    poll_after_ms: expect.any(Number),
    links: { self: `${AUTHORITY}/issuance/${status.id}`, events: `${AUTHORITY}/issuance/${status.id}/events` },
  })
  expect(status.poll_after_ms).toBeGreaterThanOrEqual(1000)
})

test.each(['bearer_token', 'browser_session'])(
  'where policy approves, the answer to a %s request is final and carries its pass [AUTH-ISS-14 AUTH-ISS-15]',
  async (type) => {
    const w = await authorityWorld(APPROVING)
    const response = await w.issue(message({ type }))
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const status = IssuanceStatus.parse(await response.json())
    expect(status).toMatchObject({ status: 'approved', type, agentpass: { type, value: expect.stringMatching(/^[\w-]{43}$/) } })
    expect(Date.parse(status.expires_at!) / 1000).toBe(w.now() + 120)
  },
)

test('a request that an approver approves carries a pass of its type then, too [AUTH-ISS-15]', async () => {
  const w = await authorityWorld()
  const { id } = await w.requested({ type: 'browser_session' })
  expect((await w.act('approve', id)).status).toBe(200)
  expect(await (await w.status(id)).json()).toMatchObject({ id, status: 'approved', agentpass: { type: 'browser_session' } })
})

test('members that are none of the request are ignored, at every level: nobody names their own outcome [VER-07 AUTH-ISS-19]', async () => {
  const w = await authorityWorld()
  const outcome = { id: 'mine', status: 'approved', scope: ['*'], scopes: ['*'], expires_at: '2099-01-01T00:00:00Z', agentpass: { value: 'mine' } }
  const hostile = message({
    ...outcome,
    agent: { id: 'ceo-agent' },
    pass_digest: 'x',
    decided_by: 'admin token',
    user: { email: USER, ...outcome },
    harness: { ...outcome, id: HARNESS, tier: 'attested' },
    task: { ...outcome, ...TASK, attested: true },
    intent: outcome,
  })
  const status = IssuanceStatus.parse(await (await w.issue(hostile)).json())
  expect(status.status).toBe('pending')
  const { shown } = await w.show(status.id)
  expect(shown).toMatchObject({ agent: { id: HARNESS }, harness: { tier: 'unverified' }, task: { ...TASK, attested: false } })
  expect(await w.act('approve', status.id)).toMatchObject({ status: 200 })
  const { agentpass } = IssuanceStatus.parse(await (await w.status(status.id)).json())
  const answer = await (await w.validate(agentpass!.value, w.desk.bearer())).json()
  expect(answer).toMatchObject({ agent: { id: HARNESS }, scope: ['tickets:read', 'tickets:write'], task: { attested: false } })
})

test('a member named __proto__ gives a request nothing [VER-07]', async () => {
  const w = await authorityWorld()
  const text = JSON.stringify(message()).replace('{', '{"__proto__":{"status":"approved","intent":{"destination_url":"https://evil.example/"}},')
  expect(await (await w.issue(text)).json()).toMatchObject({ status: 'pending' })
  expect({}).not.toHaveProperty('status')
})

test.each([
  'ada@other.example',
  'ada@sub.acme.example',
  'ada@acme.example.evil.example',
  'ada@xacme.example',
  'ada@constructor',
  'ada@__proto__.example',
])('an enterprise Authority refuses a user of a domain it does not serve: %s [AUTH-ISS-23]', async (email) => {
  const w = await authorityWorld(APPROVING)
  const [status] = await refusal(await w.issue(message({ user: { email } })))
  expect([400, 403]).toContain(status)
  expect(w.calls).toEqual([])
  expect((await w.issue()).status).toBe(200)
})

test('a domain is served in whatever letters or script it is written; the address itself stays as it was sent [AUTH-ISS-23 AUTH-VAL-19]', async () => {
  const w = await authorityWorld({ ...APPROVING, domains: ['acme.example', 'xn--bcher-kva.example'] })
  for (const email of ['Ada@ACME.example', 'ada@bücher.example', 'ada@xn--bcher-kva.example'])
    expect((await w.redeemed({ user: { email } })).answer.user.email).toBe(email)
})

test('an Authority that is none of an enterprise serves users of any domain unless its settings name some [AUTH-ISS-23]', async () => {
  const w = await authorityWorld({ ...APPROVING, trust_mode: 'federated', domains: undefined })
  expect((await w.issue(message({ user: { email: 'ada@anywhere.example' } }))).status).toBe(200)
})

test('the destination of a browser session is shown to the approver, and whether it is on the origin of the Service [AUTH-ISS-12]', async () => {
  const w = await authorityWorld()
  const shown = async (type: string, destination_url: string) =>
    (await w.show((await w.requested({ type, intent: { destination_url } })).id)).shown.destination
  const home = `${SERVICE}/tickets/17#answer`
  expect(await shown('browser_session', home)).toEqual({ url: home, on_service_origin: true })
  for (const url of ['https://evil.example/', 'https://desk.example.evil.example/', 'https://desk.example:8443/'])
    expect(await shown('browser_session', url)).toEqual({ url, on_service_origin: false })
  expect(await shown('bearer_token', home)).toBeUndefined()
})

test('a caller that asks too often is told to wait, and for how long; nothing breaks [AUTH-ISS-22]', async () => {
  const w = await authorityWorld({ limits: { issuances_per_minute: 3, polls_per_second: 100 } })
  const answers = await Promise.all(Array.from({ length: 20 }, () => w.issue()))
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(3)
  const refused = answers.filter(({ status }) => status !== 202)
  for (const answer of refused) {
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refusal(answer)).toEqual([429, 'rate_limited'])
  }
})

test('callers behind the proxy that the settings trust are told apart by what it says, and by nothing a caller can add [AUTH-ISS-22]', async () => {
  const w = await authorityWorld({ limits: { issuances_per_minute: 1 }, client_address_header: 'x-real-ip' })
  const from = async (address: string) => (await w.issue(undefined, { 'x-real-ip': address })).status
  expect([await from('192.0.2.1'), await from('192.0.2.1'), await from('192.0.2.2')]).toEqual([202, 429, 202])
  expect(await from('203.0.113.7, 192.0.2.1')).toBe(429)
})
