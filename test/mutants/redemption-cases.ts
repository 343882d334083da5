import { requirementOf } from '../../conformance/requirements.ts'
import { redemptionCases } from '../../conformance/service/redemption-cases.ts'

/** The ids of the cases about redemption and what follows it that look like this, of those that are judged in the profile. */
export const redemptionIds = (pattern: RegExp, profile: 'core-0.1' | 'hardened' = 'core-0.1'): string[] =>
  redemptionCases
    .filter((one) => profile === 'hardened' || (one.profile === undefined && requirementOf(one.id).origin !== 'hardening'))
    .map(({ id }) => id)
    .filter((id) => pattern.test(id))
