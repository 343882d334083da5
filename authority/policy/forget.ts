import { ProtocolError } from '../../spec/error.ts'
import { type Audit, noteRefusal } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import { readShown } from '../approve/shown.ts'
import { aboutRemembered } from '../audit/about.ts'
import type { Reach } from '../store/reach.ts'
import { isReference, referenceOf } from '../store/reference.ts'
import { forgetOfRequest, forgetRemembered } from '../store/remembered.ts'
import type { AuthorityTables, RememberedRow, RequestRow, Tx } from '../store/schema.ts'

export type ForgetDeps = { db: Database<AuthorityTables>; audit: Audit }

/** Ends a remembered approval: such requests are asked about again. What it has given stands, and is revoked as everything is. Throws not_found for one that is out of reach, or none. */
export const forget = (d: ForgetDeps, ref: string, { by, within }: { by: string; within: Reach }): Promise<RememberedRow> =>
  noteRefusal(d.audit, { event: 'remembered', remembered: referenceOf(ref), by }, () =>
    d.db.write(async (tx) => {
      const row = isReference(ref) ? await forgetRemembered(tx, within, ref) : undefined
      if (!row) throw new ProtocolError('not_found', 'there is no such remembered approval, or it is not yours to end')
      await noteForgotten(d, tx, [row], by)
      return row
    }),
  )

/** Forgets what has approved a request, and what was remembered when it was approved: or the next such request is approved again. Gives it as it was. */
export const forgetOf = (tx: Tx, { ref, shown }: Pick<RequestRow, 'ref' | 'shown'>): Promise<RememberedRow[]> =>
  forgetOfRequest(tx, { ref, remembered: readShown(shown).remembered })

/** Writes into the trail that remembered approvals have ended. Gives them. */
export async function noteForgotten(d: Pick<ForgetDeps, 'audit'>, tx: Tx, rows: RememberedRow[], by: string): Promise<RememberedRow[]> {
  for (const row of rows) await d.audit.record(tx, { event: 'remembered', outcome: 'ended', by, ...aboutRemembered(row) })
  return rows
}
