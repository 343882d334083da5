import { sql } from 'kysely'
import type { Dialect } from '../../spec/node/database.ts'
import { statement } from '../../spec/node/statement.ts'
import type { AuthorityTables, RequestRow, Tx } from './schema.ts'

/** Whose requests are counted: a user's, or a Harness's, which is its holder key where it has one and else what it calls itself. */
export type Whose = 'user' | 'harness'
type Of = Pick<RequestRow, 'user_email' | 'harness_id' | 'key_thumbprint'>
/** How many requests wait for a decision, and when the first of them expires. */
export type Waiting = { count: number; first_expires_at: number | null }

const LOCKS = { user: 4_712_003, harness: 4_712_004 }

/**
 * Counts the requests that wait for a decision at this moment, those past their deadline not among them.
 * Until the transaction ends nobody else counts the same, so that what it then adds is never one too many: on SQLite every writer is alone, on PostgreSQL they take turns by a lock.
 */
export async function countPending(tx: Tx, dialect: Dialect, { whose, of, at }: { whose: Whose; of: Of; at: number }): Promise<Waiting> {
  const { count, name } = counted(whose, of)
  if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${LOCKS[whose]}::int, hashtext(${name}))`.execute(tx)
  const [waiting] = await count(tx, { name, at })
  return waiting ?? { count: 0, first_expires_at: null }
}

type Column = 'user_email' | 'key_thumbprint' | 'harness_id'

const counting = (column: Column) =>
  statement<AuthorityTables, { name: string; at: number }>()((db, given) => {
    const named = db.selectFrom('request').where(column, '=', given('name')).where('status', '=', 'pending').where('expires_at', '>', given('at'))
    const own = column === 'harness_id' ? named.where('key_thumbprint', 'is', null) : named // one that calls itself as a key's thumbprint reads is not that key
    return own.select(({ fn }) => [fn.countAll<number>().as('count'), fn.min<number | null>('expires_at').as('first_expires_at')])
  })
const ofUser = counting('user_email')
const ofKey = counting('key_thumbprint')
const ofNamed = counting('harness_id')

function counted(whose: Whose, of: Of) {
  if (whose === 'user') return { count: ofUser, name: of.user_email }
  return of.key_thumbprint === null ? { count: ofNamed, name: of.harness_id } : { count: ofKey, name: of.key_thumbprint }
}
