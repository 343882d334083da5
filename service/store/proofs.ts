import { ProtocolError } from '../../spec/error.ts'
import type { Proof } from '../../spec/proof.ts'
import type { Tx } from './schema.ts'

/** Spends a proof that verified, by its (thumbprint, jti) pair (protocol 9.4). Throws replay when it was seen before. One INSERT decides. */
export async function consumeProof(tx: Tx, { thumbprint, jti, expiresAt }: Proof): Promise<void> {
  const won = await tx
    .insertInto('proof_seen')
    .values({ thumbprint, jti, expires_at: expiresAt })
    .onConflict((c) => c.doNothing())
    .returning('jti')
    .executeTakeFirst()
  if (!won) throw new ProtocolError('replay', 'this holder proof has been used')
}

/** Deletes remembered proofs that have expired. Gives how many went. */
export async function deleteProofsExpiredBefore(tx: Tx, before: number, limit: number): Promise<number> {
  const due = await tx.selectFrom('proof_seen').select(['thumbprint', 'jti']).where('expires_at', '<', before).limit(limit).execute()
  for (const { thumbprint, jti } of due) await tx.deleteFrom('proof_seen').where('thumbprint', '=', thumbprint).where('jti', '=', jti).execute()
  return due.length
}
