import { createHmac } from 'node:crypto'
import type { Random } from '../../effects.ts'
import { emailDomain } from '../../email.ts'
import type { Database } from '../database.ts'
import { masterKeyOf, type Secrets } from '../secrets.ts'
import type { ExportTables } from './cursor.ts'
import type { ExportedEvent } from './event.ts'

/** One value always gets one pseudonym, in whichever member it stands. */
export type PseudonymOf = (value: unknown) => string

const PURPOSE = 'export pseudonyms'
const KEY_BYTES = 32
const PSEUDONYM_CHARS = 22 // 132 bits

/** The members that name a person. */
const PEOPLE = ['user', 'by', 'approvers']

/** The events whose reason is not what somebody said, but our own text, with names in it: whom nobody could write to, for whom a pass was redeemed, what a policy file has for an address. */
const NAMED_IN_REASON = ['notification', 'redemption', 'policy']

/** Where one of these is kept back, a person is not named elsewhere either: not among the approvers, not in what their passkey signed, not in a reason of ours. */
function hidePeople(event: ExportedEvent, pseudonymOf: PseudonymOf | undefined): void {
  if (!pseudonymOf) delete event.approvers
  else if (Array.isArray(event.approvers)) event.approvers = event.approvers.map(pseudonymOf)
  delete event.passkey
  if (NAMED_IN_REASON.includes(event.event)) delete event.reason
}

/** Leaves members out of an event, and puts pseudonyms for others. */
export function redact(
  event: ExportedEvent,
  { omit, pseudonymize }: { omit: string[]; pseudonymize: string[] },
  pseudonymOf: PseudonymOf,
): ExportedEvent {
  const redacted = { ...event }
  const isHidden = (members: string[]) => PEOPLE.some((member) => members.includes(member))
  if (isHidden(omit) || isHidden(pseudonymize)) hidePeople(redacted, isHidden(pseudonymize) ? pseudonymOf : undefined)
  for (const member of pseudonymize) {
    const value = redacted[member]
    if (value !== undefined && member !== 'approvers') redacted[member] = Array.isArray(value) ? value.map(pseudonymOf) : pseudonymOf(value)
  }
  for (const member of omit) delete redacted[member]
  return redacted
}

/** Opens the key of the pseudonyms, made when it is first wanted. It stays when the master key is rotated: it is sealed anew under the one in use. Throws OperatorError for a master key that is no longer in the settings. */
export async function openPseudonyms(db: Database<ExportTables>, { secrets, random }: { secrets: Secrets; random: Random }): Promise<PseudonymOf> {
  const sealed = await findKey(db, () => secrets.seal(PURPOSE, random(KEY_BYTES)))
  const key = secrets.unseal(PURPOSE, sealed)
  if (masterKeyOf(sealed) !== secrets.current) await replaceKey(db, sealed, secrets.seal(PURPOSE, key))
  return (value) => `p_${createHmac('sha256', key).update(comparable(value)).digest('base64url').slice(0, PSEUDONYM_CHARS)}`
}

/** Addresses in the form in which they are compared: an event about a refused request has them as they came. */
function comparable(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  const at = value.lastIndexOf('@')
  return at === -1 ? value : `${value.slice(0, at)}@${emailDomain(value) ?? value.slice(at + 1)}`
}

async function findKey(db: Database<ExportTables>, make: () => string): Promise<string> {
  const find = async () => (await db.read.selectFrom('export_key').select('sealed_key').where('id', '=', 1).executeTakeFirst())?.sealed_key
  const found = await find()
  if (found !== undefined) return found
  const made = make()
  await db.write((tx) =>
    tx
      .insertInto('export_key')
      .values({ id: 1, sealed_key: made })
      .onConflict((c) => c.doNothing())
      .execute(),
  )
  return (await find()) ?? made // another instance may have been first
}

const replaceKey = (db: Database<ExportTables>, old: string, sealed: string) =>
  db.write((tx) => tx.updateTable('export_key').set({ sealed_key: sealed }).where('sealed_key', '=', old).execute())
