import type { Case } from '../case.ts'
import { holderProof } from './3.1.1-holder-proof.ts'
import { proofClaimsCases, proofForm, proofTarget } from './3.1.1-holder-proof-form.ts'
import { replay } from './3.1.1-proof-replay.ts'
import { answers } from './4.4-answer.ts'
import { check } from './4.4-continuous.ts'
import { lifetime } from './4.4-lifetime.ts'
import { domainPolicy } from './4.4-own-authority.ts'
import { order, passes, redemption } from './4.4-redemption.ts'
import { scope, scopeAnswered } from './4.4-scope.ts'
import { scopeRefused } from './4.4-scope-refused.ts'
import { trust, trustOfBothFlows } from './4.4-trust.ts'
import { sameUser } from './4.4-user.ts'
import { validateUrls } from './4.4-validate-url.ts'
import { validation } from './4.4-validation.ts'
import { browserGrants, browserSessions } from './4.5-browser.ts'
import { destination } from './4.5-destination.ts'
import { initialization } from './4.5-initialization.ts'
import { nothingBegun } from './4.5-nothing-begun.ts'
import { audit } from './4.6-audit.ts'
import { bearer } from './4.6-bearer.ts'
import type { ServiceStage } from './stage.ts'

/** Every case about a pass at a Service, from its redemption to the end of what it bought, in the order of the draft’s sections. */
export const redemptionCases: readonly Case<ServiceStage>[] = [
  ...holderProof,
  ...proofForm,
  ...proofClaimsCases,
  ...proofTarget,
  ...replay,
  ...redemption,
  ...passes,
  ...order,
  ...trust,
  ...domainPolicy,
  ...validation,
  ...validateUrls,
  ...sameUser,
  ...answers,
  ...scope,
  ...scopeRefused,
  ...scopeAnswered,
  ...check,
  ...lifetime,
  ...browserGrants,
  ...browserSessions,
  ...initialization,
  ...nothingBegun,
  ...destination,
  ...bearer,
  ...trustOfBothFlows,
  ...audit,
]
