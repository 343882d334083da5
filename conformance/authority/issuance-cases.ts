import type { Case } from '../case.ts'
import { holderKey } from './3.1.1-holder-key.ts'
import { harnessAttestation } from './3.1.2-harness-attestation.ts'
import { harnessIssuers } from './3.1.2-harness-issuers.ts'
import { taskAttestation } from './3.1.3-task-attestation.ts'
import { approvedScopes } from './5.3.1-approved-scopes.ts'
import { issuanceBody } from './5.3.1-body.ts'
import { issuanceDestination } from './5.3.1-destination.ts'
import { issuance } from './5.3.1-issuance.ts'
import { issuanceMembers } from './5.3.1-issuance-members.ts'
import { issuanceScopes } from './5.3.1-scopes.ts'
import { issuanceSecrets } from './5.3.1-secrets.ts'
import { issuanceUser } from './5.3.1-user.ts'
import { issuanceStatus } from './5.3.2-status.ts'
import { statusDoors } from './5.3.2-status-doors.ts'
import { issuanceEnds } from './5.3.2-status-ends.ts'
import { issuanceLimits } from './5.3-limits.ts'
import type { AuthorityStage } from './stage.ts'

/** Issuance, from the request to the end of its status (§3.1, §5.3). */
export const issuanceCases: readonly Case<AuthorityStage>[] = [
  ...issuance,
  ...issuanceMembers,
  ...issuanceUser,
  ...issuanceDestination,
  ...issuanceBody,
  ...holderKey,
  ...harnessAttestation,
  ...harnessIssuers,
  ...taskAttestation,
  ...issuanceScopes,
  ...approvedScopes,
  ...issuanceSecrets,
  ...issuanceStatus,
  ...issuanceEnds,
  ...statusDoors,
  ...issuanceLimits,
]
