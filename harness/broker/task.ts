import { z } from 'zod'
import { toRfc3339 } from '../../spec/time.ts'
import type { Waiting } from '../approve.ts'
import type { Step } from '../failure.ts'
import { LIVE, type TaskRow, type TaskStatus } from '../store/schema.ts'

/** Why a task came to nothing, in words for a person and a model; `step` and `peer` as in a TripFailure. */
export type Failure = { step: Step; peer: string; message: string; hint: string }
/** A task as its agent sees it. Nothing in it is secret. Instants are RFC 3339. */
export type TaskDocument = {
  id: string
  status: TaskStatus
  type: TaskRow['type']
  service: string
  user: string
  description: string
  step: Step
  peer: string
  authority?: string
  /** Who has yet to approve, and where a person does it. */
  waiting?: { authority: string; approval_url?: string; approval_number?: string; expires_at: string }
  failure?: Failure
  scope?: string[]
  expires_at?: string
  created_at: string
  changed_at: string
}

const Scope = z.array(z.string())
const WaitingJson = z.object({
  authority: z.string(),
  approvalUrl: z.string().optional(),
  approvalNumber: z.string().optional(),
  expiresAt: z.number(),
})
const FailureJson = z.object({ step: z.custom<Step>((step) => typeof step === 'string'), peer: z.string(), message: z.string(), hint: z.string() })
/** What was asked for beside service, user and description. */
export const WantedJson = z.object({ scope: Scope.optional(), authority: z.string().optional(), destination: z.string().optional() })

/** Whether a task has an end. */
export const isOver = ({ status }: Pick<TaskRow, 'status'>): boolean => !LIVE.includes(status)

/** A granted scope as its row has it; undefined where the Service did not say. */
export const scopeOf = ({ scope }: Pick<TaskRow, 'scope'>): string[] | undefined => (scope === null ? undefined : Scope.parse(JSON.parse(scope)))

/** Describes a task to its agent. */
export function describeTask(row: TaskRow): TaskDocument {
  const scope = scopeOf(row)
  return {
    id: row.id,
    status: row.status,
    type: row.type,
    service: row.service,
    user: row.user_email,
    description: row.description,
    step: row.step,
    peer: row.peer,
    ...(row.authority !== null && { authority: row.authority }),
    ...(row.waiting !== null && { waiting: describeWaiting(WaitingJson.parse(JSON.parse(row.waiting))) }),
    ...(row.failure !== null && { failure: FailureJson.parse(JSON.parse(row.failure)) }),
    ...(scope && { scope }),
    ...(row.expires_at !== null && { expires_at: toRfc3339(row.expires_at) }),
    created_at: toRfc3339(row.created_at),
    changed_at: toRfc3339(row.changed_at),
  }
}

function describeWaiting({ authority, approvalUrl, approvalNumber, expiresAt }: z.infer<typeof WaitingJson>): NonNullable<TaskDocument['waiting']> {
  return {
    authority,
    ...(approvalUrl !== undefined && { approval_url: approvalUrl }),
    ...(approvalNumber !== undefined && { approval_number: approvalNumber }),
    expires_at: toRfc3339(expiresAt),
  }
}

export const waitingAsJson = ({ authority, approvalUrl, approvalNumber, expiresAt }: Waiting): string =>
  JSON.stringify({ authority, approvalUrl, approvalNumber, expiresAt })
