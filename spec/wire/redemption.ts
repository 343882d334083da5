import { z } from 'zod'
import { emailAddress } from '../email.ts'
import { authorityIdentifier, browserUrl } from '../origin.ts'
import { Scope } from './scopes.ts'

const redemption = {
  authority: authorityIdentifier,
  user: z.looseObject({ email: emailAddress }),
  harness_proof: z.looseObject({ jwt: z.string().min(1) }).optional(),
  requested_scope: Scope.optional(),
}

/** Request body of the bearer token redemption endpoint (protocol 8, §4.6). */
export const BearerTokenRedemption = z.looseObject({
  agentpass: z.looseObject({ type: z.literal('bearer_token'), value: z.string().min(1) }),
  ...redemption,
})
export type BearerTokenRedemption = z.infer<typeof BearerTokenRedemption>

/** Request body of the browser session redemption endpoint (protocol 8, §4.5). */
export const BrowserSessionRedemption = z.looseObject({
  agentpass: z.looseObject({ type: z.literal('browser_session'), value: z.string().min(1) }),
  ...redemption,
  initialization_methods: z.array(z.string()).optional(),
})
export type BrowserSessionRedemption = z.infer<typeof BrowserSessionRedemption>

/** Answer of bearer redemption (protocol 8). `expires_in` is in seconds. */
export const BearerTokenGrant = z.looseObject({
  bearer_token: z.string().min(1),
  scope: Scope.optional(),
  expires_in: z.number().min(0).optional(),
})
export type BearerTokenGrant = z.infer<typeof BearerTokenGrant>

/** Answer of browser redemption (protocol 8). */
export const BrowserSessionGrant = z.looseObject({
  initialization_url: browserUrl,
  expires_at: z.iso.datetime({ offset: true }).optional(),
  one_time: z.boolean().optional(),
  initialization_request: z
    .looseObject({ method: z.enum(['GET', 'POST']).optional(), form_fields: z.record(z.string(), z.string()).optional() })
    .optional(),
})
export type BrowserSessionGrant = z.infer<typeof BrowserSessionGrant>
