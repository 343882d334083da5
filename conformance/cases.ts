import { versions as authorityVersions } from './authority/2.2-version.ts'
import { privateAddresses as authorityPrivateAddresses, tls as authorityTls } from './authority/4.1-service-address.ts'
import { documentCaching as authorityCaching, serviceDiscovery as authorityServiceDiscovery } from './authority/4.1-service-discovery.ts'
import { unreachable as authorityUnreachable } from './authority/4.1-service-unreachable.ts'
import { configuration as authorityConfiguration } from './authority/5.2-configuration.ts'
import { decisions as authorityDecisions } from './authority/5.3.2-decision.ts'
import { assertionClaims as authorityAssertionClaims } from './authority/5.4.1-assertion-claims.ts'
import { assertionKeys as authorityAssertionKeys } from './authority/5.4.1-assertion-keys.ts'
import { assertionKinds as authorityAssertionKinds } from './authority/5.4.1-assertion-kinds.ts'
import { assertionOrder as authorityAssertionOrder } from './authority/5.4.1-assertion-order.ts'
import { assertionSignature as authorityAssertionSignature } from './authority/5.4.1-assertion-signature.ts'
import { singleUse as authoritySingleUse } from './authority/5.4.1-single-use.ts'
import { validation as authorityValidation } from './authority/5.4.1-validation.ts'
import { validationBody as authorityValidationBody } from './authority/5.4.1-validation-body.ts'
import { check as authorityCheck } from './authority/5.5.1-check.ts'
import { close as authorityClose } from './authority/5.5.2-close.ts'
import { errors as authorityErrors } from './authority/5.5-errors.ts'
import { logs as authorityLogs } from './authority/5.5-logs.ts'
import { revocation as authorityRevocation } from './authority/5.5-revocation.ts'
import { issuanceCases as authorityIssuance } from './authority/issuance-cases.ts'
import type { AuthorityStage } from './authority/stage.ts'
import type { Case } from './case.ts'
import { harnessCases } from './harness/all.ts'
import type { HarnessStage } from './harness/stage.ts'
import { requirementOf } from './requirements.ts'
import { versions as serviceVersions } from './service/2.2-version.ts'
import { configuration as serviceConfiguration } from './service/4.1-configuration.ts'
import { domainSpellings as serviceDomainSpellings } from './service/4.2-domain-spellings.ts'
import { emails as serviceEmails } from './service/4.2-email.ts'
import { limits as serviceLimits } from './service/4.2-limits.ts'
import { ownAuthority as serviceOwnAuthority } from './service/4.2-own-authority.ts'
import { resolution as serviceResolution } from './service/4.2-resolution.ts'
import { scopeDiscovery as serviceScopeDiscovery } from './service/4.3-scopes.ts'
import { scopesAssertion as serviceScopesAssertion } from './service/4.3-scopes-assertion.ts'
import { inABrowser } from './service/4.5-in-a-browser.ts'
import { caching as serviceCaching } from './service/5.2.1-caching.ts'
import { dnsFailures as serviceDnsFailures } from './service/5.2.1-dns-failures.ts'
import { enterpriseDocument as serviceEnterpriseDocument } from './service/5.2.1-enterprise-document.ts'
import { enterpriseRecord as serviceEnterpriseRecord } from './service/5.2.1-enterprise-record.ts'
import { fetching as serviceFetching } from './service/5.2.1-fetch.ts'
import { privateAddresses as servicePrivateAddresses } from './service/5.2.1-private-addresses.ts'
import { tls as serviceTls } from './service/5.2.1-tls.ts'
import { unusableRecord as serviceUnusableRecord } from './service/5.2.1-unusable-record.ts'
import { federatedDiscovery as serviceFederatedDiscovery } from './service/5.2.2-federated.ts'
import { errors as serviceErrors } from './service/5.5-errors.ts'
import { redemptionCases as serviceRedemption } from './service/redemption-cases.ts'
import type { ServiceStage } from './service/stage.ts'

/** Every case, by the party that it judges. */
export const casesOf: { authority: readonly Case<AuthorityStage>[]; service: readonly Case<ServiceStage>[]; harness: readonly Case<HarnessStage>[] } =
  {
    authority: [
      ...authorityConfiguration,
      ...authorityIssuance,
      ...authorityValidation,
      ...authorityVersions,
      ...authorityServiceDiscovery,
      ...authorityCaching,
      ...authorityUnreachable,
      ...authorityPrivateAddresses,
      ...authorityTls,
      ...authorityAssertionSignature,
      ...authorityAssertionClaims,
      ...authorityAssertionKinds,
      ...authorityAssertionKeys,
      ...authorityAssertionOrder,
      ...authorityValidationBody,
      ...authoritySingleUse,
      ...authorityDecisions,
      ...authorityCheck,
      ...authorityClose,
      ...authorityRevocation,
      ...authorityErrors,
      ...authorityLogs,
    ],
    service: [
      ...serviceVersions,
      ...serviceConfiguration,
      ...serviceDomainSpellings,
      ...serviceEmails,
      ...serviceLimits,
      ...serviceResolution,
      ...serviceOwnAuthority,
      ...serviceScopeDiscovery,
      ...serviceScopesAssertion,
      ...serviceCaching,
      ...serviceDnsFailures,
      ...serviceEnterpriseDocument,
      ...serviceEnterpriseRecord,
      ...serviceFetching,
      ...servicePrivateAddresses,
      ...serviceTls,
      ...serviceUnusableRecord,
      ...serviceFederatedDiscovery,
      ...serviceErrors,
      ...inABrowser,
      ...serviceRedemption,
    ],
    harness: harnessCases,
  }

/** Which cases are run: whose id is one of `only`, or begins with it; and of which origin. */
export type CaseChoice = { only?: string[] | undefined; hardeningOnly?: boolean | undefined }

/** Whether a case is to be run. */
export function isChosen({ id, profile }: { id: string; profile?: string }, { only, hardeningOnly }: CaseChoice): boolean {
  if (hardeningOnly && profile !== 'hardened' && requirementOf(id).origin !== 'hardening') return false
  return !only || only.some((start) => id === start || id.startsWith(`${start}/`) || (/[-A-Z]$/.test(start) && id.startsWith(start)))
}
