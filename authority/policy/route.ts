import { Hono } from 'hono'
import type { Now } from '../../spec/effects.ts'
import { answer } from '../../spec/node/doors.ts'
import { toRfc3339 } from '../../spec/time.ts'
import { Scope } from '../../spec/wire/scopes.ts'
import { ADMIN_TOKEN } from '../approve/approvers.ts'
import { listRemembered } from '../store/remembered.ts'
import type { RememberedRow } from '../store/schema.ts'
import type { PolicyState } from './current.ts'
import { type ForgetDeps, forget } from './forget.ts'

const MOST_LISTED = 10_000

type PolicyRouteDeps = ForgetDeps & { now: Now; policyState: () => PolicyState }

/** Behind the management door: the policy in force, and the approvals that are remembered. */
export const policyRoutes = (d: PolicyRouteDeps) =>
  new Hono()
    .get('/policy', () => answer(stateOf(d.policyState())))
    .get('/remembered', async () => {
      const rows = await listRemembered(d.db.read, 'all', { at: d.now(), limit: MOST_LISTED + 1 })
      return answer({ remembered: rows.slice(0, MOST_LISTED).map(rememberedOf), ...(rows.length > MOST_LISTED && { more: true }) })
    })
    .delete('/remembered/:ref', async (c) => answer(rememberedOf(await forget(d, c.req.param('ref'), { by: ADMIN_TOKEN, within: 'all' }))))

function stateOf(state: PolicyState) {
  if (state.source === 'settings') return state
  const { file, version, loadedAt, policies, warnings, broken } = state
  return {
    source: state.source,
    file,
    version,
    in_force_since: toRfc3339(loadedAt),
    policies: policies.map(({ name, line, effect, says, approvers, approvals }) => ({
      ...{ name, line, effect },
      ...(says !== undefined && { reason: says }),
      ...(approvers && { approvers }),
      ...(approvals > 1 && { approvals }),
    })),
    warnings,
    ...(broken && { broken: { since: toRfc3339(broken.since), problems: broken.problems } }),
  }
}

const rememberedOf = (row: RememberedRow) => ({
  ref: row.ref,
  user: row.user_email,
  service: row.service_origin,
  agent: row.agent_id,
  tier: row.tier,
  vouched_by: row.vouched_by,
  type: row.type,
  tasks: row.task_pattern,
  scope: Scope.parse(JSON.parse(row.scope)),
  by: row.by,
  request: row.request_ref,
  created_at: toRfc3339(row.created_at),
  expires_at: toRfc3339(row.expires_at),
  uses: row.uses,
  ...(row.used_at !== null && { used_at: toRfc3339(row.used_at) }),
})
