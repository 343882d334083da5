import { canonicalAddress } from '../../spec/email.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Shown } from './shown.ts'

/** Who decides behind the management door. */
export const ADMIN_TOKEN = 'admin token'

type Deciding = Pick<Shown, 'approvers' | 'approvals' | 'user'>
type Who = { by: string; groups?: string[] | undefined }

/**
 * Whether somebody may approve, by the word of the policies that name who may. All of them must name this person; where none names anybody, whoever may decide may approve, but for the admin token where
 * two people must: whoever holds it may be one of them.
 */
export function isApprover({ approvers = [], approvals = 1, user }: Deciding, who: Who): boolean {
  if (approvals > 1 && approvers.length === 0 && who.by === ADMIN_TOKEN) return false
  return approvers.every((one) => one.who.some((name) => isNamed(name, who, user.email)))
}

function isNamed(name: string, { by, groups = [] }: Who, user: string): boolean {
  if (name === 'admin-token') return by === ADMIN_TOKEN
  if (by === ADMIN_TOKEN) return false
  if (name === 'user') return by === canonicalAddress(user)
  return name.startsWith('group:') ? groups.includes(name.slice('group:'.length)) : name === by
}

/** Throws forbidden for somebody who may not. */
export function requireApprover(shown: Deciding, who: Who): void {
  if (isApprover(shown, who)) return
  if (!shown.approvers) throw new ProtocolError('forbidden', 'two people must approve this, and the admin token is nobody in particular')
  const names = shown.approvers.map((one) => one.who.join(', ')).join('; and ')
  throw new ProtocolError('forbidden', `policy names who approves this: ${names}`)
}
