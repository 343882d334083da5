/** A vendor of Harnesses played by hand: what it signs, and the key set it may publish. */
import { Hono } from 'hono'
import type { AuthorityWorld } from './authority-rig.ts'
import { HARNESS } from './authority-rig.ts'
import { ecPair, jws, type Members, type Pair } from './spec/jws-fixture.ts'

export const VENDOR = 'https://vendor.example'
export const KEY_SET = 'https://keys.vendor.example/harnesses.json'
/** What the vendor signs with, and the key of the Harness that it vouches for. */
export const VENDOR_KEY = ecPair('P-256')
export const HOLDER = ecPair('P-256')

export type Change = {
  claims?: Members
  header?: Members
  signer?: { key: Pair; algorithm?: string }
  /** The members of `harness` in the request. */
  harness?: Members
}

/** A good attestation, but for what is given; a claim that is undefined is left out. */
export const attestationBy = (w: Pick<AuthorityWorld, 'now'>, { claims, header, signer = { key: VENDOR_KEY } }: Change = {}): string =>
  jws(
    { alg: 'ES256', typ: 'JWT', ...header },
    { iss: VENDOR, sub: HARNESS, cnf: { jwk: HOLDER.jwk }, iat: w.now(), exp: w.now() + 300, ...claims },
    signer,
  )

/** The members of a request by a Harness that the vendor attests. */
export const attested = (w: Pick<AuthorityWorld, 'now'>, change: Change = {}) => ({
  harness: { id: HARNESS, cnf: { jwk: HOLDER.jwk }, attestation: { jwt: attestationBy(w, change) }, ...change.harness },
})

/** Puts the vendor's key set on the internet. Gives what it serves, to be replaced, and how often it was asked. */
export function publishKeys(w: AuthorityWorld, ...keys: Members[]) {
  const page = { answer: () => Response.json({ keys }) }
  w.net.host(
    new URL(KEY_SET).origin,
    new Hono().get(new URL(KEY_SET).pathname, () => page.answer()),
  )
  return { page, fetches: () => w.calls.filter(({ url }) => url === KEY_SET).length }
}
