import { ProtocolError } from '../../spec/error.ts'
import { addPasskey, holdPasskeys, listPasskeys, removePasskey, usePasskey } from '../store/passkeys.ts'
import { type DecideDeps, requireRecent } from './decide.ts'
import { Assertion, askForKnown, askForNew, NewPasskey, readCredential, verifyKnown, verifyNew } from './passkey.ts'
import type { Session } from './session.ts'

/** How long somebody may take to touch their device. */
const CHALLENGE_SECONDS = 600
const MOST_PASSKEYS = 20

/**
 * What a browser needs to make a passkey for somebody: a sign-in that is recent, and where they have a passkey already, that too, so that whoever got hold of a session
 * makes none. Throws forbidden.
 */
export async function enrolmentOf(d: DecideDeps, session: Session) {
  requireRecent(d, session.authenticatedAt)
  const passkeys = await listPasskeys(d.db.read, session.person.email)
  if (passkeys.length >= MOST_PASSKEYS) throw new ProtocolError('unprocessable', 'you have as many passkeys as anybody may: remove one')
  const challenge = challengeFor(d, session, d.now())
  const at = { origin: d.origin, challenge: challenge.value }
  return {
    challenge: challenge.named,
    create: await askForNew(session.person, passkeys, at),
    ...(passkeys.length > 0 && { confirm: await askForKnown(passkeys, at) }),
  }
}

type Enrolment = { name: string; credential: string; challenge: string; assertion?: string | undefined }

/** Adds a passkey. Throws forbidden: the sign-in is not recent, the challenge is not of this session or too old, the passkey or the one that confirms it does not verify. */
export async function enrol(d: DecideDeps, session: Session, { name, credential, challenge: named, assertion }: Enrolment): Promise<void> {
  requireRecent(d, session.authenticatedAt)
  const { email } = session.person
  const at = { origin: d.origin, challenge: requireChallenge(d, session, named) }
  const passkeys = await listPasskeys(d.db.read, email)
  if (passkeys.length > 0 && assertion === undefined) throw new ProtocolError('forbidden', 'a passkey that you have must confirm the new one')
  const known = assertion === undefined ? undefined : await verifyKnown(readCredential(Assertion, assertion), passkeys, at)
  const made = await verifyNew(readCredential(NewPasskey, credential), at)
  await d.db.write(async (tx) => {
    const now = d.now()
    if (known && !(await usePasskey(tx, { ...known, email, at: now })))
      throw new ProtocolError('forbidden', 'the passkey that confirms was used before, or removed')
    const held = await holdPasskeys(tx, d.db.dialect, email) // another may have come first
    if (held.length > 0 && !known) throw new ProtocolError('forbidden', 'a passkey that you have must confirm the new one')
    const row = { id: made.id, email, name, public_key: made.publicKey, uses: made.uses, added_at: now, used_at: null }
    if (!(await addPasskey(tx, row))) throw new ProtocolError('unprocessable', 'this passkey is here already')
    await d.audit.record(tx, { event: 'passkey', outcome: 'added', by: email, key_name: name, passkey: { id: made.id, public_key: made.publicKey } })
  })
}

/** Removes a passkey of somebody's own. Throws not_found. */
export async function forget(d: Pick<DecideDeps, 'db' | 'audit'>, { person }: Session, id: string): Promise<void> {
  await d.db.write(async (tx) => {
    const removed = await removePasskey(tx, id, person.email)
    if (!removed) throw new ProtocolError('not_found', 'you have no such passkey')
    await d.audit.record(tx, { event: 'passkey', outcome: 'removed', by: person.email, key_name: removed.name })
  })
}

/** A challenge that only this session gets, and only now; it is named by its time, so that nothing is kept. */
function challengeFor({ secrets }: DecideDeps, { digest }: Session, at: number): { value: string; named: string } {
  const value = secrets.derive('passkey challenges', `${digest} ${at}`, secrets.current)
  return { value, named: `${at}.${value}` }
}

function requireChallenge(d: DecideDeps, session: Session, named: string): string {
  const [at = ''] = named.split('.')
  const challenge = challengeFor(d, session, Number(at))
  if (challenge.named !== named || Number(at) + CHALLENGE_SECONDS <= d.now())
    throw new ProtocolError('forbidden', 'this took too long: add the passkey again')
  return challenge.value
}
