/** The local world: real DNS, real certificates, real SQLite, three parties and an app, on loopback. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type Acquired, acquire, type Wanted } from '../harness/acquire.ts'
import { openNetwork } from '../spec/node/network.ts'
import type { AuthorityParty } from './world/authority.ts'
import type { Hop } from './world/tap.ts'
import { startWorld, type World, type WorldOptions } from './world/world.ts'

const TASK = 'Answer ticket 3'
/** Every request of a session is checked with the Authority, so that no test waits for a cache. */
const UNCACHED = { lifetimes: { check_seconds: 0 } }

async function opened(options: WorldOptions = {}): Promise<World & { hops: Hop[] }> {
  const hops: Hop[] = []
  const world = await startWorld({ service: UNCACHED, onHop: (hop) => void hops.push(hop), ...options })
  onTestFinished(world.stop)
  return { ...world, hops }
}

/** The whole trip, in which the approver does this as soon as there is something to decide. */
async function trip(world: World, decide: () => Promise<void>, harness = world.harness, wanted: Partial<Wanted> = {}): Promise<Acquired> {
  let decided: Promise<void> | undefined
  const onProgress = ({ kind }: { kind: string }) => {
    if (kind === 'waiting') decided ??= decide()
  }
  const held = await acquire({ ...harness, onProgress }, { service: world.service.origin, user: world.user, task: TASK, ...wanted })
  await decided
  return held
}
const approve = (world: World, ...scope: string[]) => trip(world, () => world.decide('approve', { scope }))

function calling(world: World, { token }: Acquired) {
  return async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }
    const response = await world.harness.fetch(world.service.origin + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    return { status: response.status, challenge: response.headers.get('www-authenticate'), body: await response.text() }
  }
}

test('a task from end to end: found, resolved, asked for, approved, redeemed, used, narrowed, revoked', async () => {
  const world = await opened()
  const held = await approve(world, 'tickets:read', 'tickets:write')
  expect(held).toMatchObject({ user: world.user, authority: world.authority.identifier, scope: ['tickets:read', 'tickets:write'] })
  const call = calling(world, held)

  const me = await call('GET', '/api/me')
  expect([me.status, JSON.parse(me.body)]).toEqual([200, expect.objectContaining({ user: world.user, agent: 'world-harness', task: held.task.id })])
  expect((await call('POST', '/api/tickets', { title: 'A ticket', body: 'of an agent' })).status).toBe(201)
  expect((await call('DELETE', '/api/tickets/1')).status).toBe(403) // was not approved

  await world.decide('narrow', { scope: ['tickets:read'] })
  expect(await call('POST', '/api/tickets', { title: 'Another', body: 'too late' })).toMatchObject({
    status: 403,
    challenge: expect.stringContaining('insufficient_scope'),
  })
  expect((await call('GET', '/api/tickets')).status).toBe(200)

  await world.decide('revoke', { reason: 'the task is done' })
  expect(await call('GET', '/api/tickets')).toMatchObject({ status: 401, challenge: expect.stringContaining('invalid_token') })

  const asked = world.hops.map(({ party, asked }) => `${party}: ${asked.replace(/https:\/\/[^/]+/, '')}`)
  for (const step of [
    'harness: TXT _agentpass-service.desk.localhost',
    'service: TXT _agentpass.acme.localhost',
    'authority: TXT _agentpass-service.desk.localhost',
  ])
    expect(asked).toContain(step)
  expect(asked.filter((step) => step.startsWith('harness: TXT _agentpass.'))).toEqual([]) // resolution is the Service's
  expect(asked.filter((step) => step === 'service: POST /validate')).toHaveLength(1)
})

test('a denial ends the attempt, with its reason, and nothing is redeemed', async () => {
  const world = await opened()
  await expect(trip(world, () => world.decide('deny', { reason: 'not today' }))).rejects.toMatchObject({
    name: 'TripFailure',
    step: 'approve',
    message: expect.stringContaining('not today'),
  })
  expect(world.hops.filter(({ asked }) => /redeem|validate/.test(asked))).toEqual([])
  expect((await calling(world, await approve(world, 'tickets:read'))('GET', '/api/tickets')).status).toBe(200) // another attempt, another decision
})

test.each(['SERVFAIL', 'REFUSED'] as const)(
  '%s for the enterprise record ends the trip at resolution, though the Service trusts others too [DISC-ENT-09]',
  async (how) => {
    const federated = [{ authority: 'https://federated.localhost', authority_configuration_url: 'https://federated.localhost/config' }]
    const world = await opened({ service: { ...UNCACHED, trust: { federated } } })
    world.names.fail('_agentpass.acme.localhost', how)
    await expect(approve(world, 'tickets:read')).rejects.toMatchObject({ step: 'resolve', message: expect.stringContaining('discovery_failed') })
    expect(world.hops.filter(({ asked }) => /issuance|federated/.test(asked))).toEqual([])
  },
)

test('a user whose domain has no record has nobody to decide here [SVC-RES-11]', async () => {
  const world = await opened()
  world.names.withdraw('_agentpass.acme.localhost')
  await expect(approve(world, 'tickets:read')).rejects.toMatchObject({ step: 'resolve', message: expect.stringContaining('no_authority') })
})

test('where a domain has no record, the Authority that the Service’s settings name decides: its own, or a federated one [SVC-RES-09 SVC-RES-10]', async () => {
  const world = await opened({ neighbours: true })
  const { authorities, people, trust } = world.neighbours!
  const decidedAt = (at: AuthorityParty, service: string) =>
    trip(world, () => world.decide('approve', { at }), world.harness, { user: people.home.email, service })
  const own = await decidedAt(authorities.service, world.service.origin)
  expect([own.user, own.authority]).toEqual([people.home.email, authorities.service.identifier])
  expect((await calling(world, own)('GET', '/api/tickets')).status).toBe(200)
  await world.decide('revoke', { at: authorities.service })
  expect((await calling(world, own)('GET', '/api/tickets')).status).toBe(401)
  const { origin } = await world.addService('other.localhost', { trust: { federated: trust.federated } })
  expect((await decidedAt(authorities.federated, origin)).authority).toBe(authorities.federated.identifier)
})

test('certificates are checked: without the CA, under another name, or at a private address nobody is reached [CFG-X-04]', async () => {
  const world = await opened()
  const network = (changed: object) => {
    const settings = { dns_servers: [world.resolver], allow_private: ['127.0.0.0/8'], ca_file: world.caFile, dnssec: 'off' as const, ...changed }
    const open = openNetwork(world.caFile, settings)
    onTestFinished(open.close)
    return open
  }
  for (const changed of [{ ca_file: undefined }, { allow_private: [] }]) {
    const { resolveTxt, fetch } = network(changed)
    const lonely = { ...world.harness, resolveTxt, fetch }
    await expect(trip(world, async () => {}, lonely)).rejects.toMatchObject({ step: 'discover' })
  }
  const { fetch } = network({})
  const { port } = new URL(world.service.origin)
  await expect(fetch(`https://authority.acme.localhost:${port}/.well-known/agentpass-service`)).rejects.toThrow(/altname/i)
  expect((await fetch(`${world.service.origin}/.well-known/agentpass-service`)).status).toBe(200)
})

test('what is stopped is gone: no port answers, no file stays', async () => {
  const world = await opened()
  const doors = [world.resolver, world.service.origin, world.authority.identifier, world.service.management.url, world.authority.management.url]
  const ports = doors.map((door) => Number(/:(\d+)$/.exec(door)?.[1]))
  const reached = async (port: number): Promise<boolean> => {
    const socket = connect(port, '127.0.0.1')
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    return open
  }
  expect(await Promise.all(ports.map(reached))).toEqual([true, true, true, true, true])
  await world.stop()
  expect(await Promise.all(ports.map(reached))).toEqual([false, false, false, false, false])
  expect(existsSync(world.caFile)).toBe(false)
})
