import { createServer } from 'node:net'
import { Pool } from 'undici'
import { z } from 'zod'
import { mintPass } from '../../authority/approve/mint.ts'
import { readShown } from '../../authority/approve/shown.ts'
import { addPass } from '../../authority/store/passes.ts'
import { addRequest } from '../../authority/store/requests.ts'
import type { AuthorityTables } from '../../authority/store/schema.ts'
import type { Place } from './cases.ts'
import { JSON_BODY, quantile } from './load.ts'
import { ADMIN_TOKEN, AUTHORITY, SCOPES, USER } from './peers.ts'
import { tellProgress } from './progress.ts'
import type { LatencyRow } from './report.ts'
import { makeRequest, minting, publicKey, type Seeded } from './seed.ts'

/** How a revocation is to reach the Service, and how often it is measured: without a push each takes as long as a good answer is kept. */
export type Revocation = { name: string; pushed: boolean; rounds: number }

export const REVOCATIONS: Revocation[] = [
  { name: 'revocation', pushed: true, rounds: 300 },
  { name: 'revocation-unpushed', pushed: false, rounds: 5 },
]
const WARM_UP = 30

/** Measures the time from the call that revokes a delegation, at the Authority, to the first request that the Service refuses; its cache is warm each time. */
export async function measureRevocation({ name, pushed, rounds }: Revocation, place: Place): Promise<LatencyRow> {
  const [authority, service] = [await place.authority(), await place.service()]
  const warmUp = pushed ? WARM_UP : 0
  const requests = await addRedeemable(authority, warmUp + rounds)
  const jwk = await publicKey(service)
  await Promise.all([authority.close(), service.close()])
  const port = await freePort() // each must know where the other listens
  const issuer = await place.start('managed', { ...authority.told, jwk, service: `http://127.0.0.1:${port}` })
  const desk = await place.start('service', { ...service.told, authority: issuer.origin, port, pushed })
  const [there, here] = [new Pool(issuer.origin, { connections: 1 }), new Pool(desk.origin, { connections: 1 })]
  const times: number[] = []
  for (const [i, request] of requests.entries()) {
    const warmingUp = i < warmUp
    tellProgress(warmingUp ? `${name}: warming up` : `${name}: round ${i - warmUp + 1} of ${rounds}`)
    const elapsed = await revokeOne(there, here, request)
    if (!warmingUp) times.push(elapsed)
  }
  await Promise.all([there.close(), here.close()])
  await Promise.all([desk.stop(), issuer.stop()])
  times.sort((a, b) => a - b)
  return { name, rounds, p50Ms: round(quantile(times, 0.5)), p99Ms: round(quantile(times, 0.99)) }
}

const round = (ms: number): number => Number(ms.toFixed(2))

/** What a revocation names, and the pass that it follows. */
type Redeemable = { ref: string; digest: string; pass: string }

async function addRedeemable(to: Seeded<AuthorityTables>, count: number): Promise<Redeemable[]> {
  const made = Array.from({ length: count }, () => makeRequest(to))
  await to.db.write(async (tx) => {
    for (const { row } of made) {
      await addRequest(tx, { ...row, status: 'approved' })
      await addPass(tx, mintPass(minting, row, { shown: readShown(row.shown), scope: SCOPES }))
    }
  })
  return made.map(({ pass, row }) => ({ ref: row.ref, digest: row.shown_digest, pass }))
}

const Redeemed = z.object({ bearer_token: z.string() })

async function revokeOne(authority: Pool, service: Pool, { ref, digest, pass }: Redeemable): Promise<number> {
  const redemption = { agentpass: { type: 'bearer_token', value: pass }, authority: AUTHORITY, user: { email: USER } }
  const redeemed = await send(service, 'POST', '/agentpass/redeem/bearer-token', JSON_BODY, redemption)
  const { bearer_token } = Redeemed.parse(JSON.parse(redeemed.text))
  const use = async () => (await send(service, 'GET', '/api', { authorization: `Bearer ${bearer_token}` })).status
  if ((await use()) !== 200) throw new Error('the token that was just had is refused')
  const started = performance.now()
  const admin = { ...JSON_BODY, authorization: `Bearer ${ADMIN_TOKEN}` }
  const revoked = send(authority, 'POST', `/requests/${ref}/revoke`, admin, { digest })
  for (let status = 200; status !== 401; status = await use()) if (status !== 200) throw new Error(`a live token was answered ${status}`)
  const elapsed = performance.now() - started
  if ((await revoked).status !== 200) throw new Error(`the revocation was answered ${(await revoked).status}`)
  return elapsed
}

type Answer = { status: number; text: string }

async function send(to: Pool, method: 'GET' | 'POST', path: string, headers: Record<string, string>, message?: object): Promise<Answer> {
  const { statusCode, body } = await to.request({ method, path, headers, body: message ? JSON.stringify(message) : null })
  return { status: statusCode, text: await body.text() }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
