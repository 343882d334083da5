import { z } from 'zod'
import { emailAddress } from '../email.ts'
import { PRIVATE_MEMBERS, readVerificationJwk } from '../jwk.ts'
import { browserUrl, origin } from '../origin.ts'
import { identifier } from './identifier.ts'

export const PassType = z.enum(['browser_session', 'bearer_token'])
export type PassType = z.infer<typeof PassType>

const attestation = z.looseObject({ jwt: z.string().min(1) })

/** A public holder key. Other members are kept and returned as they came; a private, symmetric, weak or unusable key is refused (protocol 4). */
export const holderKey = z
  .looseObject({ kty: z.string() })
  .refine((jwk) => readVerificationJwk(jwk) !== undefined, {
    error: 'is no public key that can verify: EC P-256/384/521, OKP Ed25519, or RSA of 2048 bits or more',
  })
  .meta({
    description: 'public key that can verify: EC P-256/384/521, OKP Ed25519, or RSA of 2048 bits or more',
    not: { anyOf: PRIVATE_MEMBERS.map((member) => ({ required: [member] })) },
  })

/** Request body of issuance (protocol 4, §5.3.1). */
export const IssuanceRequest = z.looseObject({
  type: PassType,
  service: z.looseObject({ origin }),
  user: z.looseObject({ email: emailAddress }),
  harness: z.looseObject({
    id: identifier,
    cnf: z.looseObject({ jwk: holderKey }).optional(),
    attestation: attestation.optional(),
  }),
  task: z.looseObject({ id: identifier, description: z.string().min(1).max(16_384), attestation: attestation.optional() }),
  intent: z.looseObject({ destination_url: browserUrl.optional() }).optional(),
})
export type IssuanceRequest = z.infer<typeof IssuanceRequest>

const rfc3339 = z.iso.datetime({ offset: true })

export const AgentPass = z.looseObject({ type: PassType, value: z.string().min(1) })

/** Issuance status: the answer to issuance and what its status URL returns (protocol 4, §5.3.2). */
export const IssuanceStatus = z.looseObject({
  id: z.string().min(1),
  status: z.enum(['pending', 'approved', 'denied', 'expired', 'canceled']),
  type: PassType.optional(),
  expires_at: rfc3339.optional(),
  poll_after_ms: z.number().min(0).optional(),
  reason: z.string().optional(),
  /** Ours ([X]): digits that a person types in where they approve, to show that it is this Harness they approve; of anything else nobody takes notice. */
  approval_number: z.unknown().optional(),
  links: z.looseObject({ self: z.string().optional(), approval: z.string().optional(), events: z.string().optional() }).optional(),
  agentpass: AgentPass.optional(),
})
export type IssuanceStatus = z.infer<typeof IssuanceStatus>
