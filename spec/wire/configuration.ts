import { z } from 'zod'
import { authorityIdentifier, httpsUrl, origin } from '../origin.ts'

/** The protocol version this implementation speaks (protocol 1). */
export const VERSION = '0.1'

/** What every configuration document must be before the rest of it is read: an object, whose version is judged by hand. */
export const Versioned = z.looseObject({ version: z.unknown().optional() })

const version = z.string().regex(/^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)$/)
export const TrustMode = z.enum(['enterprise', 'federated', 'service'])
export type TrustMode = z.infer<typeof TrustMode>

/** The `issuance_status` template: an https URL in which `{id}` stands for the percent-encoded request id (protocol 2). */
const statusTemplate = z
  .string()
  .max(2048)
  .refine((template) => template.includes('{id}') && httpsUrl.safeParse(template.replaceAll('{id}', 'id')).success)
  .meta({ format: 'uri-template', pattern: '^[Hh][Tt][Tt][Pp][Ss]://.*\\{id\\}', description: 'https URL template that contains {id}' })

const authorityEndpoints = z.looseObject({
  issuance: httpsUrl,
  issuance_status: statusTemplate,
  validate: httpsUrl,
  authorization_check: httpsUrl,
  authorization_close: httpsUrl.optional(),
})

const authorityPolicy = z.looseObject({ allow_service_authorities: z.boolean().optional() })

/** The Authority configuration document (protocol 2, §5.2), as published. */
export const AuthorityConfiguration = z.looseObject({
  version,
  authority: authorityIdentifier,
  trust_mode: TrustMode,
  jwks_uri: httpsUrl,
  endpoints: authorityEndpoints,
  policy: authorityPolicy.optional(),
  approval: z.looseObject({ modes: z.array(z.literal('poll')).optional(), default_ttl_seconds: z.int().min(1).optional() }).optional(),
})
export type AuthorityConfiguration = z.infer<typeof AuthorityConfiguration>

const usedByServices = AuthorityConfiguration.pick({ authority: true, trust_mode: true, jwks_uri: true, policy: true }).extend({
  endpoints: authorityEndpoints.pick({ validate: true, authorization_check: true, authorization_close: true }),
})
const NoEnterprise = z.looseObject({ trust_mode: TrustMode.exclude(['enterprise']) })

/**
 * What a Service reads of an Authority configuration: the members it uses, and no other is a reason to refuse (protocol 1).
 * `policy` is an enterprise's to say, and is read of no other (protocol 2).
 */
export const AuthorityForService = z.preprocess((document) => {
  const other = NoEnterprise.safeParse(document)
  return other.success ? { ...other.data, policy: undefined } : document
}, usedByServices)
export type AuthorityForService = z.infer<typeof AuthorityForService>

/** The same in `hardened`, where an Authority must be able to close (protocol 2). */
export const HardenedAuthorityForService = AuthorityForService.refine(({ endpoints }) => endpoints.authorization_close !== undefined, {
  path: ['endpoints', 'authorization_close'],
})

/** What a Harness reads of an Authority configuration. */
export const AuthorityForHarness = AuthorityConfiguration.pick({ authority: true, trust_mode: true }).extend({
  endpoints: authorityEndpoints.pick({ issuance: true, issuance_status: true }),
})
export type AuthorityForHarness = z.infer<typeof AuthorityForHarness>

/** An Authority and where its configuration is: a pin wherever it is written (protocol 2, 3). */
export const AuthorityReference = z.looseObject({ authority: authorityIdentifier, authority_configuration_url: httpsUrl })
export type AuthorityReference = z.infer<typeof AuthorityReference>

const serviceEndpoints = z.looseObject({
  resolve_authorities: httpsUrl,
  available_scopes: httpsUrl,
  redeem_browser_session: httpsUrl,
  redeem_bearer_token: httpsUrl,
  security_events: httpsUrl.optional(),
  revoke: httpsUrl.optional(),
})

/** The Service configuration document (protocol 2, §4.1), as published. */
export const ServiceConfiguration = z.looseObject({
  version,
  kind: z.literal('service'),
  service: z.looseObject({ origin, name: z.string().optional() }),
  jwks_uri: httpsUrl,
  trust: z.looseObject({
    trusted_federated_authorities: z.array(AuthorityReference).optional().meta({ description: 'published non-empty and without duplicates' }),
    service_authority: AuthorityReference.optional(),
  }),
  endpoints: serviceEndpoints,
})
export type ServiceConfiguration = z.infer<typeof ServiceConfiguration>

/** What an Authority reads of a Service configuration. */
export const ServiceForAuthority = ServiceConfiguration.pick({ kind: true, service: true, jwks_uri: true }).extend({
  endpoints: serviceEndpoints.pick({ available_scopes: true, security_events: true }),
})
export type ServiceForAuthority = z.infer<typeof ServiceForAuthority>

/** What a Harness reads of a Service configuration. */
export const ServiceForHarness = ServiceConfiguration.pick({ kind: true, service: true }).extend({
  endpoints: serviceEndpoints.pick({ resolve_authorities: true, redeem_browser_session: true, redeem_bearer_token: true, revoke: true }),
})
export type ServiceForHarness = z.infer<typeof ServiceForHarness>

/** A JSON Web Key Set (RFC 7517); which of its keys are used is judged key by key. */
export const KeySetDocument = z.looseObject({ keys: z.array(z.unknown()) })
export type KeySetDocument = z.infer<typeof KeySetDocument>
