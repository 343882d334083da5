import { ProtocolError } from '../../spec/error.ts'
import { statement } from '../../spec/node/statement.ts'
import type { Proof } from '../../spec/proof.ts'
import type { ServiceTables, Tx } from './schema.ts'

// One INSERT decides, so of two that race one wins.
const insertProof = statement<ServiceTables, ServiceTables['proof_seen']>()((db, given) =>
  db
    .insertInto('proof_seen')
    .values({ thumbprint: given('thumbprint'), jti: given('jti'), expires_at: given('expires_at') })
    .onConflict((c) => c.doNothing())
    .returning('jti'),
)

/** Spends a proof that verified, by its (thumbprint, jti) pair (protocol 9.4). Throws replay when it was seen before. */
export async function consumeProof(tx: Tx, { thumbprint, jti, expiresAt }: Proof): Promise<void> {
  const won = await insertProof(tx, { thumbprint, jti, expires_at: expiresAt })
  if (won.length === 0) throw new ProtocolError('replay', 'this holder proof has been used')
}

/** Deletes remembered proofs that have expired. Gives how many went. */
export async function deleteProofsExpiredBefore(tx: Tx, before: number, limit: number): Promise<number> {
  const due = await tx.selectFrom('proof_seen').select(['thumbprint', 'jti']).where('expires_at', '<', before).limit(limit).execute()
  for (const { thumbprint, jti } of due) await tx.deleteFrom('proof_seen').where('thumbprint', '=', thumbprint).where('jti', '=', jti).execute()
  return due.length
}
