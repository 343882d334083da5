import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { isWithin, type Reach } from './reach.ts'
import type { RequestRow, Tx } from './schema.ts'

/** Whose delegations somebody means: those of a user (in canonical form), at a Service, of a holder key by its thumbprint, one by its authorization id, or all. */
export type Which = { by: 'user' | 'service' | 'key_thumbprint' | 'authorization_id'; is: string } | { by: 'all' }
/** What can be alive of a delegation: in turn the request that waits for a decision, the pass that was not used, the authorization. */
export type Stage = 'request' | 'pass' | 'authorization'
/** What the audit trail says of a request something of which is alive. */
export type Alive = Pick<RequestRow, 'digest' | 'ref' | 'user_email' | 'agent_id' | 'harness_id' | 'task_id' | 'service_origin' | 'shown'> & {
  authorization_id: string | null
}

const SELECTED = [
  'request.digest',
  'request.ref',
  'request.user_email',
  'request.agent_id',
  'request.harness_id',
  'request.task_id',
  'request.service_origin',
  'request.shown',
] as const

/** Some of what is meant and is alive after `aliveAt` in one of its stages. */
export async function findAlive(
  tx: Tx,
  stage: Stage,
  which: Which,
  { aliveAt, limit, within = 'all' }: { aliveAt: number; limit: number; within?: Reach },
): Promise<Alive[]> {
  const meant = sql<SqlBool>`${isMeant(stage, which)} and ${isWithin(within)}`
  switch (stage) {
    case 'request': {
      const pending = tx
        .selectFrom('request')
        .select([...SELECTED, sql<null>`null`.as('authorization_id')])
        .where('status', '=', 'pending')
      return pending.where('expires_at', '>', aliveAt).where(meant).limit(limit).execute()
    }
    case 'pass': {
      const passes = tx.selectFrom('pass').innerJoin('request', 'request.digest', 'pass.request_digest')
      const unused = passes.where('pass.consumed_at', 'is', null).where('pass.revoked_at', 'is', null).where('pass.expires_at', '>', aliveAt)
      return unused
        .select([...SELECTED, 'pass.authorization_id'])
        .where(meant)
        .limit(limit)
        .execute()
    }
    case 'authorization': {
      const opened = tx.selectFrom('authorization').innerJoin('pass', 'pass.authorization_id', 'authorization.id')
      const active = opened.where('authorization.state', '=', 'active').where('authorization.expires_at', '>', aliveAt)
      const ofRequests = active.innerJoin('request', 'request.digest', 'pass.request_digest')
      return ofRequests
        .select([...SELECTED, 'pass.authorization_id'])
        .where(meant)
        .limit(limit)
        .execute()
    }
  }
}

/** The Service is looked up where the stage is: of all that was ever requested for it, little is alive. */
function isMeant(stage: Stage, which: Which): RawBuilder<SqlBool> {
  switch (which.by) {
    case 'all':
      return sql`1 = 1`
    case 'user':
      return sql`request.user_email = ${which.is}`
    case 'key_thumbprint':
      return sql`request.key_thumbprint = ${which.is}`
    case 'service':
      return sql`${sql.ref(stage)}.service_origin = ${which.is}`
    case 'authorization_id': // a request that has one waits no more
      return stage === 'request' ? sql`1 = 0` : sql`pass.authorization_id = ${which.is}`
  }
}
