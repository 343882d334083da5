import { canonicalAddress } from '../../spec/email.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Shown } from './shown.ts'

/** Who decides behind the management door. */
export const ADMIN_TOKEN = 'admin token'

/** Whether somebody may approve, by the word of the policies that name who may. All of them must name this person; where none names anybody, whoever may decide may approve. */
export const isApprover = (
  { approvers = [], user }: Pick<Shown, 'approvers' | 'user'>,
  who: { by: string; groups?: string[] | undefined },
): boolean => approvers.every((one) => one.who.some((name) => isNamed(name, who, user.email)))

function isNamed(name: string, { by, groups = [] }: { by: string; groups?: string[] | undefined }, user: string): boolean {
  if (name === 'admin-token') return by === ADMIN_TOKEN
  if (by === ADMIN_TOKEN) return false
  if (name === 'user') return by === canonicalAddress(user)
  return name.startsWith('group:') ? groups.includes(name.slice('group:'.length)) : name === by
}

/** Throws forbidden for somebody whom policy does not name. */
export function requireApprover(shown: Pick<Shown, 'approvers' | 'user'>, who: { by: string; groups?: string[] | undefined }): void {
  if (isApprover(shown, who)) return
  const names = (shown.approvers ?? []).map((one) => one.who.join(', ')).join('; and ')
  throw new ProtocolError('forbidden', `policy names who approves this: ${names}`)
}
