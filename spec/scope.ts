import { ProtocolError } from './error.ts'

/**
 * The scope a redemption grants (protocol 8, checks 5 and 6): what was approved, of what the User holds here, narrowed to what was asked for.
 * An approved `"*"` stands for all the User holds; a requested `"*"` means all that was approved. Throws insufficient_scope when nothing is left.
 */
export function grantScope(approved: string[], held: string[], requested?: string[]): string[] {
  const usable = approved.includes('*') ? held : held.filter((s) => approved.includes(s))
  const granted = !requested || requested.includes('*') ? usable : usable.filter((s) => requested.includes(s))
  if (granted.length === 0) throw new ProtocolError('insufficient_scope', 'nothing of the requested scope was approved and is held by this user')
  return [...new Set(granted)]
}

/** What a session may do now (protocol 7): what was granted, of what the Authority still stands for. It never grows past the grant. */
export const effectiveScope = (granted: string[], checked: string[]): string[] =>
  checked.includes('*') ? granted : granted.filter((s) => checked.includes(s))

/** Whether an Authority may approve a scope (protocol 4): not empty, and each name offered by the Service; `"*"` only where it was offered or policy allows it. */
export const isApprovable = (scope: string[], offered: string[], everythingAllowed = false): boolean =>
  scope.length > 0 && scope.every((s) => offered.includes(s) || (s === '*' && everythingAllowed))
