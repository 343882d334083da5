import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'undici'
import { loadEngine } from '../../authority/node/policy-file.ts'
import { simulate } from '../../authority/node/simulate.ts'
import { createCedarPolicy } from '../../authority/policy/cedar.ts'
import { compilePolicies } from '../../authority/policy/compile.ts'
import type { Place } from './cases.ts'
import { compareWays } from './compare.ts'
import { fill } from './filler.ts'
import { JSON_BODY } from './load.ts'
import { SERVICE, USER } from './peers.ts'
import { tellProgress } from './progress.ts'
import type { LatencyRow } from './report.ts'

const PAST_REQUESTS = 10_000

/** Twenty policies as an enterprise may have: they look at groups, hours, tasks, addresses and destinations, and approve what the bench asks for. */
const POLICIES = `
@id("people-first") permit (principal, action == AgentPass::Action::"ask", resource);
@id("desk") @reason("Tickets are for agents")
permit (principal is AgentPass::Unverified, action == AgentPass::Action::"approve", resource in AgentPass::Service::"${SERVICE}")
when { resource.name like "tickets:*" && context.user.domain == "acme.example" };
@id("night") forbid (principal, action == AgentPass::Action::"approve", resource) when { context.time.hour > 23 };
@id("elsewhere") forbid (principal, action, resource) when { context has destination && !context.destination.on_service };
@id("guests") forbid (principal, action, resource) when { context has address && context.address.isInRange(ip("203.0.113.0/24")) };
${Array.from(
  { length: 15 },
  (
    _,
    i,
  ) => `@id("team-${i}") permit (principal is AgentPass::Attested, action == AgentPass::Action::"approve", resource in AgentPass::Service::"https://team-${i}.example")
when { context.user in AgentPass::Group::"team-${i}" && context.task.id like "t${i}-*" };`,
).join('\n')}
`

/** Measures what a policy file adds to an issuance beside the rule that approves everything: the same request, one after the other, in interleaved rounds. And how long it takes to decide past requests again. */
export async function measurePolicy(place: Place): Promise<{ rows: LatencyRow[]; simulated: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'agentpass-bench-policy-'))
  const policyFile = join(folder, 'policy.cedar')
  writeFileSync(policyFile, POLICIES)
  try {
    const ruled = await startIssuing(place, {})
    const filed = await startIssuing(place, { policyFile })
    const rows = await compareWays(
      'policy',
      { name: 'issuance, rule', act: ruled.ask },
      { name: 'issuance, file', act: filed.ask },
      'policy adds (p50)',
    )
    await Promise.all([ruled.stop(), filed.stop()])
    return { rows, simulated: await simulatePast(place) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function startIssuing(place: Place, told: object) {
  const seed = await place.authority()
  await seed.close()
  const server = await place.start('authority', { ...seed.told, ...told })
  const pool = new Pool(server.origin, { connections: 1 })
  let count = 0
  return {
    async ask() {
      const task = { id: `task-${count++}`, description: 'Answer ticket 17' }
      const message = { type: 'bearer_token', service: { origin: SERVICE }, user: { email: USER }, harness: { id: 'bench' }, task }
      const { statusCode, body } = await pool.request({ method: 'POST', path: '/issuance', headers: JSON_BODY, body: JSON.stringify(message) })
      const text = await body.text()
      if (statusCode !== 200 || !text.includes('"approved"')) throw new Error(`an issuance was answered ${statusCode}: ${text.slice(0, 200)}`)
    },
    async stop() {
      await pool.close()
      await server.stop()
    },
  }
}

async function simulatePast(place: Place): Promise<string> {
  const seed = await place.authority()
  await fill(seed, { ended: PAST_REQUESTS, pending: 0 })
  tellProgress('policy: deciding past requests again')
  const engine = await loadEngine()
  const policy = createCedarPolicy(engine, await compilePolicies(engine, POLICIES), { slot: 'bench', timeZone: 'UTC' })
  const started = performance.now()
  const { requests } = await simulate(seed.db.read, policy, 0)
  const seconds = (performance.now() - started) / 1000
  await seed.close()
  return `policy: ${requests.toLocaleString('en')} past requests decided again in ${seconds.toFixed(1)} s`
}
