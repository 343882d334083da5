import { authorityApprovedScopes } from './authority-approved-scopes.ts'
import { authorityAssertionClaims } from './authority-assertion-claims.ts'
import { authorityAssertionKeys } from './authority-assertion-keys.ts'
import { authorityAssertions } from './authority-assertions.ts'
import { authorityAttestation } from './authority-attestation.ts'
import { authorityAttestationForm } from './authority-attestation-form.ts'
import { authorityCheck } from './authority-check.ts'
import { authorityConfiguration } from './authority-configuration.ts'
import { authorityDecisions } from './authority-decisions.ts'
import { authorityDiscovery } from './authority-discovery.ts'
import { authorityErrors } from './authority-errors.ts'
import { authorityFetch } from './authority-fetch.ts'
import { authorityHolderKey } from './authority-holder-key.ts'
import { authorityIssuance } from './authority-issuance.ts'
import { authorityIssuanceBody } from './authority-issuance-body.ts'
import { authorityIssuanceUser } from './authority-issuance-user.ts'
import { authorityIssuedPass } from './authority-issued-pass.ts'
import { authorityScopes } from './authority-scopes.ts'
import { authorityStatus } from './authority-status.ts'
import { authorityStatusEnds } from './authority-status-ends.ts'
import { authorityTaskAttestation } from './authority-task-attestation.ts'
import { authorityValidation } from './authority-validation.ts'
import { authorityValidationAnswer } from './authority-validation-answer.ts'
import { authorityVersions } from './authority-versions.ts'
import { harnessDiscovery } from './harness-discovery.ts'
import { harnessFetch } from './harness-fetch.ts'
import { harnessPolling } from './harness-polling.ts'
import { harnessRedemption } from './harness-redemption.ts'
import { harnessRequest } from './harness-request.ts'
import type { Mutant } from './mutant.ts'
import { serviceAddresses } from './service-addresses.ts'
import { serviceAssertions } from './service-assertions.ts'
import { serviceBrowserSessions } from './service-browser-sessions.ts'
import { serviceConfiguration } from './service-configuration.ts'
import { serviceDns } from './service-dns.ts'
import { serviceDocument } from './service-document.ts'
import { serviceFetch } from './service-fetch.ts'
import { serviceGrantedScope } from './service-granted-scope.ts'
import { serviceInABrowser } from './service-in-a-browser.ts'
import { serviceLinks } from './service-links.ts'
import { serviceProof } from './service-proof.ts'
import { serviceRecord } from './service-record.ts'
import { servicePasses, serviceRequests } from './service-redemption.ts'
import { serviceRedemptionTrust } from './service-redemption-trust.ts'
import { serviceResolution } from './service-resolution.ts'
import { serviceScopes } from './service-scopes.ts'
import { serviceAuthorizations } from './service-sessions.ts'
import { serviceLogs, serviceTokens } from './service-tokens.ts'
import { serviceValidation } from './service-validation.ts'
import { serviceValidationAnswer } from './service-validation-answer.ts'

/** Every mutant there is. */
export const mutants: readonly Mutant[] = [
  ...authorityAssertions,
  ...authorityAssertionClaims,
  ...authorityAssertionKeys,
  ...authorityCheck,
  ...authorityDecisions,
  ...authorityDiscovery,
  ...authorityErrors,
  ...authorityFetch,
  ...authorityValidation,
  ...authorityValidationAnswer,
  ...authorityVersions,
  ...authorityConfiguration,
  ...authorityIssuance,
  ...authorityIssuanceBody,
  ...authorityAttestation,
  ...authorityScopes,
  ...authorityStatus,
  ...authorityHolderKey,
  ...authorityIssuanceUser,
  ...authorityTaskAttestation,
  ...authorityAttestationForm,
  ...authorityIssuedPass,
  ...authorityStatusEnds,
  ...authorityApprovedScopes,
  ...harnessDiscovery,
  ...harnessFetch,
  ...harnessRequest,
  ...harnessPolling,
  ...harnessRedemption,
  ...serviceRequests,
  ...servicePasses,
  ...serviceRedemptionTrust,
  ...serviceValidation,
  ...serviceValidationAnswer,
  ...serviceGrantedScope,
  ...serviceProof,
  ...serviceAuthorizations,
  ...serviceTokens,
  ...serviceLinks,
  ...serviceInABrowser,
  ...serviceBrowserSessions,
  ...serviceLogs,
  ...serviceConfiguration,
  ...serviceDns,
  ...serviceRecord,
  ...serviceDocument,
  ...serviceFetch,
  ...serviceAddresses,
  ...serviceResolution,
  ...serviceScopes,
  ...serviceAssertions,
]
