import { z } from 'zod'
import { sha256 } from '../../spec/base64url.ts'
import { toRfc3339 } from '../../spec/time.ts'
import type { Shown } from '../approve/shown.ts'
import type { RequestRow } from '../store/schema.ts'

/** Exactly what an approval is of: a passkey signs its digest, so that an assertion is worth nothing for anything else. */
export const Approved = z.object({
  request_ref: z.string(),
  agent: z.string(),
  harness: z.string(),
  tier: z.string(),
  user: z.string(),
  task: z.string(),
  service: z.string(),
  type: z.string(),
  destination: z.string().optional(),
  scope: z.array(z.string()),
  authorization_seconds: z.number(),
  expires_at: z.string(),
  /** Of all that was shown, the task's description too. */
  shown_digest: z.string(),
})
export type Approved = z.infer<typeof Approved>

/** What somebody approves who approves a request with these scopes. */
export const approvedOf = (request: Pick<RequestRow, 'ref' | 'shown_digest' | 'expires_at'>, shown: Shown, scope: string[]): Approved => ({
  request_ref: request.ref,
  agent: shown.agent.id,
  harness: shown.harness.id,
  tier: shown.harness.tier,
  user: shown.user.email,
  task: shown.task.id,
  service: shown.service.origin,
  type: shown.type,
  ...(shown.destination && { destination: shown.destination.url }),
  scope: shown.scopes.map(({ name }) => name).filter((name) => scope.includes(name)),
  authorization_seconds: shown.authorization_seconds,
  expires_at: toRfc3339(request.expires_at),
  shown_digest: request.shown_digest,
})

/** The challenge that a passkey signs: SHA-256 of what is approved, its members in the order of the schema, as JSON. */
export const challengeOf = (approved: Approved): Promise<string> => sha256(JSON.stringify(Approved.parse(approved)))
