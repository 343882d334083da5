import { Scope } from '../../spec/wire/scopes.ts'
import { readShown, type Shown } from '../approve/shown.ts'
import type { RememberedRow, RequestRow } from '../store/schema.ts'

type Told = Pick<RequestRow, 'ref' | 'user_email' | 'agent_id' | 'harness_id' | 'task_id' | 'service_origin' | 'shown'>

/** The members by which the audit trail names a request, what was known of its Harness, and which policies decided about it: never by its id, which is a capability. */
export const aboutRequest = (row: Told, shown: Shown = readShown(row.shown)) => ({
  request_ref: row.ref,
  user: row.user_email,
  agent: row.agent_id,
  harness: row.harness_id,
  task: row.task_id,
  service: row.service_origin,
  ...aboutShown(shown),
})

/** What was known of a Harness, and which policies decided. */
export const aboutShown = ({ harness, policy }: Shown) => ({
  tier: harness.tier,
  vouched_by: harness.vouched?.by,
  key_thumbprint: harness.key_thumbprint,
  policy: policy?.version,
  policies: policy?.why.map((one) => one.policy),
})

/** The members by which the audit trail names an approval that is remembered. */
export const aboutRemembered = (
  row: Pick<
    RememberedRow,
    'ref' | 'user_email' | 'agent_id' | 'tier' | 'vouched_by' | 'key_thumbprint' | 'service_origin' | 'task_pattern' | 'scope' | 'request_ref'
  >,
) => ({
  remembered: row.ref,
  request_ref: row.request_ref,
  user: row.user_email,
  agent: row.agent_id,
  tier: row.tier,
  vouched_by: row.vouched_by,
  key_thumbprint: row.key_thumbprint ?? undefined,
  task: row.task_pattern,
  service: row.service_origin,
  scope: Scope.parse(JSON.parse(row.scope)),
})
