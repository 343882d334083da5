import { ProtocolError } from '../../spec/error.ts'
import type { Approvers } from '../policy/policy.ts'
import type { AuthorityTables, Tx } from './schema.ts'

export type ApprovalRow = AuthorityTables['approval']

/** Writes down who alone may approve a request, where its inbox looks for it. */
export async function nameApprovers(tx: Tx, { ref, user_email }: { ref: string; user_email: string }, approvers: Approvers[]): Promise<void> {
  const named = new Set(approvers.flatMap(({ who }) => who.map((one) => (one === 'user' ? user_email : one))))
  if (named.size > 0)
    await tx
      .insertInto('request_approver')
      .values([...named].map((who) => ({ ref, who })))
      .execute()
}

/** Writes an approval down, one a person. Gives all there are of the request, the first first. Throws already_decided where this person has approved before. */
export async function addApproval(tx: Tx, approval: ApprovalRow): Promise<ApprovalRow[]> {
  const added = await tx
    .insertInto('approval')
    .values(approval)
    .onConflict((conflict) => conflict.doNothing())
    .returning('by')
    .executeTakeFirst()
  const all = await listApprovals(tx, approval.request_digest)
  const isTwice = all.filter(({ by }) => by.toLowerCase() === approval.by.toLowerCase()).length > 1 // one person in two spellings
  if (!added || isTwice) throw new ProtocolError('already_decided', 'you have approved this already: it waits for somebody else')
  return all
}

/** The approvals of a request so far, the first first. */
export const listApprovals = (db: Tx, requestDigest: string): Promise<ApprovalRow[]> =>
  db.selectFrom('approval').selectAll().where('request_digest', '=', requestDigest).orderBy('at').orderBy('by').execute()
