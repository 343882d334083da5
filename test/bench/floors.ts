import { join } from 'node:path'
import { createHolderKey } from '../../harness/key.ts'
import { systemNow, systemRandom } from '../../spec/node/settings.ts'
import { signProof } from '../../spec/proof.ts'
import { type Child, type Starting, startChild } from './child.ts'
import { JSON_BODY, type Shot } from './load.ts'
import { AUTHORITY, createKeyPair, SERVICE, signAssertion } from './peers.ts'

/** What a row stands beside: a signature and a commit, the same with an fsync, a bare route, or a fresh holder key and a row at each party. */
export type Floor = 'floor' | 'durable' | 'bare' | 'holder'
/** The server of the floors, and the shots for each. */
export type FloorServer = { child: Child; shots: (floor: Floor, count: number) => Promise<Shot[]> }

/** Starts the floors on SQLite files in a folder, whatever database the parties are measured on. */
export async function startFloors(folder: string, starting: Starting): Promise<FloorServer> {
  const key = await createKeyPair('floor')
  const child = await startChild(starting, 'floor', { database: join(folder, 'floor.db'), jwk: key.publicJwk })
  const headers = { ...JSON_BODY, authorization: `Bearer ${await signAssertion(key, SERVICE, AUTHORITY)}` }
  const body = JSON.stringify({ agentpass: { value: systemRandom(32) } })
  return {
    child,
    async shots(floor, count) {
      if (floor === 'bare') return Array.from({ length: count }, () => ({ method: 'GET', path: '/bare', expect: 200 }))
      if (floor === 'holder') return Promise.all(Array.from({ length: count }, () => holderShot(headers)))
      return Array.from({ length: count }, () => ({ method: 'POST', path: `/${floor}`, headers, body, expect: 200 }))
    },
  }
}

async function holderShot(headers: Record<string, string>): Promise<Shot> {
  const key = await createHolderKey()
  const signing = { now: systemNow, random: systemRandom, profile: 'core-0.1' } as const
  const proof = await signProof(signing, key, { harnessId: 'bench', audience: SERVICE, endpoint: `${SERVICE}/r`, pass: 'p' })
  return { method: 'POST', path: '/holder', headers, body: JSON.stringify({ jwk: key.publicJwk, proof }), expect: 200 }
}
