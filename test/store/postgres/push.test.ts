/** Several instances of a Service on one PostgreSQL database: what ends or narrows at one is over at all of them at once, whatever they have cached. */
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { openService } from '../../../service/node/open.ts'
import { AUTHORITY, SERVICE, world } from '../../parties.ts'

/** Two instances that have both asked the Authority a moment ago, the second after the first; `there` calls the second. */
async function two(settings: object = {}) {
  const w = await world({ service: { lifetimes: { check_seconds: 30 }, ...settings } })
  const second = await openService(w.service.opening)
  onTestFinished(second.stop)
  const administrator = new pg.Client(w.service.opening.database)
  await administrator.connect()
  onTestFinished(() => administrator.end())
  const inListeners = "pg_stat_activity where datname = current_database() and application_name = 'agentpass listener'"
  const { token } = await w.acquired()
  const init = (method: string) => ({ method, headers: { authorization: `Bearer ${token}` }, ...(method === 'POST' && { body: '{}' }) })
  const there = async (method = 'GET') => (await second.app.request(`${SERVICE}/api/tickets`, init(method))).status
  const here = async () => (await w.call('/api/tickets', token)).status
  expect(await here()).toBe(200)
  w.pass(15)
  expect([await there('POST'), await there()]).toEqual([200, 200])
  const checks = () => w.calls.filter(({ url }) => url === `${AUTHORITY}/authorization/check`).length
  expect(checks()).toBe(2)
  return { w, token, here, there, checks, cut: () => administrator.query(`select pg_terminate_backend(pid) from ${inListeners}`) }
}

test('what the Authority ended and told one, the other refuses at once, and asks nobody', async () => {
  const { w, there, checks } = await two()
  await w.revoke()
  await expect.poll(there).toBe(401)
  expect(checks()).toBe(2)
})

test('what it narrowed and told one, the other asks about at its next request', async () => {
  const { w, there, checks } = await two()
  await w.act('narrow', { scope: ['tickets:read'] })
  await expect.poll(() => there('POST')).toBe(403)
  expect([await there(), checks()]).toEqual([200, 3])
})

test('a token that its Harness gave back at one is refused by the other', async () => {
  const { w, token, there, checks } = await two()
  await w.service.app.request(`${SERVICE}/agentpass/revoke`, { method: 'POST', body: new URLSearchParams({ token }) })
  await expect.poll(there).toBe(401)
  expect(checks()).toBe(2)
})

test('what one learnt by asking, the other knows', async () => {
  const { w, here, there, checks } = await two({ security_events: false })
  await w.revoke()
  w.pass(15)
  expect(await there()).toBe(200) // its answer of a moment ago is still good
  expect(await here()).toBe(401)
  await expect.poll(there).toBe(401)
  expect(checks()).toBe(3)
})

test('an instance that may have missed something asks again about everything', async () => {
  const { there, checks, cut } = await two()
  await cut()
  await expect.poll(async () => [await there(), checks()]).toEqual([200, 3])
})
