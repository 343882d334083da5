import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'undici'
import { z } from 'zod'
import { addTask } from '../../harness/store/tasks.ts'
import { systemNow, systemRandom } from '../../spec/node/settings.ts'
import { createCertificateAuthority } from '../world/ca.ts'
import type { Place } from './cases.ts'
import { compareWays } from './compare.ts'
import { ADMIN_TOKEN, AUTHORITY, BROKER_AGENT, USER } from './peers.ts'
import { tellProgress } from './progress.ts'
import type { LatencyRow } from './report.ts'
import { HOUR } from './seed.ts'

const LONG_BYTES = 100 * 1024 * 1024
const TASK = 'task-of-the-bench'

/**
 * Measures what a broker adds to a call: the same call to the same desk over TLS, made directly and through the broker, in interleaved rounds, one after the other.
 * And how much memory the broker takes for an answer of 100 MiB.
 */
export async function measureBroker(place: Place): Promise<{ rows: LatencyRow[]; memory: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'agentpass-bench-broker-'))
  try {
    const ca = await createCertificateAuthority()
    const caFile = join(folder, 'ca.pem')
    writeFileSync(caFile, ca.pem)
    const desk = await place.start('desk', { database: '', tls: await ca.issue(['127.0.0.1']) })
    const seed = await place.broker()
    await holdTask(seed, desk.origin)
    await seed.close()
    const broker = await place.start('broker', { ...seed.told, caFile })
    const direct = new Pool(desk.origin, { connections: 1, connect: { ca: ca.pem } })
    const through = new Pool(broker.origin, { connections: 1 })
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, host: new URL(broker.origin).host }
    const plain = { name: 'call, direct', act: () => take(direct, '/bare', {}) }
    const brokered = { name: 'call, broker', act: () => take(through, `/tasks/${TASK}/http/bare`, headers) }
    const rows = await compareWays('broker', plain, brokered, 'broker adds (p50)')
    tellProgress('broker: an answer of 100 MiB')
    const before = await rss(through)
    await take(through, `/tasks/${TASK}/http/long/${LONG_BYTES}`, headers, LONG_BYTES)
    const after = await rss(through)
    await Promise.all([direct.close(), through.close()])
    await Promise.all([desk.stop(), broker.stop()])
    return { rows, memory: `broker: resident ${mib(before)} before an answer of 100 MiB, ${mib(after)} after it` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function holdTask({ db, secrets }: Awaited<ReturnType<Place['broker']>>, service: string): Promise<void> {
  const at = systemNow()
  await db.write((tx) =>
    addTask(tx, {
      ...{ id: TASK, agent: BROKER_AGENT, type: 'bearer_token', service, user_email: USER, description: 'Measure', wanted: '{}' },
      ...{
        status: 'ready',
        step: 'use',
        peer: service,
        authority: AUTHORITY,
        waiting: null,
        failure: null,
        scope: '["read"]',
        expires_at: at + HOUR,
      },
      ...{ sealed_status_url: null, sealed_token: secrets.seal('tokens', systemRandom(32)), revoke_url: null },
      ...{ created_at: at, changed_at: at, runner: 'bench', lease_until: at },
    }),
  )
}

async function take(pool: Pool, path: string, headers: Record<string, string>, bytes?: number): Promise<void> {
  const { statusCode, body } = await pool.request({ method: 'GET', path, headers })
  let size = 0
  for await (const part of body) size += Buffer.byteLength(part)
  if (statusCode !== 200 || (bytes !== undefined && size !== bytes)) throw new Error(`${path} was answered ${statusCode} with ${size} bytes`)
}

const Memory = z.object({ rss: z.number() })
const rss = async (pool: Pool): Promise<number> => Memory.parse(await (await pool.request({ method: 'GET', path: '/memory' })).body.json()).rss

const mib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`
