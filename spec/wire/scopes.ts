import { z } from 'zod'
import { emailAddress } from '../email.ts'
import { identifier } from './identifier.ts'

/** A JSON array of names the Service invents; opaque and case-sensitive (protocol 1). */
export const Scope = z.array(identifier).max(1000)
export type Scope = z.infer<typeof Scope>

/** Request body of scope discovery (protocol 5, §4.3). */
export const ScopesRequest = z.looseObject({
  user: z.looseObject({ email: emailAddress }),
  agent: z.looseObject({ id: identifier }),
  task: z.looseObject({ id: identifier, description: z.string().min(1).max(16_384).optional() }).optional(),
})
export type ScopesRequest = z.infer<typeof ScopesRequest>

export const OfferedScope = z.looseObject({ name: identifier, description: z.string().optional() })
export type OfferedScope = z.infer<typeof OfferedScope>

/** Answer of scope discovery: what the Service would accept for this user, agent and task (protocol 5). */
export const ScopesResponse = z.looseObject({ scopes: z.array(OfferedScope).max(1000) })
export type ScopesResponse = z.infer<typeof ScopesResponse>
