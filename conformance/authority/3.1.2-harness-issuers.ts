import { createKey } from '../actors/jws.ts'
import { ALGORITHM_FAULTS, FORM_FAULTS, HEADER_FAULTS, headerKeyFaults, TOLERATED, typFault } from '../actors/jwt-faults.ts'
import { type Case, expectEqual } from '../case.ts'
import { forgedHarness } from './3.1.2-harness-attestation.ts'
import { isSignature } from './5.4.1-assertion-signature.ts'
import { expectOnlyFault } from './admission.ts'
import { attestHarness, bind, USUAL } from './attesting.ts'
import type { AuthorityStage } from './stage.ts'

/** Issuers that nobody trusts. `lure` is a host that nobody has a reason to ask; those that are nearly the vendor sign with its key. */
const UNTRUSTED: [slug: string, about: string, iss: (lure: string, vendor: string) => string, by: 'stranger' | 'vendor'][] = [
  ['stranger', 'somebody with a key set of their own', (lure) => lure, 'stranger'],
  ['metadata', 'the address of a cloud’s metadata', () => 'http://169.254.169.254/latest/meta-data', 'stranger'],
  ['loopback', 'an address of the Authority’s own machine', () => 'https://127.0.0.1:1/', 'stranger'],
  ['constructor', 'a member of every object', () => 'constructor', 'stranger'],
  ['userinfo', 'a URL with the vendor as its userinfo', (lure, vendor) => `${vendor}@${new URL(lure).host}`, 'vendor'],
  ['slash', 'the vendor with a slash more', (_, vendor) => `${vendor}/`, 'vendor'],
  ['capitals', 'the vendor in capitals', (_, vendor) => vendor.toUpperCase(), 'vendor'],
]

/** Names of other kinds of signed objects. */
const TYPS: [slug: string, typ: string, lenient?: string][] = [
  ['typ-task', 'agentpass-task-attestation+jwt'],
  ['typ-proof', 'application/AgentPass-Holder-Proof+JWT'],
  ['typ-event', 'secevent+jwt', 'a typ that names another kind of object is better refused'],
]

/** Where the keys of a Harness attestation come from, and what its header may say (§3.1.2, RFC 8725). */
export const harnessIssuers: Case<AuthorityStage>[] = [
  ...UNTRUSTED.map(
    ([slug, about, iss, by]): Case<AuthorityStage> => ({
      id: `AUTH-HATT-05/${slug}`,
      about: `the issuer of the attestation is not one that the Authority trusts: ${about}`,
      negative: true,
      run: async (s) => {
        const stranger = createKey()
        const lure = lureOf(s, { keys: [stranger.jwk] })
        const { message, holder } = bind(s)
        const claims = { iss: iss(lure.origin, s.vendor.issuer) }
        const forged = s.vendorAttestation(message, holder, { key: by === 'vendor' ? s.vendor.key : stranger, claims })
        await expectOnlyFault(s, attestHarness(message, forged), attestHarness(message, s.vendorAttestation(message, holder)), { usual: USUAL })
        expectEqual(lure.visits(), 0, 'requests and look-ups because of an unknown issuer')
      },
    }),
  ),
  ...ALGORITHM_FAULTS.map((fault) => forgedHarness(isSignature(fault) ? 'AUTH-HATT-01' : 'AUTH-HATT-10', fault)),
  ...HEADER_FAULTS.map((fault) => forgedHarness('AUTH-HATT-10', fault)),
  ...FORM_FAULTS.map((fault) => forgedHarness('AUTH-HATT-10', fault, TOLERATED[fault.slug])),
  ...TYPS.map(([slug, typ, lenient]) => forgedHarness('AUTH-HATT-10', { ...typFault(typ), slug }, lenient)),
  { ...forgedHarness('AUTH-HATT-10', { ...typFault('JWT'), slug: 'typ-jwt' }), profile: 'hardened' },
  ...headerKeyFaults('').map(
    ({ slug, about }): Case<AuthorityStage> => ({
      id: `AUTH-HATT-10/header-${slug}`,
      about: `the attestation of the Harness is not in order: ${about}`,
      negative: true,
      run: async (s) => {
        const lure = lureOf(s, { keys: [] })
        const fault = headerKeyFaults(`${lure.origin}/keys`).find((one) => one.slug === slug)
        await forgedHarness('AUTH-HATT-10', fault ?? typFault('')).run(s)
        expectEqual(lure.visits(), 0, 'requests and look-ups because of a header')
      },
    }),
  ),
]

/** A host that would answer everybody with this, and knows who came, or asked for its address. */
function lureOf(s: AuthorityStage, json: unknown): { origin: string; visits: () => number } {
  const host = s.ground.nextHost('lure')
  let visits = 0
  s.ground.hosts.serve(host, () => {
    visits++
    return { json }
  })
  return { origin: s.ground.hosts.origin(host), visits: () => visits + s.ground.dns.asked(`${host}.${s.ground.zone}`).length }
}
