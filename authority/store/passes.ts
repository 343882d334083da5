import { ProtocolError } from '../../spec/error.ts'
import { statement } from '../../spec/node/statement.ts'
import { digestOf } from './digest.ts'
import type { AuthorityTables, PassRow, Tx } from './schema.ts'

type NewPass = Omit<PassRow, 'consumed_at' | 'revoked_at'>

const insertPass = statement<AuthorityTables, NewPass>()((db, given) =>
  db.insertInto('pass').values({
    digest: given('digest'),
    request_digest: given('request_digest'),
    service_origin: given('service_origin'),
    authorization_id: given('authorization_id'),
    answer: given('answer'),
    expires_at: given('expires_at'),
    authorization_seconds: given('authorization_seconds'),
    about: given('about'),
  }),
)

export async function addPass(tx: Tx, pass: NewPass): Promise<void> {
  await insertPass(tx, pass)
}

// One statement decides, so two racing redemptions cannot both win, and a stranger cannot burn it.
const consume = statement<AuthorityTables, { digest: string; service: string; at: number }>()((db, given) =>
  db
    .updateTable('pass')
    .set({ consumed_at: given('at') })
    .where('digest', '=', given('digest'))
    .where('service_origin', '=', given('service'))
    .where('consumed_at', 'is', null)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', given('at'))
    .returningAll(),
)

/** Consumes a pass for good (protocol 6, steps 3 to 7). Throws unknown_agentpass, wrong_service, already_consumed, agentpass_expired, and consumes nothing then. */
export async function consumePass(tx: Tx, value: string, service: string, at: number): Promise<PassRow> {
  const digest = digestOf(value)
  const [won] = await consume(tx, { digest, service, at })
  if (won) return won
  throw whyNot(await tx.selectFrom('pass').selectAll().where('digest', '=', digest).executeTakeFirst(), service)
}

const selectPass = statement<AuthorityTables, { requestDigest: string }>()((db, given) =>
  db.selectFrom('pass').select(['expires_at', 'consumed_at', 'revoked_at']).where('request_digest', '=', given('requestDigest')),
)

/** What became of the pass of a request; undefined when there is none. */
export async function findPass(db: Tx, requestDigest: string): Promise<Pick<PassRow, 'expires_at' | 'consumed_at' | 'revoked_at'> | undefined> {
  const [row] = await selectPass(db, { requestDigest })
  return row
}

/** What validation answers, or would have, for the passes of some requests, by request. */
export async function findAnswers(db: Tx, requestDigests: string[]): Promise<Map<string, string>> {
  if (requestDigests.length === 0) return new Map()
  const rows = await db.selectFrom('pass').select(['request_digest', 'answer']).where('request_digest', 'in', requestDigests).execute()
  return new Map(rows.map(({ request_digest, answer }) => [request_digest, answer]))
}

function whyNot(pass: PassRow | undefined, service: string): ProtocolError {
  if (!pass) return new ProtocolError('unknown_agentpass', 'there is no such pass')
  if (pass.service_origin !== service) return new ProtocolError('wrong_service', 'this pass is for another service')
  if (pass.consumed_at !== null) return new ProtocolError('already_consumed', 'this pass has been used')
  return new ProtocolError('agentpass_expired', 'this pass has expired or was revoked')
}

/** Kills those passes of requests that could still be used after `aliveAt`. Gives the digests of the requests that had one. */
export async function revokePasses(tx: Tx, requestDigests: string[], { at, aliveAt = at }: { at: number; aliveAt?: number }): Promise<string[]> {
  const killed = await tx
    .updateTable('pass')
    .set({ revoked_at: at })
    .where('request_digest', 'in', requestDigests)
    .where('consumed_at', 'is', null)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', aliveAt)
    .returning('request_digest')
    .execute()
  return killed.map(({ request_digest }) => request_digest)
}
