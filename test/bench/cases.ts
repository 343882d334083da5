import type { AuthorityTables } from '../../authority/store/schema.ts'
import { createHolderKey } from '../../harness/key.ts'
import type { BrokerTables } from '../../harness/store/schema.ts'
import type { ServiceTables } from '../../service/store/schema.ts'
import { systemNow, systemRandom } from '../../spec/node/settings.ts'
import { signProof } from '../../spec/proof.ts'
import type { Child } from './child.ts'
import type { Floor } from './floors.ts'
import { JSON_BODY, type Shot } from './load.ts'
import { AUTHORITY, createKeyPair, SERVICE, signAssertion, USER } from './peers.ts'
import { addAuthorizations, addPasses, addPending, addToken, publicKey, type Seeded } from './seed.ts'

/** What one row of the bench does: which floor it stands beside, and how to make it ready for so many requests in all. */
export type Case = {
  name: string
  connections: number
  floor: Floor
  /** Whether it also stands beside the floor with an fsync each. */
  besideDurable?: true
  /** Requests of one round. */
  perRound: number
  prepare: (place: Place, total: number) => Promise<Prepared>
}
/** Servers that listen, and the requests for them, made when they are about to be sent: `next(count)` gives as many that were not given before. */
export type Prepared = { child: Child; also?: Child[]; next: (count: number) => Promise<Shot[]> }
/** Where a case takes its databases from, and how it starts the servers that are measured. */
export type Place = {
  authority: () => Promise<Seeded<AuthorityTables>>
  service: () => Promise<Seeded<ServiceTables>>
  broker: () => Promise<Seeded<BrokerTables>>
  start: (kind: 'authority' | 'managed' | 'console' | 'service' | 'guarded' | 'desk' | 'broker', told: object) => Promise<Child>
}

/** The requests one after the other; `shot` makes that of a position. */
function inOrder(shot: (i: number) => Shot | Promise<Shot>): Prepared['next'] {
  let position = 0
  return (count) => Promise.all(Array.from({ length: count }, () => shot(position++)))
}

/** An Authority, and a Service's assertion for it. */
async function authorityUnderLoad(place: Place) {
  const seed = await place.authority()
  const key = await createKeyPair('service')
  const start = async () => {
    await seed.close()
    return place.start('authority', { ...seed.told, jwk: key.publicJwk })
  }
  return { seed, start, headers: { ...JSON_BODY, authorization: `Bearer ${await signAssertion(key, SERVICE, AUTHORITY)}` } }
}

const validate = (name: string, connections: number): Case => ({
  name,
  connections,
  floor: 'floor',
  besideDurable: true,
  perRound: 5000,
  async prepare(place, total) {
    const { seed, start, headers } = await authorityUnderLoad(place)
    const passes = await addPasses(seed, total)
    const body = (i: number) => JSON.stringify({ agentpass: { value: passes[i] } })
    return { child: await start(), next: inOrder((i) => ({ method: 'POST', path: '/validate', headers, body: body(i), expect: 200 })) }
  },
})

const check: Case = {
  name: 'check',
  connections: 10,
  floor: 'floor',
  perRound: 6000,
  async prepare(place) {
    const { seed, start, headers } = await authorityUnderLoad(place)
    const ids = await addAuthorizations(seed, 500)
    const body = (i: number) => JSON.stringify({ authorization_id: ids[i % ids.length] })
    return { child: await start(), next: inOrder((i) => ({ method: 'POST', path: '/authorization/check', headers, body: body(i), expect: 200 })) }
  },
}

const poll: Case = {
  name: 'poll',
  connections: 10,
  floor: 'bare',
  perRound: 10_000,
  async prepare(place) {
    const { seed, start } = await authorityUnderLoad(place)
    const ids = await addPending(seed, 500)
    return { child: await start(), next: inOrder((i) => ({ method: 'GET', path: `/issuance/${ids[i % ids.length]}`, expect: 200 })) }
  },
}

const issuance: Case = {
  name: 'issuance',
  connections: 10,
  floor: 'floor',
  perRound: 2000,
  async prepare(place) {
    const { start } = await authorityUnderLoad(place)
    const shot = (i: number): Shot => {
      const task = { id: `task-${i}`, description: 'Answer ticket 17' }
      const message = { type: 'bearer_token', service: { origin: SERVICE }, user: { email: USER }, harness: { id: 'bench' }, task }
      return { method: 'POST', path: '/issuance', headers: JSON_BODY, body: JSON.stringify(message), expect: 200 }
    }
    return { child: await start(), next: inOrder(shot) }
  },
}

const redeem: Case = {
  name: 'redeem',
  connections: 10,
  floor: 'holder',
  perRound: 1500,
  async prepare(place, total) {
    const [authority, service] = [await place.authority(), await place.service()]
    const keys = await Promise.all(Array.from({ length: total }, createHolderKey))
    const bound = keys.map((key) => key.publicJwk)
    const passes = await addPasses(authority, total, bound)
    // A proof lives for a minute: it is signed when its round comes, not when the passes are stored.
    const shot = (i: number) => redemption(keys[i]!, passes[i]!)
    const jwk = await publicKey(service)
    await Promise.all([authority.close(), service.close()])
    const validator = await place.start('authority', { ...authority.told, jwk })
    return { child: await place.start('service', { ...service.told, authority: validator.origin }), also: [validator], next: inOrder(shot) }
  },
}

async function redemption(key: Awaited<ReturnType<typeof createHolderKey>>, value: string): Promise<Shot> {
  const path = '/agentpass/redeem/bearer-token'
  const signing = { now: systemNow, random: systemRandom, profile: 'core-0.1' } as const
  const jwt = await signProof(signing, key, { harnessId: 'bench', audience: SERVICE, endpoint: SERVICE + path, pass: value })
  const message = { agentpass: { type: 'bearer_token', value }, authority: AUTHORITY, user: { email: USER }, harness_proof: { jwt } }
  return { method: 'POST', path, headers: JSON_BODY, body: JSON.stringify(message), expect: 200 }
}

const guard: Case = {
  name: 'guard',
  connections: 10,
  floor: 'bare',
  perRound: 10_000,
  async prepare(place) {
    const seed = await place.service()
    const headers = { authorization: `Bearer ${await addToken(seed)}` }
    await seed.close()
    const child = await place.start('guarded', seed.told)
    return { child, next: inOrder(() => ({ method: 'GET', path: '/bare', headers, expect: 200 })) }
  },
}

export const CASES: Case[] = [validate('validate', 10), validate('validate32', 32), check, issuance, poll, redeem, guard]
