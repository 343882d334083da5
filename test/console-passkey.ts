/** A passkey made by hand with `node:crypto`: an authenticator that does, and says, whatever a test wants. */
import { createHash, randomBytes, sign } from 'node:crypto'
import { z } from 'zod'
import type { PasskeyRow } from '../authority/store/schema.ts'
import { formOf, type Insider, type Page } from './console-client.ts'
import { AUTHORITY } from './parties.ts'
import { base64url, ecPair } from './spec/jws-fixture.ts'

const [PRESENT, VERIFIED, NEW] = [0x01, 0x04, 0x40]
/** The person touched it, and it checked that it is them. */
export const TOUCHED_BY_ITS_PERSON = PRESENT | VERIFIED
export const ONLY_TOUCHED = PRESENT

type Signing = {
  flags?: number
  /** The authenticator's own count, after this. */
  uses?: number
  origin?: string
  rpId?: string
  type?: string
  crossOrigin?: boolean
}

export function createPasskey() {
  const pair = ecPair('P-256')
  const id = base64url(randomBytes(16))
  const coordinate = (name: 'x' | 'y') => Buffer.from(String(pair.jwk[name]), 'base64url')
  // COSE_Key (RFC 9052): kty EC2, alg ES256, crv P-256, x, y
  const publicKey = Buffer.concat([Buffer.from('a5010203262001215820', 'hex'), coordinate('x'), Buffer.from('225820', 'hex'), coordinate('y')])
  const clientData = (type: string, challenge: string, { origin = AUTHORITY, crossOrigin = false }: Signing) =>
    Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin }))
  const data = (flags: number, { uses = 0, rpId = new URL(AUTHORITY).hostname }: Signing) => {
    const head = Buffer.alloc(5)
    head.writeUInt8(flags, 0)
    head.writeUInt32BE(uses, 1)
    return Buffer.concat([createHash('sha256').update(rpId).digest(), head])
  }
  return {
    id,
    publicKey: base64url(publicKey),
    /** As it is kept. */
    row: (email: string, more: Partial<PasskeyRow> = {}): PasskeyRow => ({
      ...{ id, email, name: 'Laptop', public_key: base64url(publicKey), uses: 0, added_at: 0, used_at: null },
      ...more,
    }),
    /** What it signs over a challenge, as a browser gives it. */
    signs(challenge: string, want: Signing = {}) {
      const client = clientData(want.type ?? 'webauthn.get', challenge, want)
      const authenticator = data(want.flags ?? TOUCHED_BY_ITS_PERSON, want)
      const signed = Buffer.concat([authenticator, createHash('sha256').update(client).digest()])
      const der = sign('sha256', signed, pair.privateKey) // unlike those of a JWS
      return { id, response: { clientDataJSON: base64url(client), authenticatorData: base64url(authenticator), signature: base64url(der) } }
    },
    /** What a browser gives of it when it is new. */
    made(challenge: string, want: Signing = {}) {
      const credential = Buffer.concat([Buffer.alloc(16), Buffer.from([0, 16]), Buffer.from(id, 'base64url'), publicKey])
      const authenticator = Buffer.concat([data((want.flags ?? TOUCHED_BY_ITS_PERSON) | NEW, want), credential])
      // CBOR: { fmt: "none", attStmt: {}, authData: bytes }
      const head = Buffer.from('a363666d74646e6f6e656761747453746d74a0686175746844617461', 'hex')
      const attestation = Buffer.concat([head, Buffer.from([0x58, authenticator.length]), authenticator])
      const client = clientData(want.type ?? 'webauthn.create', challenge, want)
      return { id, response: { clientDataJSON: base64url(client), attestationObject: base64url(attestation) } }
    },
  }
}
export type Passkey = ReturnType<typeof createPasskey>

const Asked = z.object({ challenge: z.string() })
const Enrolment = z.object({ challenge: z.string(), create: Asked, confirm: Asked.optional() })

/** Asks for what a passkey is to sign, as the page's script does. */
async function askFor<S extends z.ZodType>(who: Insider, path: string, form: Record<string, string>, schema: S): Promise<z.infer<S>> {
  const page = await who.open(path, { form, headers: { origin: AUTHORITY, accept: 'application/json' } })
  if (page.status !== 200) throw new Error(`${path} answered ${page.status}: ${page.html}`)
  return schema.parse(JSON.parse(page.html))
}

type Enrolling = { confirm?: Passkey | undefined; flags?: number; challenge?: string; forConfirm?: Signing }

/** Adds a passkey to somebody's account, confirmed by one that they have. */
export async function enrolled(who: Insider, passkey: Passkey, { confirm, flags, challenge, forConfirm }: Enrolling = {}): Promise<Page> {
  const { fields } = formOf(await who.open('/account'), '/account/passkeys')
  const form = { ...fields, name: 'Laptop' }
  const asked = await askFor(who, '/account/passkeys/challenge', form, Enrolment)
  const made = passkey.made(challenge ?? asked.create.challenge, { ...(flags !== undefined && { flags }) })
  const assertion = confirm?.signs(asked.confirm?.challenge ?? asked.create.challenge, forConfirm)
  const sent = { ...form, credential: JSON.stringify(made), challenge: asked.challenge, ...(assertion && { assertion: JSON.stringify(assertion) }) }
  return who.open('/account/passkeys', { form: sent, headers: { origin: AUTHORITY }, follow: false })
}

/** What the page's script asks a passkey to sign, for an approval with the scopes of a form. */
export const challengeFor = async (who: Insider, page: Page, changed: Record<string, string> = {}): Promise<string> => {
  const { action, fields } = formOf(page, '/approve')
  return (await askFor(who, action.replace('/console', '').replace('/approve', '/challenge'), { ...fields, ...changed }, Asked)).challenge
}
