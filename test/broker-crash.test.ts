/** A broker that is killed: what its successor says of a task is true, nothing is used twice, and what was given is ended or listed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { home, startBroker } from './broker-process-rig.ts'
import { compiled } from './compiled.ts'
import type { Hop } from './world/tap.ts'
import { startWorld, type World } from './world/world.ts'

let world: World
const hops: Hop[] = []
beforeAll(async () => {
  world = await startWorld({ onHop: (hop) => void hops.push(hop) })
})
afterAll(() => world.stop())

const wanted = (more: object = {}) => ({ service: world.service.origin, user: world.user, description: 'Answer ticket 1002', ...more })
const validations = () => hops.filter(({ party, asked }) => party === 'service' && asked.includes('/validate')).length
const statuses = async () => {
  const headers = { authorization: `Bearer ${world.authority.management.token}` }
  const { requests } = (await (await fetch(`${world.authority.management.url}/requests`, { headers })).json()) as any
  return requests.map(({ status }: { status: string }) => status)
}

test('killed while a person decides: after the restart the request is called off, the task says so, and a late approval is no more possible', async () => {
  const own = home(world)
  const first = await startBroker(own)
  const { id } = JSON.parse((await first.call('POST', '/tasks', wanted())).body)
  await first.until(id, ({ waiting }) => waiting !== undefined)
  await first.kill()
  const before = validations()
  const second = await startBroker(own)
  expect(await second.show(id)).toMatchObject({ status: 'failed', failure: { step: 'approve', message: expect.stringContaining('called off') } })
  expect((await statuses())[0]).toBe('canceled')
  await expect(world.decide('approve')).rejects.toThrow()
  expect(validations()).toBe(before)
  expect(await second.stop()).toBe(0)
})

test('killed after the redemption, and during a call: after the restart the task is ready, its access is used and given back', async () => {
  const own = home(world)
  const first = await startBroker(own)
  const { id } = JSON.parse((await first.call('POST', '/tasks', wanted({ scope: ['tickets:read'] }))).body)
  await first.until(id, ({ waiting }) => waiting !== undefined)
  await world.decide('approve', { scope: ['tickets:read'] })
  await first.until(id, ({ status }) => status === 'ready')
  const calling = first.call('GET', `/tasks/${id}/http/api/tickets`).catch(() => undefined) // may break off
  await first.kill()
  await calling
  const before = validations()
  const second = await startBroker(own)
  expect(await second.show(id)).toMatchObject({ status: 'ready', scope: ['tickets:read'] })
  expect((await second.call('GET', `/tasks/${id}/http/api/me`)).status).toBe(200)
  expect(JSON.parse((await second.call('DELETE', `/tasks/${id}`)).body)).toMatchObject({ status: 'ended' })
  expect(validations()).toBe(before) // no pass was sent again
  await expect(world.decide('revoke')).rejects.toThrow('no pass or authorization that is still alive')
  expect(await second.stop()).toBe(0)
})

test('what it keeps is for this user alone', async () => {
  const own = home(world)
  const broker = await startBroker(own)
  const { id } = JSON.parse((await broker.call('POST', '/tasks', wanted())).body)
  await broker.until(id, ({ waiting }) => waiting !== undefined)
  await world.decide('approve', { scope: ['tickets:read'] })
  await broker.until(id, ({ status }) => status === 'ready')
  const folder = join(own.folder, 'state/agentpass/broker')
  expect((statSync(folder).mode & 0o777).toString(8)).toBe('700')
  for (const file of ['token', 'master.key']) expect((statSync(join(folder, file)).mode & 0o777).toString(8)).toBe('600')
  await broker.call('DELETE', `/tasks/${id}`)
  await broker.stop()
})

test('a second broker of the same user does not start beside the first, and says why', async () => {
  const own = home(world)
  const first = await startBroker(own)
  await expect(startBroker(own)).rejects.toThrow('is in use')
  expect((await first.call('GET', '/tasks')).status).toBe(200)
  await first.stop()
})

test('status tells what the broker holds and logout ends it; whoever has its port once it has gone is shown nothing', async () => {
  const own = home(world)
  const agentpass = async (...args: string[]) => {
    const child = spawn(process.execPath, [compiled('harness/main.js'), ...args, '--json'], { env: own.env })
    let out = ''
    child.stdout.on('data', (data) => (out += data))
    await once(child, 'close')
    return JSON.parse(out)
  }
  const broker = await startBroker(own)
  const { id } = JSON.parse((await broker.call('POST', '/tasks', wanted())).body)
  await broker.until(id, ({ waiting }) => waiting !== undefined)
  await world.decide('approve', { scope: ['tickets:read'] })
  await broker.until(id, ({ status }) => status === 'ready')
  expect((await agentpass('status')).tasks).toMatchObject([{ id, status: 'ready', service: world.service.origin }])
  expect((await agentpass('logout')).tasks).toMatchObject([{ id, status: 'ended' }])
  await expect(world.decide('revoke')).rejects.toThrow('no pass or authorization that is still alive')
  await broker.kill()
  const heard: unknown[] = []
  const squatter = createServer(({ headers }, response) => void response.end(JSON.stringify({ tasks: [], asked: heard.push(headers) })))
  await once(squatter.listen(Number(new URL(broker.origin).port), '127.0.0.1'), 'listening')
  expect((await agentpass('status')).tasks).toEqual([])
  squatter.close()
  expect(heard).toEqual([])
})
