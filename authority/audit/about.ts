import type { RequestRow } from '../store/schema.ts'

/** The members by which the audit trail names a request: never by its id, which is a capability. */
export const aboutRequest = (row: Pick<RequestRow, 'ref' | 'user_email' | 'agent_id' | 'harness_id' | 'task_id' | 'service_origin'>) => ({
  request_ref: row.ref,
  user: row.user_email,
  agent: row.agent_id,
  harness: row.harness_id,
  task: row.task_id,
  service: row.service_origin,
})
