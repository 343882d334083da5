/** Push revocation among the three real parties (protocol 10): what is ended at the Authority is over at the Service at once. */
import { expect, test } from 'vitest'
import { turns } from './authority-rig.ts'
import { AUTHORITY, SERVICE, world } from './parties.ts'

const EVENTS = `${SERVICE}/agentpass/security-events`
type World = Awaited<ReturnType<typeof world>>

/** A token that was used a moment ago, so that a good answer is kept for as long as may be; and how often the Authority was asked. */
async function holding(settings: object = {}) {
  const w = await world({ service: { lifetimes: { check_seconds: 30 }, ...settings } })
  const { token } = await w.acquired()
  const read = async () => (await w.call('/api/tickets', token)).status
  const write = async () => (await w.call('/api/tickets', token, { method: 'POST', body: '{}' })).status
  expect([await read(), await write()]).toEqual([200, 200])
  const calls = (url: string) => w.calls.filter((call) => call.url === url).length
  return { w, token, read, write, checks: () => calls(`${AUTHORITY}/authorization/check`), pushes: () => calls(EVENTS) }
}

/** Lets the Authority push, and the Service answer. */
async function pushed(w: World, outcome = 'delivered'): Promise<void> {
  while (!(await metrics(w)).includes(`agentpass_decisions_total{event="push",outcome="${outcome}",code=""} 1`)) await turns(1)
}
const metrics = async (w: World) => (await w.manage('/metrics')).text()

test('a revoked delegation is refused at the next call, though a good answer was kept for it, and the Authority is not asked', async () => {
  const { w, read, checks } = await holding()
  expect((await w.revoke()).status).toBe(200)
  await pushed(w)
  expect(await read()).toBe(401)
  expect(checks()).toBe(1)
})

test('a narrowed delegation is seen at the next call', async () => {
  const { w, read, write, checks } = await holding()
  expect((await w.act('narrow', { scope: ['tickets:read'] })).status).toBe(200)
  await pushed(w)
  expect([await read(), await write(), checks()]).toEqual([200, 403, 2])
})

test('a Service that does not publish the address is not told, and notices at its next check', async () => {
  const { w, read, pushes } = await holding({ security_events: false })
  await w.revoke()
  while ((await metrics(w)).includes('agentpass_outbox_events 1')) await turns(1)
  expect([await read(), pushes()]).toEqual([200, 0])
  w.pass(30)
  expect(await read()).toBe(401)
})

test('a Harness that says its task is done is not told about back: the Service knows', async () => {
  const { w, token, read, pushes } = await holding()
  await w.service.app.request(`${SERVICE}/agentpass/revoke`, { method: 'POST', body: new URLSearchParams({ token }) })
  await turns(50)
  expect([await read(), pushes()]).toEqual([401, 0])
})

test('an event for one Service is of no use at another', async () => {
  const { w, read } = await holding()
  await w.revoke()
  await pushed(w)
  const sent = w.calls.find(({ url }) => url === EVENTS)
  const elsewhere = await world({ service: { service: 'https://other.example' } })
  const replayed = await elsewhere.service.app.request('https://other.example/agentpass/security-events', {
    method: 'POST',
    headers: sent?.headers ?? {},
    body: sent?.body ?? '',
  })
  expect([replayed.status, await replayed.json()]).toMatchObject([400, { err: 'invalid_audience' }])
  expect(elsewhere.calls).toEqual([])
  expect(await read()).toBe(401)
})
