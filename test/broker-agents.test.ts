/** Who may come to a broker: the agents it knows, each to its own tasks, and no web page. */
import { expect, test } from 'vitest'
import { AGENTS, brokerRig } from './broker-rig.ts'
import { answer, approvedSession, COOKIE, DESK, ONE_TIME, referenceTo, TASK, USER } from './harness-rig.ts'

test.each([
  ['none', undefined],
  ['another one', 'Bearer credential-of-somebody-else'],
  ['another scheme', `Basic ${AGENTS.builder}`],
  ['an empty one', 'Bearer '],
])('without the credential of an agent nothing is answered and nothing sent: %s', async (_, authorization) => {
  const b = await brokerRig()
  const { id } = await b.ready()
  const calls = b.calls.length
  const headers = authorization === undefined ? {} : { authorization }
  for (const [method, path] of EVERYTHING(id))
    expect([method, path, (await b.call(undefined, method, path, { headers })).status]).toEqual([method, path, 401])
  expect(b.calls.length).toBe(calls)
  expect(await b.show(id)).toMatchObject({ status: 'ready' })
})

const EVERYTHING = (id: string): [string, string][] => [
  ['POST', '/tasks'],
  ['GET', '/tasks'],
  ['GET', `/tasks/${id}`],
  ['GET', `/tasks/${id}/events`],
  ['GET', `/tasks/${id}/http/api`],
  ['POST', `/tasks/${id}/http/api`],
  ['DELETE', `/tasks/${id}`],
  ['POST', '/mcp'],
  ['GET', '/mcp'],
]

test("another agent's task is as good as none: it is not seen, not used and not ended", async () => {
  const b = await brokerRig()
  const { id } = await b.ready()
  const calls = b.calls.length
  for (const [method, path] of EVERYTHING(id).filter(([, path]) => path.includes(id)))
    expect([method, path, (await b.call('clerk', method, path)).status]).toEqual([method, path, 404])
  expect((await (await b.call('clerk', 'GET', '/tasks')).json()).tasks).toEqual([])
  expect((await (await b.call('clerk', 'GET', '/tasks/task-of-nobody')).json()).error.code).toBe('not_found')
  expect(b.calls.length).toBe(calls)
  expect((await (await b.call('builder', 'GET', '/tasks')).json()).tasks).toMatchObject([{ id, status: 'ready' }])
})

test('an agent that is limited asks for its own users and services alone', async () => {
  const b = await brokerRig()
  const start = async (more: object) =>
    (await b.call('clerk', 'POST', '/tasks', b.json({ service: DESK, user: USER, description: TASK, ...more }))).status
  expect(await start({ user: 'bo@else.example' })).toBe(403)
  expect(await start({ service: 'https://vault.example' })).toBe(403)
  expect(b.calls).toEqual([])
  expect(await start({})).toBe(201)
})

test('an agent has so many live tasks, and another one when one of them is over', async () => {
  const b = await brokerRig()
  const first = await b.ready()
  for (let i = 0; i < 4; i++) await b.ready()
  const refused = await b.call('builder', 'POST', '/tasks', b.json({ service: DESK, user: USER, description: TASK }))
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
  await b.call('builder', 'DELETE', `/tasks/${first.id}`)
  expect((await b.ready()).status).toBe('ready')
})

test.each([
  ['from another origin', { origin: 'https://evil.example' }],
  ['from the page of a program on this machine', { origin: 'http://127.0.0.1:3000' }],
  ['from a page without an origin', { origin: 'null' }],
  ['that a browser says comes from another site', { 'sec-fetch-site': 'cross-site' }],
  ['that a browser says comes from the same site', { 'sec-fetch-site': 'same-origin' }],
])('a web page gets nothing, even with the credential: a request %s', async (_, headers) => {
  const b = await brokerRig()
  const { id } = await b.ready()
  const calls = b.calls.length
  for (const [method, path] of EVERYTHING(id))
    expect([method, path, (await b.call('builder', method, path, { headers })).status]).toEqual([method, path, 403])
  expect(b.calls.length).toBe(calls)
  expect(await b.show(id)).toMatchObject({ status: 'ready' })
})

test.each(['evil.example', 'broker.example.evil.example', 'broker.example:81', '127.0.0.1'])(
  'a name that was pointed at the broker gets nothing: %s',
  async (host) => {
    const b = await brokerRig()
    const { id } = await b.ready()
    for (const [method, path] of [...EVERYTHING(id), ['GET', '/open/x'] as const])
      expect([method, path, (await b.call('builder', method, path, { host })).status]).toEqual([method, path, 403])
    expect((await b.call('builder', 'GET', `/tasks/${id}`, { host: 'BROKER.example' })).status).toBe(200)
  },
)

test('a browser session begins at a page that is given out once, and to no look ahead; no answer to the agent has what is in it', async () => {
  const b = await brokerRig()
  b.authority.polls = [answer(approvedSession())]
  const ready = await b.ready({ type: 'browser_session', destination: `${DESK}/tickets/17` })
  const path = new URL(ready.links.open).pathname
  expect((await b.call(undefined, 'GET', path, { headers: { 'sec-purpose': 'prefetch' } })).status).toBe(503)
  expect((await b.call(undefined, 'HEAD', path)).status).toBe(405)
  const page = await b.call(undefined, 'GET', path, { headers: { 'sec-fetch-site': 'none' } })
  expect([page.status, page.headers.get('cache-control'), await page.text()]).toEqual([200, 'no-store', expect.stringContaining(ONE_TIME)])
  expect((await b.call(undefined, 'GET', path)).status).toBe(410)
  const after = await b.show(ready.id)
  expect([after.status, after.links.open]).toEqual(['ready', undefined])
  expect(JSON.stringify([ready, after, await b.trail(), b.lines])).not.toContain(ONE_TIME)
  expect((await b.call('builder', 'GET', `/tasks/${ready.id}/http/api`)).status).toBe(422)
  const ended = await (await b.call('builder', 'DELETE', `/tasks/${ready.id}`)).json()
  expect(ended).toMatchObject({ status: 'ended', failure: { message: 'the session is known to the browser alone' } })
  expect(JSON.stringify(b.calls)).not.toContain(COOKIE)
})

test('a page that nobody loaded in time begins nothing', async () => {
  const b = await brokerRig()
  b.authority.polls = [answer(approvedSession())]
  const ready = await b.ready({ type: 'browser_session' })
  b.pass(3600)
  expect((await b.call(undefined, 'GET', new URL(ready.links.open).pathname)).status).toBe(410)
  await b.broker.chore('expiry')
  expect(await b.show(ready.id)).toMatchObject({ status: 'expired' })
})

test('several authorities are no reason to ask one that was not offered', async () => {
  const b = await brokerRig()
  b.service.resolve = answer({ trusted_federated_authorities: [referenceTo('https://one.example'), referenceTo('https://two.example')] })
  const failed = await b.until((await b.start('builder', { authority: 'https://three.example' })).id, 'failed')
  expect(failed.failure).toMatchObject({ step: 'resolve', message: 'the chosen authority is none of those the service offers' })
})
