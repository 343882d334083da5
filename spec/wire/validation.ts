import { z } from 'zod'
import { emailAddress } from '../email.ts'
import { browserUrl } from '../origin.ts'
import { identifier, storedText } from './identifier.ts'
import { PassType } from './issuance.ts'
import { Scope } from './scopes.ts'

const rfc3339 = z.iso.datetime({ offset: true })

/** Request body of validation, the one moment a pass is spent (protocol 6, §5.4.1). */
export const ValidationRequest = z.looseObject({ agentpass: z.looseObject({ value: z.string().min(1) }) })
export type ValidationRequest = z.infer<typeof ValidationRequest>

/** Answer of validation (protocol 6). `cnf` is judged where it is used: present but unusable is never "unbound". */
export const ValidationResponse = z.looseObject({
  authorization_id: identifier,
  authorization_expires_at: rfc3339.optional(),
  user: z.looseObject({ email: emailAddress }),
  agent: z.looseObject({ id: identifier }),
  scope: Scope,
  type: PassType,
  destination_url: browserUrl.optional(),
  cnf: z.unknown().optional(),
  task: z.looseObject({ id: z.string(), description: z.string().optional(), attested: z.boolean().optional() }).optional(),
  harness: z.looseObject({ id: storedText.optional() }).optional(),
})
export type ValidationResponse = z.infer<typeof ValidationResponse>

/** Request body of the authorization check (protocol 7, §5.5.1). */
export const CheckRequest = z.looseObject({ authorization_id: identifier })
export type CheckRequest = z.infer<typeof CheckRequest>

/** Answer of the authorization check while the authorization is active (protocol 7). */
export const CheckResponse = z.looseObject({ scope: Scope, authorization_expires_at: rfc3339.optional() })
export type CheckResponse = z.infer<typeof CheckResponse>

/** Request body of authorization close (protocol 7, §5.5.2). */
export const CloseRequest = z.looseObject({
  authorization_id: identifier,
  action: z.enum(['complete', 'revoke']),
  reason: storedText.max(1024).optional(),
})
export type CloseRequest = z.infer<typeof CloseRequest>

/** Answer of authorization close: the first action stands (protocol 7). */
export const CloseResponse = z.looseObject({ status: z.enum(['completed', 'revoked']), closed_at: rfc3339 })
export type CloseResponse = z.infer<typeof CloseResponse>
