import { isMeant } from '../../spec/email.ts'
import type { HeldScope } from './route.ts'

/** Which scopes the users of a pattern (an address, or `@domain`) hold; the first that matches counts. */
export type Holding = { user: string; scopes: string[] }

/** Held scopes from settings, in the order of `scopes`. Without holdings everybody holds all of them, and the app behind has the last word. */
export function createHeldScope(scopes: string[], holdings: Holding[] | undefined): HeldScope {
  return async (email) => {
    if (!holdings) return scopes
    const held = holdings.find(({ user }) => isMeant(user, email))?.scopes ?? []
    return scopes.filter((scope) => held.includes(scope))
  }
}
