import { join } from 'node:path'
import { createHolderKey } from '../../harness/key.ts'
import { systemNow, systemRandom } from '../../spec/node/settings.ts'
import { signProof } from '../../spec/proof.ts'
import { type Child, startChild } from './child.ts'
import type { Shot } from './load.ts'
import { AUTHORITY, createKeyPair, SERVICE, signAssertion, USER } from './peers.ts'
import { addAuthorizations, addPasses, addPending, addToken, publicKey, seedAuthority, seedService } from './seed.ts'

/** What one row of the bench does: the server, its shots for a number of requests, and which floor it stands beside. */
export type Case = {
  name: string
  connections: number
  floor: 'floor' | 'bare' | 'holder'
  /** How many shots a round fires. */
  shots: number
  prepare: (place: Place, total: number, stored: number) => Promise<{ child: Child; also?: Child[]; shots: Shot[] }>
}
/** Where databases are made, and on which CPU servers run. */
export type Place = { at: string; pinning: { pinned: boolean; cpu: number } }

const JSON_BODY = { 'content-type': 'application/json' }

/** An Authority with this many other requests stored, and a Service's assertion for it. */
async function authorityUnderLoad(place: Place, stored: number) {
  const seed = await seedAuthority(place.at)
  const key = await createKeyPair('service')
  if (stored > 0) await addPending(seed, stored)
  const start = async () => {
    await seed.db.close()
    return startChild('authority', { ...seed.told, jwk: key.publicJwk }, place.pinning)
  }
  return { seed, start, headers: { ...JSON_BODY, authorization: `Bearer ${await signAssertion(key, SERVICE, AUTHORITY)}` } }
}

const validate = (name: string, connections: number): Case => ({
  name,
  connections,
  floor: 'floor',
  shots: 5000,
  async prepare(place, total, stored) {
    const { seed, start, headers } = await authorityUnderLoad(place, stored)
    const passes = await addPasses(seed, total)
    return {
      child: await start(),
      shots: passes.map((value) => ({ method: 'POST', path: '/validate', headers, body: JSON.stringify({ agentpass: { value } }), expect: 200 })),
    }
  },
})

const check: Case = {
  name: 'check',
  connections: 10,
  floor: 'floor',
  shots: 6000,
  async prepare(place, total, stored) {
    const { seed, start, headers } = await authorityUnderLoad(place, stored)
    const ids = await addAuthorizations(seed, 500)
    const shot = (i: number): Shot => ({
      method: 'POST',
      path: '/authorization/check',
      headers,
      body: JSON.stringify({ authorization_id: ids[i % ids.length] }),
      expect: 200,
    })
    return { child: await start(), shots: Array.from({ length: total }, (_, i) => shot(i)) }
  },
}

const poll: Case = {
  name: 'poll',
  connections: 10,
  floor: 'bare',
  shots: 10_000,
  async prepare(place, total, stored) {
    const { seed, start } = await authorityUnderLoad(place, stored)
    const ids = await addPending(seed, 500)
    return {
      child: await start(),
      shots: Array.from({ length: total }, (_, i) => ({ method: 'GET', path: `/issuance/${ids[i % ids.length]}`, expect: 200 })),
    }
  },
}

const issuance: Case = {
  name: 'issuance',
  connections: 10,
  floor: 'floor',
  shots: 2000,
  async prepare(place, total, stored) {
    const { start } = await authorityUnderLoad(place, stored)
    const shot = (i: number): Shot => {
      const task = { id: `task-${i}`, description: 'Answer ticket 17' }
      const message = { type: 'bearer_token', service: { origin: SERVICE }, user: { email: USER }, harness: { id: 'bench' }, task }
      return { method: 'POST', path: '/issuance', headers: JSON_BODY, body: JSON.stringify(message), expect: 200 }
    }
    return { child: await start(), shots: Array.from({ length: total }, (_, i) => shot(i)) }
  },
}

const redeem: Case = {
  name: 'redeem',
  connections: 10,
  floor: 'holder',
  shots: 1500,
  async prepare(place, total, stored) {
    const authority = await seedAuthority(place.at)
    const service = await seedService(place.at)
    if (stored > 0) await addPending(authority, stored)
    const keys = await Promise.all(Array.from({ length: total }, createHolderKey))
    const passes = await addPasses(
      authority,
      total,
      keys.map((key) => key.publicJwk),
    )
    const endpoint = `${SERVICE}/agentpass/redeem/bearer-token`
    // The proofs are as of now plus a while, so that the last of them is still good when its turn comes.
    const signing = { now: () => systemNow() + 50, random: systemRandom, profile: 'core-0.1' as const }
    const shots: Shot[] = []
    for (const [i, key] of keys.entries()) {
      const value = passes[i] ?? ''
      const jwt = await signProof(signing, key, { harnessId: 'bench', audience: SERVICE, endpoint, pass: value })
      const message = { agentpass: { type: 'bearer_token', value }, authority: AUTHORITY, user: { email: USER }, harness_proof: { jwt } }
      shots.push({ method: 'POST', path: '/agentpass/redeem/bearer-token', headers: JSON_BODY, body: JSON.stringify(message), expect: 200 })
    }
    const jwk = await publicKey(service)
    await Promise.all([authority.db.close(), service.db.close()])
    const validator = await startChild('authority', { ...authority.told, jwk }, place.pinning)
    return { child: await startChild('service', { ...service.told, authority: validator.origin }, place.pinning), also: [validator], shots }
  },
}

const guard: Case = {
  name: 'guard',
  connections: 10,
  floor: 'bare',
  shots: 10_000,
  async prepare(place, total) {
    const seed = await seedService(place.at)
    const headers = { authorization: `Bearer ${await addToken(seed)}` }
    await seed.db.close()
    return {
      child: await startChild('service', seed.told, place.pinning),
      shots: Array.from({ length: total }, () => ({ method: 'GET', path: '/api/tickets', headers, expect: 200 })),
    }
  },
}

export const CASES: Case[] = [validate('validate', 10), validate('validate32', 32), check, issuance, poll, redeem, guard]

/** The floors: their server, and the shots of each. */
export async function startFloor(
  folder: string,
  pinning: Place['pinning'],
): Promise<{ child: Child; shots: (kind: Case['floor'], count: number) => Promise<Shot[]> }> {
  const key = await createKeyPair('floor')
  const child = await startChild('floor', { database: join(folder, 'floor.db'), jwk: key.publicJwk }, pinning)
  const headers = { ...JSON_BODY, authorization: `Bearer ${await signAssertion(key, SERVICE, AUTHORITY)}` }
  const body = JSON.stringify({ agentpass: { value: systemRandom(32) } })
  return {
    child,
    async shots(kind, count) {
      if (kind === 'bare') return Array.from({ length: count }, () => ({ method: 'GET', path: '/bare', expect: 200 }))
      if (kind === 'holder') return Promise.all(Array.from({ length: count }, () => holderShot(headers)))
      return Array.from({ length: count }, () => ({ method: 'POST', path: `/${kind}`, headers, body, expect: 200 }))
    },
  }
}

async function holderShot(headers: Record<string, string>): Promise<Shot> {
  const key = await createHolderKey()
  const proof = await signProof({ now: systemNow, random: systemRandom, profile: 'core-0.1' }, key, {
    harnessId: 'bench',
    audience: SERVICE,
    endpoint: `${SERVICE}/r`,
    pass: 'p',
  })
  return { method: 'POST', path: '/holder', headers, body: JSON.stringify({ jwk: key.publicJwk, proof }), expect: 200 }
}
