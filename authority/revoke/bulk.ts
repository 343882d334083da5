import type { Random } from '../../spec/effects.ts'
import type { AuditEvent } from '../../spec/node/audit.ts'
import { type ApproveDeps, expireDue } from '../approve/approve.ts'
import { aboutRequest } from '../audit/about.ts'
import { forgetOf, noteForgotten } from '../policy/forget.ts'
import { type Alive, findAlive, type Stage, type Which } from '../store/alive.ts'
import { revokeAuthorizations } from '../store/authorizations.ts'
import { announce } from '../store/outbox.ts'
import { revokePasses } from '../store/passes.ts'
import type { Reach } from '../store/reach.ts'
import { forgetMeant } from '../store/remembered.ts'
import { denyPending, findByAuthorization } from '../store/requests.ts'
import type { Tx } from '../store/schema.ts'
import type { RevokeDeps } from './revoke.ts'

export type BulkDeps = Pick<ApproveDeps, 'now' | 'db' | 'audit' | 'onDecided'> & Pick<RevokeDeps, 'random' | 'deliverSoon'>
/** How much was ended. */
export type Ended = { authorizations: number; passes: number; requests: number; remembered: number }
/** `within`: of what is meant, only that ends which is in somebody's reach; all unless given. */
type Act = { by: string; reason?: string | undefined; within?: Reach }

const BATCH = 200
/** What has just expired by this instance's clock may be alive by another's: each is at most five seconds off the database's. */
const CLOCKS_APART_SECONDS = 10

/**
 * Ends everything alive that is meant (protocol 4, 7): pending requests are denied, unused passes die, active authorizations are revoked and their Services told; a final status stays as it is.
 * What was alive when the call began is dead when it answers. It goes in batches, each with its audit rows in one transaction: where it throws halfway, whole batches stand, and it can be asked again.
 *
 * No gap remains between the stages, nor between instances. A delegation only ever goes from request to pass to authorization, and a stage is left only when a look at it finds nothing alive.
 * A request that was not denied was approved before that look, so its pass is committed and the next stage finds it; a pass that was not killed was consumed before, so its authorization is found.
 * A validation under way holds the pass's row: the statement that kills waits for it and then changes nothing, and the stage is looked at again.
 */
export async function revokeAll(d: BulkDeps, which: Which, act: Act): Promise<Ended> {
  await d.db.write((tx) => d.audit.record(tx, { event: 'revocation', ...aboutWhich(which), by: act.by, reason: act.reason }))
  const before = await forgetApprovals(d, which, act) // before all else: one that stands would approve what is asked meanwhile
  const atOnce = await endStage(d, 'authorization', which, act) // first what can do harm now, then the stages in their order
  const requests = await endStage(d, 'request', which, act)
  while ((await expireDue(d, BATCH)) > 0); // what was past its deadline here could still be approved where the clock is behind
  const since = await forgetApprovals(d, which, act) // what was remembered of one of those requests before it was denied; what it has approved is ended below
  const passes = await endStage(d, 'pass', which, act)
  const authorizations = await endStage(d, 'authorization', which, act)
  const ended = [atOnce, passes, authorizations]
  return {
    authorizations: atOnce.ended + authorizations.ended,
    passes: passes.ended,
    requests: requests.ended,
    remembered: before + since + ended.reduce((sum, { forgotten }) => sum + forgotten, 0),
  }
}

/** Forgets the approvals that are remembered of what is meant. Gives how many. */
const forgetApprovals = (d: BulkDeps, which: Which, { by, within = 'all' }: Act): Promise<number> =>
  d.db.write(async (tx) => {
    const request = which.by === 'authorization_id' ? await findByAuthorization(tx, which.is) : undefined
    return (await noteForgotten(d, tx, request ? await forgetOf(tx, request) : await forgetMeant(tx, which, within), by)).length
  })

/** Ends what is alive of one stage, until a look finds nothing. Gives how much it ended, and how many remembered approvals with it. */
async function endStage(d: BulkDeps, stage: Stage, which: Which, act: Act): Promise<{ ended: number; forgotten: number }> {
  const total = { ended: 0, forgotten: 0 }
  for (;;) {
    const { alive, ended, forgotten } = await d.db.write(async (tx) => {
      const at = d.now()
      const aliveAt = stage === 'request' ? at : at - CLOCKS_APART_SECONDS // a request past its deadline is expired for good
      const alive = await findAlive(tx, stage, which, { aliveAt, limit: BATCH, ...(act.within && { within: act.within }) })
      const events = alive.length > 0 ? await END[stage](tx, alive, { ...act, at, aliveAt, random: d.random }) : []
      for (const event of events) await d.audit.record(tx, event)
      return { alive, ended: events.length, forgotten: which.by === 'key_thumbprint' ? await forgetOfEach(d, tx, alive, act.by) : 0 }
    })
    if (alive.length === 0) return total
    if (stage === 'request') for (const { digest } of alive) d.onDecided(digest)
    if (stage === 'authorization') d.deliverSoon()
    total.ended += ended
    total.forgotten += forgotten
  }
}

/** Forgets what has approved these requests for a key: nothing else tells that it was for this one. Gives how many. */
async function forgetOfEach(d: BulkDeps, tx: Tx, alive: Alive[], by: string): Promise<number> {
  let sum = 0
  for (const row of alive) sum += (await noteForgotten(d, tx, await forgetOf(tx, row), by)).length
  return sum
}

type EndSome = (tx: Tx, alive: Alive[], act: Act & { at: number; aliveAt: number; random: Random }) => Promise<AuditEvent[]>

/** What ends a stage, each by one conditional statement, and what the audit trail says of those that it ended. */
const END: Record<Stage, EndSome> = {
  async request(tx, alive, { by, reason, at }) {
    const denied = new Set(await denyPending(tx, digestsOf(alive), { by, reason, at }))
    const ended = alive.filter(({ digest }) => denied.has(digest))
    return ended.map((row) => ({ event: 'decision', outcome: 'denied', by, reason, ...aboutRequest(row) }))
  },
  async pass(tx, alive, { by, reason, at, aliveAt }) {
    const killed = new Set(await revokePasses(tx, digestsOf(alive), { at, aliveAt }))
    const ended = alive.filter(({ digest }) => killed.has(digest))
    return ended.map((row) => ({ event: 'revocation', outcome: 'pass revoked', by, reason, ...aboutRequest(row) }))
  },
  async authorization(tx, alive, { by, reason, at, aliveAt, random }) {
    const rows = await revokeAuthorizations(tx, digestsOf(alive), { reason, at, aliveAt })
    await announce(tx, rows, { at, random })
    const revoked = new Set(rows.map(({ id }) => id))
    return alive.flatMap(({ authorization_id: id, ...row }) =>
      id !== null && revoked.has(id)
        ? [{ event: 'revocation', outcome: 'authorization revoked', authorization_id: id, by, reason, ...aboutRequest(row) }]
        : [],
    )
  },
}

const digestsOf = (alive: Alive[]): string[] => alive.map(({ digest }) => digest)

const aboutWhich = (which: Which) => (which.by === 'all' ? { outcome: 'asked for all' } : { outcome: 'asked', [which.by]: which.is })
