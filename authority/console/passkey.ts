import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import { z } from 'zod'
import { fromBase64url, toBase64url } from '../../spec/base64url.ts'
import { ProtocolError } from '../../spec/error.ts'
import { parseJson } from '../../spec/json.ts'
import type { PasskeyRow } from '../store/schema.ts'
import { Approved, challengeOf } from './approved.ts'

const base64url = z
  .string()
  .regex(/^[\w-]+$/)
  .max(4096)

/** What an authenticator signed for an approval (WebAuthn), as the browser gives it. */
export const Assertion = z.object({
  id: base64url,
  response: z.object({ clientDataJSON: base64url, authenticatorData: base64url, signature: base64url }),
})
export type Assertion = z.infer<typeof Assertion>

/** What a browser gives of a new passkey. */
export const NewPasskey = z.object({ id: base64url, response: z.object({ clientDataJSON: base64url, attestationObject: base64url.max(65_536) }) })
export type NewPasskey = z.infer<typeof NewPasskey>

/** An assertion as the audit trail keeps it, with all that is needed to verify it again, by anybody. */
export const Kept = z.object({
  passkey: base64url,
  public_key: base64url,
  origin: z.string(),
  client_data: base64url,
  authenticator_data: base64url,
  signature: base64url,
  approved: Approved,
})
export type Kept = z.infer<typeof Kept>

/** Reads what a form carries as JSON. Throws malformed_request. */
export function readCredential<S extends z.ZodType>(schema: S, text: string): z.infer<S> {
  try {
    return schema.parse(parseJson(text))
  } catch (cause) {
    throw new ProtocolError('malformed_request', 'what came from the passkey cannot be read', { cause })
  }
}

const rpIdOf = (origin: string): string => new URL(origin).hostname

type At = { origin: string; challenge: string }

/** What a browser needs to have one of a person's passkeys sign a challenge. */
export const askForKnown = (passkeys: PasskeyRow[], { origin, challenge }: At): Promise<PublicKeyCredentialRequestOptionsJSON> =>
  generateAuthenticationOptions({
    rpID: rpIdOf(origin),
    challenge: bytesOf(challenge),
    allowCredentials: passkeys.map(({ id }) => ({ id })),
    userVerification: 'required',
  })

/** The same, about an approval. */
export const askAbout = async (approved: Approved, passkeys: PasskeyRow[], origin: string): Promise<PublicKeyCredentialRequestOptionsJSON> =>
  askForKnown(passkeys, { origin, challenge: await challengeOf(approved) })

/** Verifies that the person's own passkey signed this approval, and that its authenticator had verified them. Gives what the trail keeps and the authenticator's count. Throws stale_decision for one that signed something else, forbidden for any other that does not hold. */
export async function verifyApproval(
  assertion: Assertion,
  approved: Approved,
  { passkeys, origin }: { passkeys: PasskeyRow[]; origin: string },
): Promise<{ kept: Kept; uses: number }> {
  const passkey = requireOwn(passkeys, assertion)
  const kept: Kept = {
    passkey: passkey.id,
    public_key: passkey.public_key,
    origin,
    client_data: assertion.response.clientDataJSON,
    authenticator_data: assertion.response.authenticatorData,
    signature: assertion.response.signature,
    approved,
  }
  if (challengeIn(kept.client_data) !== (await challengeOf(approved)))
    throw new ProtocolError('stale_decision', 'the passkey was used for something other than this approval: look at it again')
  const uses = await verifyKept(kept, passkey.uses)
  if (uses === undefined) throw new ProtocolError('forbidden', UNVERIFIED)
  return { kept, uses }
}

/** Verifies that one of a person's passkeys signed a challenge, and that its authenticator had verified them. Throws forbidden. */
export async function verifyKnown({ id, response }: Assertion, passkeys: PasskeyRow[], at: At): Promise<{ id: string; uses: number }> {
  const passkey = requireOwn(passkeys, { id })
  const uses = await countOf({ id, publicKey: passkey.public_key, uses: passkey.uses }, response, at)
  if (uses === undefined) throw new ProtocolError('forbidden', UNVERIFIED)
  return { id, uses }
}

const UNVERIFIED = 'the passkey does not verify: your device must check that it is you, by a PIN, finger or face'

function requireOwn(passkeys: PasskeyRow[], { id }: { id: string }): PasskeyRow {
  const passkey = passkeys.find((one) => one.id === id)
  if (!passkey) throw new ProtocolError('forbidden', 'this is none of your passkeys here')
  return passkey
}

/** Verifies a kept assertion. Gives the authenticator's count; undefined where it does not hold: the signature, the challenge, the page it was made for, or that the person was verified. */
export async function verifyKept(kept: Kept, usesBefore = 0): Promise<number | undefined> {
  const signed = { clientDataJSON: kept.client_data, authenticatorData: kept.authenticator_data, signature: kept.signature }
  const at = { origin: kept.origin, challenge: await challengeOf(kept.approved) }
  return countOf({ id: kept.passkey, publicKey: kept.public_key, uses: usesBefore }, signed, at)
}

type Known = { id: string; publicKey: string; uses: number }

/** The authenticator's count after it signed; undefined where the assertion does not hold. */
async function countOf({ id, publicKey, uses }: Known, signed: Assertion['response'], { origin, challenge }: At): Promise<number | undefined> {
  const response: AuthenticationResponseJSON = { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response: signed }
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpIdOf(origin),
      credential: { id, publicKey: bytesOf(publicKey), counter: uses },
      requireUserVerification: true,
    })
    return verified ? authenticationInfo.newCounter : undefined
  } catch {
    return undefined // the library throws for whatever does not hold
  }
}

/** What a browser needs to make a passkey. `challenge` is the server's own. */
export const askForNew = (
  person: { email: string; name: string | undefined },
  passkeys: PasskeyRow[],
  { origin, challenge }: At,
): Promise<PublicKeyCredentialCreationOptionsJSON> =>
  generateRegistrationOptions({
    rpID: rpIdOf(origin),
    rpName: `AgentPass at ${rpIdOf(origin)}`,
    userName: person.email,
    userDisplayName: person.name ?? person.email,
    challenge: bytesOf(challenge),
    excludeCredentials: passkeys.map(({ id }) => ({ id })),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
  })

/** Verifies a new passkey. Throws forbidden where it does not hold, or its authenticator did not verify the person. */
export async function verifyNew(made: NewPasskey, { origin, challenge }: At): Promise<{ id: string; publicKey: string; uses: number }> {
  const verified = await verifyRegistrationResponse({
    response: { id: made.id, rawId: made.id, type: 'public-key', clientExtensionResults: {}, response: made.response },
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rpIdOf(origin),
    requireUserVerification: true,
  }).catch((cause) => {
    throw new ProtocolError('forbidden', UNVERIFIED, { cause })
  })
  if (!verified.verified) throw new ProtocolError('forbidden', 'the new passkey does not verify')
  const { id, publicKey, counter } = verified.registrationInfo.credential
  return { id, publicKey: toBase64url(publicKey), uses: counter }
}

const ClientData = z.object({ challenge: z.string() })

/** The challenge that a client says it was given; undefined where nothing can be read. */
function challengeIn(clientData: string): string | undefined {
  try {
    return ClientData.parse(parseJson(new TextDecoder().decode(bytesOf(clientData)))).challenge
  } catch {
    return undefined
  }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64url(text)
  if (!bytes) throw new ProtocolError('malformed_request', 'what came from the passkey is no base64url')
  return bytes
}
