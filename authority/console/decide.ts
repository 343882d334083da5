import type { Now } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { noteRefusal } from '../../spec/node/audit.ts'
import type { Secrets } from '../../spec/node/secrets.ts'
import { type ApproveDeps, approve, refuse } from '../approve/approve.ts'
import { requireApprover } from '../approve/approvers.ts'
import { readShown, type Shown } from '../approve/shown.ts'
import { aboutRemembered } from '../audit/about.ts'
import { DAY_SECONDS, remembering, type Wish } from '../policy/remember.ts'
import { narrow, type RevokeDeps, revoke } from '../revoke/revoke.ts'
import { findWithin } from '../store/console-lists.ts'
import { listPasskeys, usePasskey } from '../store/passkeys.ts'
import type { Reach } from '../store/reach.ts'
import { isReference } from '../store/reference.ts'
import { addRemembered } from '../store/remembered.ts'
import { countWrongNumbers, noteWrongNumber } from '../store/requests.ts'
import type { RequestRow, Tx } from '../store/schema.ts'
import { approvedOf } from './approved.ts'
import { approvalNumber, type Matching, MOST_WRONG, wantsNumber } from './number.ts'
import { Assertion, type Kept, readCredential, verifyApproval } from './passkey.ts'
import { demandOfAll } from './risk.ts'
import type { Session } from './session.ts'
import type { ConsoleSettings } from './settings.ts'

export type DecideDeps = ApproveDeps &
  RevokeDeps & { now: Now; origin: string; secrets: Secrets; settings: Pick<ConsoleSettings, 'step_up'>; matching: Matching; rememberDays: number }

/** A person's decision, as their form says: the digest of what they saw, and what they chose. */
export type Choice = { digest: string; scope: string[]; number?: string | undefined; assertion?: string | undefined; remember?: Wish | undefined }

/** Throws forbidden for a request that is out of somebody's reach, and for one that does not exist: nobody learns which. */
export async function requireWithin(d: Pick<DecideDeps, 'db'>, reach: Reach, ref: string): Promise<RequestRow> {
  const request = isReference(ref) ? await findWithin(d.db.read, reach, ref) : undefined
  if (!request) throw new ProtocolError('forbidden', 'there is no such request, or it is not yours to see')
  return request
}

/**
 * Approves a request for somebody who may, with the scopes they chose (protocol 4). Throws forbidden: out of reach, the sign-in is too old, the passkey or the number is wrong; stale_decision where
 * what they saw, or what their passkey signed, is not what would be approved; and as `approve`.
 */
export async function approveBy(
  d: DecideDeps,
  { person, authenticatedAt, address }: Session,
  ref: string,
  choice: Choice,
): Promise<'approved' | 'waits'> {
  return noteRefusal(d.audit, { event: 'decision', request_ref: ref, by: person.email, address }, async () => {
    const request = await requireWithin(d, person.decides, ref)
    const shown = readShown(request.shown)
    if (choice.scope.length === 0) throw new ProtocolError('unprocessable', 'choose at least one scope: what is approved without any is nothing')
    if (request.shown_digest !== choice.digest) throw new ProtocolError('stale_decision', 'the request is not what you were shown: look at it again')
    const decision = { by: person.email, groups: person.groups, address, digest: choice.digest, scope: choice.scope }
    requireApprover(shown, decision)
    const demand = demandOfAll(d.settings.step_up.rules, shown, choice.scope)
    if (demand === 'recent_sign_in') requireRecent(d, authenticatedAt)
    const passkey = demand === 'passkey' ? await requirePasskey(d, person.email, { request, shown, choice }) : undefined
    await requireNumber(d, request, { shown, number: choice.number, by: person.email })
    const remembered = choice.remember && remember(d, { request, shown, choice, wish: choice.remember }, person.email)
    const also = async (tx: Tx) => {
      await passkey?.use(tx)
      await remembered?.add(tx)
      if ((await countWrongNumbers(tx, request.digest)) >= MOST_WRONG) throw new ProtocolError('forbidden', TOO_MANY) // tried side by side
    }
    return approve(d, request.digest, { ...decision, also, ...(passkey && { passkey: passkey.kept }) })
  })
}

type RecentDeps = Pick<DecideDeps, 'now' | 'settings'>

/** Whether somebody has proved who they are within so many minutes. Who is not known to have done so has not. */
export const isRecent = ({ now, settings }: RecentDeps, authenticatedAt: number | undefined): boolean =>
  authenticatedAt !== undefined && authenticatedAt > now() - settings.step_up.recent_minutes * 60

/** Throws forbidden for somebody who has not. */
export function requireRecent(d: RecentDeps, authenticatedAt: number | undefined): void {
  if (isRecent(d, authenticatedAt)) return
  const { recent_minutes: minutes } = d.settings.step_up
  throw new ProtocolError('forbidden', `this needs a sign-in of the last ${minutes} minutes: sign in again, then decide`)
}

type Deciding = { request: RequestRow; shown: Shown; choice: Choice }

/** The person's own passkey, over exactly this approval. Its use is counted in the transaction of the approval: of two approvals with one assertion, one holds. */
async function requirePasskey(
  d: DecideDeps,
  email: string,
  { request, shown, choice }: Deciding,
): Promise<{ kept: Kept; use: (tx: Tx) => Promise<void> }> {
  if (choice.assertion === undefined) throw new ProtocolError('forbidden', 'this needs your passkey')
  const passkeys = await listPasskeys(d.db.read, email)
  const approved = approvedOf(request, shown, choice.scope)
  const { kept, uses } = await verifyApproval(readCredential(Assertion, choice.assertion), approved, { passkeys, origin: d.origin })
  return {
    kept,
    use: async (tx) => {
      if (!(await usePasskey(tx, { id: kept.passkey, email, uses, at: d.now() })))
        throw new ProtocolError('forbidden', 'this passkey was used before, or removed')
    },
  }
}

/** Has an approval remembered, in its own transaction. What asks more than a sign-in is asked for each time. Throws unprocessable where nothing of it can be. */
function remember(d: DecideDeps, { request, shown, choice, wish }: Deciding & { wish: Wish }, by: string): { add: (tx: Tx) => Promise<void> } {
  if (d.rememberDays === 0) throw new ProtocolError('unprocessable', 'this authority remembers no approvals')
  if (wantsNumber(d.matching, shown.harness.tier)) throw new ProtocolError('unprocessable', 'what needs a number each time cannot be remembered')
  if (wish.seconds > d.rememberDays * DAY_SECONDS)
    throw new ProtocolError('unprocessable', `an approval is remembered for ${d.rememberDays} days at most`)
  const scope = choice.scope.filter((name) => demandOfAll(d.settings.step_up.rules, shown, [name]) === 'sign_in')
  const row = remembering({ request, shown, scope, wish, by, at: d.now(), ref: d.random(REF_BYTES) })
  return {
    async add(tx) {
      await addRemembered(tx, row)
      await d.audit.record(tx, { event: 'remembered', outcome: 'added', by, ...aboutRemembered(row), ...policyOf(shown) })
    },
  }
}
const REF_BYTES = 9 // as long as a request's reference

const policyOf = ({ policy }: Shown) => ({ policy: policy?.version, policies: policy?.why.map((one) => one.policy) })

const TOO_MANY = 'there have been three wrong numbers: the request is denied'

/** Throws forbidden for a wrong number, and denies the request with the third. */
async function requireNumber(
  d: DecideDeps,
  request: RequestRow,
  { shown, number, by }: { shown: Shown; number: string | undefined; by: string },
): Promise<void> {
  if (!wantsNumber(d.matching, shown.harness.tier) || number === approvalNumber(d.secrets, request)) return
  if (number === undefined) throw new ProtocolError('forbidden', 'this needs the number that the agent shows')
  const wrong = await d.db.write((tx) => noteWrongNumber(tx, request.digest, d.now()))
  if (wrong < MOST_WRONG)
    throw new ProtocolError('forbidden', 'that is not the number that the agent shows: if you did not start this yourself, deny it')
  await refuse(d, request.digest, { by, digest: request.shown_digest, status: 'denied', reason: 'a wrong number was given three times' })
  throw new ProtocolError('forbidden', TOO_MANY)
}

/** Denies a request for somebody who may decide it, or ends what it led to, or leaves it less. Each throws forbidden for one out of reach, and as the act itself. */
export const denyBy = (
  d: DecideDeps,
  { person, address }: Session,
  ref: string,
  { digest, reason }: { digest: string; reason?: string | undefined },
): Promise<unknown> =>
  noteRefusal(d.audit, { event: 'decision', request_ref: ref, by: person.email, address }, async () => {
    const request = await requireWithin(d, person.decides, ref)
    return refuse(d, request.digest, { by: person.email, address, digest, reason, status: 'denied' })
  })

export const revokeBy = (
  d: DecideDeps,
  { person, address }: Session,
  ref: string,
  { digest, reason }: { digest: string; reason?: string | undefined },
): Promise<unknown> =>
  noteRefusal(d.audit, { event: 'revocation', request_ref: ref, by: person.email, address }, async () => {
    const request = await requireWithin(d, person.ends, ref)
    return revoke(d, request.digest, { by: person.email, address, digest, reason })
  })

export const narrowBy = (
  d: DecideDeps,
  { person, address }: Session,
  ref: string,
  { digest, scope }: { digest: string; scope: string[] },
): Promise<unknown> =>
  noteRefusal(d.audit, { event: 'narrowing', request_ref: ref, by: person.email, address }, async () => {
    const request = await requireWithin(d, person.ends, ref)
    return narrow(d, request.digest, { by: person.email, address, digest, scope })
  })
