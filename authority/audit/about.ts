import { readShown } from '../approve/shown.ts'
import type { RequestRow } from '../store/schema.ts'

type Told = Pick<RequestRow, 'ref' | 'user_email' | 'agent_id' | 'harness_id' | 'task_id' | 'service_origin' | 'shown'>

/** The members by which the audit trail names a request and what was known of its Harness: never by its id, which is a capability. */
export function aboutRequest(row: Told) {
  const { tier, vouched, key_thumbprint } = readShown(row.shown).harness
  return {
    request_ref: row.ref,
    user: row.user_email,
    agent: row.agent_id,
    harness: row.harness_id,
    tier,
    vouched_by: vouched?.by,
    key_thumbprint,
    task: row.task_id,
    service: row.service_origin,
  }
}
