import { z } from 'zod'
import type { VerifyEvent } from '../../spec/node/audit-verify.ts'
import { challengeOf } from '../console/approved.ts'
import { Kept, verifyKept } from '../console/passkey.ts'

/** An approval that somebody's passkey has signed. */
const Signed = z.looseObject({
  event: z.literal('decision'),
  request_ref: z.string(),
  scope: z.array(z.string()),
  service: z.string(),
})
const Carrying = z.looseObject({ passkey: z.unknown() })

/** Verifies the passkey's assertion that an approval in the audit trail carries: that it is over this very approval, and that the person was verified. Undefined where it holds, or there is none. */
export async function verifyEvent(event: unknown): Promise<string | undefined> {
  const carrying = Carrying.safeParse(event)
  if (!carrying.success || carrying.data.passkey === undefined || Added.safeParse(event).success) return undefined
  const approval = Signed.safeParse(event)
  const kept = Kept.safeParse(carrying.data.passkey)
  if (!approval.success || !kept.success) return 'the passkey assertion of the approval cannot be read'
  const { request_ref, scope, service } = approval.data
  const { approved } = kept.data
  const isOfThis = approved.request_ref === request_ref && approved.service === service && sameMembers(approved.scope, scope)
  if (!isOfThis) return 'the passkey signed another approval'
  return (await verifyKept(kept.data)) === undefined
    ? `the passkey assertion of the approval does not verify (challenge ${await challengeOf(approved)})`
    : undefined
}

/** A passkey that somebody has added. */
const Added = z.looseObject({
  event: z.literal('passkey'),
  outcome: z.literal('added'),
  by: z.string(),
  passkey: z.object({ id: z.string(), public_key: z.string() }),
})
const ByPasskey = z.looseObject({ event: z.literal('decision'), by: z.string(), passkey: z.object({ passkey: z.string(), public_key: z.string() }) })

/**
 * Verifies the passkey assertions of one walk through the trail, from its beginning: each as `verifyEvent`, and by a passkey that its approver had added before, with the very key of then. Without
 * that, whoever can write to the database could sign with a key of their own.
 */
export function createVerifyEvent(): VerifyEvent {
  const keys = new Map<string, { by: string; publicKey: string }>()
  return async (event) => {
    const added = Added.safeParse(event)
    if (added.success) keys.set(added.data.passkey.id, { by: added.data.by, publicKey: added.data.passkey.public_key })
    const used = ByPasskey.safeParse(event)
    const known = used.success ? keys.get(used.data.passkey.passkey) : undefined
    if (used.success && (known?.by !== used.data.by || known.publicKey !== used.data.passkey.public_key))
      return 'the approval was signed with a passkey that its approver had not added'
    return verifyEvent(event)
  }
}

const sameMembers = (one: string[], other: string[]): boolean => one.length === other.length && one.every((name) => other.includes(name))
