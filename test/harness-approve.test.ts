import { expect, test } from 'vitest'
import { toRfc3339 } from '../spec/time.ts'
import { ACME, answer, approved, authorityDocument, DESK, type HarnessRig, harnessRig, PASS, pending, refusal, TOKEN } from './harness-rig.ts'

const polls = (h: HarnessRig) => h.callsTo(ACME).filter((call) => call.startsWith('GET /some/where/requests/')).length
const redemptions = (h: HarnessRig) => h.posted(`${DESK}/redeem/bearer`).length
const unpolled = ({ poll_after_ms: _, ...rest }: ReturnType<typeof pending>) => rest

test('it goes on asking for as long as the answer is pending [HAR-POLL-01]', async () => {
  const h = harnessRig()
  h.authority.polls = [...Array(5).fill(answer(pending())), answer(approved())]
  expect(await h.acquire()).toMatchObject({ token: TOKEN })
  expect(polls(h)).toBe(6)
})

test('what is approved at once is not asked for again [HAR-POLL-01]', async () => {
  const h = harnessRig()
  h.authority.issue = answer(approved())
  expect(await h.acquire()).toMatchObject({ token: TOKEN })
  expect(polls(h)).toBe(0)
})

test('the wanted pause is kept, and never under a second [HAR-POLL-02]', async () => {
  const h = harnessRig()
  h.authority.issue = answer(pending({ poll_after_ms: 3000 }), 202)
  h.authority.polls = [answer(pending({ poll_after_ms: 0 })), answer(pending({ poll_after_ms: 1500 })), answer(approved())]
  await h.acquire()
  expect(h.waits).toEqual([3000, 1000, 1500])
})

test('a pause that no timer can keep is cut, not skipped [HAR-POLL-02]', async () => {
  const h = harnessRig()
  h.authority.issue = answer(pending({ poll_after_ms: 2 ** 40, expires_at: '2999-01-01T00:00:00Z' }), 202)
  await h.acquire()
  expect(h.waits).toEqual([3_600_000])
})

test('without a wanted pause the pauses grow, and stay bounded [HAR-POLL-03]', async () => {
  const h = harnessRig()
  h.authority.issue = answer(unpolled(pending()), 202)
  h.authority.polls = [...Array(19).fill(answer(unpolled(pending()))), answer(approved())]
  await h.acquire()
  expect(h.waits).toHaveLength(20)
  expect(h.waits[0]).toBe(1000)
  for (const [index, ms] of h.waits.slice(1).entries()) expect(ms).toBeGreaterThanOrEqual(h.waits[index]!)
  expect(h.waits.at(-1)).toBe(30_000)
})

test.each(['denied', 'expired', 'canceled'])('%s ends the trip: no further poll, no redemption [HAR-POLL-04]', async (status) => {
  const h = harnessRig()
  h.authority.polls = [answer(pending({ status, reason: 'not today\u0007' })), answer(approved())]
  expect(await h.failure()).toMatchObject({ step: 'approve', peer: ACME, message: `the request was ${status}: not today·` })
  expect([polls(h), redemptions(h)]).toEqual([1, 0])
})

test.each([
  ['no pass', approved({ agentpass: undefined })],
  ['a pass without value', approved({ agentpass: { type: 'bearer_token' } })],
  ['an empty pass', approved({ agentpass: { type: 'bearer_token', value: '' } })],
  ['a pass of the other type', approved({ agentpass: { type: 'browser_session', value: PASS } })],
])('approved with %s ends the trip, and nothing is redeemed [HAR-POLL-05]', async (_, status) => {
  const h = harnessRig()
  h.authority.polls = [answer(status)]
  expect(await h.failure()).toMatchObject({ step: 'approve', peer: ACME })
  expect([polls(h), redemptions(h)]).toEqual([1, 0])
})

test.each(['weird', 'APPROVED', '', null])('the status %j is an error, not pending [HAR-POLL-06]', async (status) => {
  const h = harnessRig()
  h.authority.polls = [answer(approved({ status }))]
  expect(await h.failure()).toMatchObject({ step: 'approve' })
  expect([polls(h), redemptions(h)]).toEqual([1, 0])
})

test.each([404, 410, 400, 403])('%i on status is final [HAR-POLL-07]', async (status) => {
  const h = harnessRig()
  h.authority.polls = [refusal(status), answer(approved())]
  expect(await h.failure()).toMatchObject({ step: 'approve' })
  expect(polls(h)).toBe(1)
})

test('a refusal that quotes the id of the request, with which the pass can be had, is told by its status alone', async () => {
  const h = harnessRig()
  for (const status of [404, 503]) {
    h.authority.polls = [refusal(status, 'unknown_request', 'there is no request-1')]
    expect(await h.failure()).toMatchObject({ step: 'approve', message: `answered ${status}` })
  }
})

test('429, 5xx and an outage are asked again with growing pauses, and no more than six times in a row [HAR-POLL-07]', async () => {
  const h = harnessRig()
  h.authority.polls = [refusal(429), refusal(500), refusal(503), answer(pending()), refusal(502), answer(approved())]
  expect(await h.acquire()).toMatchObject({ token: TOKEN })
  expect(h.waits).toEqual([1000, 1000, 2000, 4000, 1000, 1000])

  const down = harnessRig()
  down.authority.polls = [refusal(503, 'overloaded', 'too busy')]
  expect((await down.failure()).message).toContain('too busy')
  expect([polls(down), down.waits]).toEqual([6, [1000, 1000, 2000, 4000, 8000, 16_000]])

  const gone = harnessRig()
  gone.authority.issue = () => {
    gone.net.unplug(ACME)
    return answer(pending(), 202)()
  }
  expect(await gone.failure()).toMatchObject({ step: 'approve', message: 'the authority cannot be reached any more' })
  expect(gone.waits).toHaveLength(6)
})

test('a redirect in place of a status is no outage: it is final, at once, and nobody goes where it leads [HAR-POLL-07] [HAR-RES-09]', async () => {
  const h = harnessRig()
  h.addAuthority('https://evil.example')
  h.authority.polls = [() => new Response(null, { status: 302, headers: { location: 'https://evil.example/configuration' } }), answer(approved())]
  const failure = await h.failure()
  expect(failure).toMatchObject({ step: 'approve', peer: ACME, message: 'answered 302, a redirect: none is ever followed' })
  expect([polls(h), redemptions(h), h.waits, h.callsTo('https://evil.example')]).toEqual([1, 0, [1000], []])
})

test.each([
  ['an outage', () => Promise.reject(new TypeError('fetch failed'))],
  ['503', refusal(503, 'overloaded')],
])('%s is asked again up to the deadline, and looked at once more after it [HAR-POLL-07] [HAR-POLL-08]', async (_, poll) => {
  const h = harnessRig()
  const deadline = h.now() + 5
  h.authority.issue = answer(pending({ expires_at: toRfc3339(deadline) }), 202)
  const polledAt: number[] = []
  const fetch: typeof h.fetch = async (url, init) => {
    if (!url.includes('/requests/')) return h.fetch(url, init)
    polledAt.push(h.now())
    return poll()
  }
  expect(await h.failure({ fetch })).toMatchObject({ step: 'approve', peer: ACME })
  expect(polledAt.map((at) => at - deadline)).toEqual([-4, -3, -1, 1])
})

test('Retry-After is honoured, up to the deadline [HAR-POLL-07]', async () => {
  const h = harnessRig()
  h.authority.issue = answer(pending({ expires_at: toRfc3339(h.now() + 600) }), 202)
  const busy = (seconds: string) => () => new Response('{}', { status: 429, headers: { 'retry-after': seconds } })
  h.authority.polls = [busy('120'), busy('0'), busy('9999'), answer(approved())]
  await h.acquire()
  expect(h.waits).toEqual([1000, 120_000, 2000, 480_000 - 2000])
})

test('it polls once more after the deadline, then gives up [HAR-POLL-08]', async () => {
  const h = harnessRig()
  const deadline = h.now() + 5
  const waiting = answer(pending({ expires_at: toRfc3339(deadline), poll_after_ms: 4000 }), 202)
  h.authority.issue = waiting
  const polledAt: number[] = []
  h.authority.polls = [
    () => {
      polledAt.push(h.now())
      return waiting()
    },
  ]
  expect(await h.failure()).toMatchObject({ step: 'approve', message: 'nobody decided in time' })
  expect(polledAt).toEqual([deadline - 1, deadline + 1])
  expect(redemptions(h)).toBe(0)
})

test('without a deadline its patience ends all the same [HAR-POLL-08]', async () => {
  const h = harnessRig()
  const startedAt = h.now()
  h.authority.polls = [answer(pending())]
  expect((await h.failure()).message).toBe('nobody decided in time')
  expect(h.now() - startedAt).toBe(901)
})

test.each([
  ['../x', '/some/where/requests/..%2Fx'],
  ['a/b?c#d', '/some/where/requests/a%2Fb%3Fc%23d'],
  ['{id}', '/some/where/requests/%7Bid%7D'],
  ['$&', '/some/where/requests/%24%26'],
  ['%2e%2e', '/some/where/requests/%252e%252e'],
])('the id %j is expanded percent-encoded [HAR-POLL-09]', async (id, path) => {
  const h = harnessRig()
  h.authority.issue = answer(pending({ id }), 202)
  await h.acquire()
  expect(h.callsTo(ACME)).toContain(`GET ${path}`)
})

test.each(['.', '..', '\ud800'])('the id %j cannot be expanded and ends the trip [HAR-POLL-09]', async (id) => {
  const h = harnessRig()
  h.authority.issue = answer(pending({ id }), 202)
  expect(await h.failure()).toMatchObject({ step: 'approve', peer: ACME })
  expect(polls(h)).toBe(0)
})

test('an id never chooses the host [HAR-POLL-09]', async () => {
  const h = harnessRig()
  const endpoints = { ...authorityDocument(ACME).endpoints, issuance_status: 'https://{id}.example/status' }
  h.authority.configuration = answer(authorityDocument(ACME, { endpoints }))
  h.authority.issue = answer(pending({ id: 'evil' }), 202)
  const failure = await h.failure()
  expect(failure).toMatchObject({ step: 'approve' })
  expect(h.callsTo('https://evil.example')).toEqual([])
})
