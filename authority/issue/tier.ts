import { isAtLeast, type Tier } from '../approve/shown.ts'

/** The lowest tier that requests about a Service must have (protocol 4). */
export type MinimumTier = (service: string) => Tier

/** Minimum tiers from settings: that of the whole Authority, or a Service's own where it is the stricter one. */
export function createMinimumTier(least: Tier, at: { service: string; minimum_tier: Tier }[]): MinimumTier {
  const stricter = at.filter(({ minimum_tier }) => !isAtLeast(least, minimum_tier))
  const byService = new Map(stricter.map(({ service, minimum_tier }) => [service, minimum_tier]))
  return (service) => byService.get(service) ?? least
}
