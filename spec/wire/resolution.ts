import { z } from 'zod'
import { emailAddress } from '../email.ts'
import { AuthorityReference } from './configuration.ts'

/** Request body of authority resolution (protocol 3, §4.2). */
export const ResolutionRequest = z.looseObject({ user: z.looseObject({ email: emailAddress }) })
export type ResolutionRequest = z.infer<typeof ResolutionRequest>

/** Answer of authority resolution: one member, or `service_authority` beside the federated list where the Service offers both (protocol 3). */
export const ResolutionResponse = z
  .looseObject({
    enterprise_authority: AuthorityReference.optional(),
    service_authority: AuthorityReference.optional(),
    trusted_federated_authorities: z.array(AuthorityReference).min(1).optional(),
  })
  .refine(
    ({ enterprise_authority: enterprise, service_authority: service, trusted_federated_authorities: federated }) =>
      enterprise ? !service && !federated : Boolean(service || federated),
    { error: 'must offer an enterprise authority alone, or others' },
  )
  .meta({
    oneOf: [
      { required: ['enterprise_authority'] },
      { anyOf: [{ required: ['service_authority'] }, { required: ['trusted_federated_authorities'] }] },
    ],
  })
export type ResolutionResponse = z.infer<typeof ResolutionResponse>
