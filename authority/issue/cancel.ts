import type { Now } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import { aboutRequest } from '../audit/about.ts'
import { digestOf } from '../store/digest.ts'
import { decide, findRequest } from '../store/requests.ts'
import type { AuthorityTables } from '../store/schema.ts'

export type CancelDeps = { now: Now; db: Database<AuthorityTables>; audit: Audit; onDecided: (requestDigest: string) => void }

/** Cancels a pending request for the Harness that holds its id (protocol 4). Throws unknown_request, already_decided. */
export async function cancelByHarness(d: CancelDeps, id: string): Promise<void> {
  const digest = digestOf(id)
  const request = await findRequest(d.db.read, digest)
  if (!request) throw new ProtocolError('unknown_request', 'there is no such request')
  await d.db.write(async (tx) => {
    await decide(tx, digest, 'canceled', { shownDigest: request.shown_digest, by: 'harness', at: d.now() })
    await d.audit.record(tx, { event: 'decision', outcome: 'canceled', by: 'harness', ...aboutRequest(request) })
  })
  d.onDecided(digest)
}
