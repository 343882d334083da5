import type { JWK } from 'jose'
import { z } from 'zod'
import { ATTESTED_FOR_SECONDS, signHarness } from '../spec/attestation.ts'
import type { Now } from '../spec/effects.ts'
import { parseJson } from '../spec/json.ts'
import { isForAudience, readCompact, readMembers, type SigningKey } from '../spec/jwt.ts'
import { httpsUrl } from '../spec/origin.ts'
import type { Profile } from '../spec/profile.ts'
import { identifier } from '../spec/wire/identifier.ts'
import { workloadAudience } from '../spec/workload.ts'
import { innermost, TripFailure } from './failure.ts'

/** What is to be attested: to which Authority, which holder key, and what the Harness that has it calls itself. */
export type Attesting = { authority: string; jwk: JWK; harnessId: string }
/** Gives an attestation of this Harness and its key (protocol 9.3, 10). Throws TripFailure at the step issue. */
export type Attest = (what: Attesting) => Promise<string>

const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
const AUDIENCE = '{audience}'

/** Who attests this Harness, as its settings say: a vendor's key that it has itself, or where this workload gets its tokens. */
export const AttestationSettings = z
  .strictObject({
    vendor_key: z
      .strictObject({
        file: z.string().min(1),
        /** The name of the key in the vendor's key set. */
        kid: z.string().min(1).max(1024).optional(),
        issuer: identifier,
        /** What the Harness is attested as; `harness_id` unless named. */
        subject: identifier.optional(),
        lifetime_seconds: z.int().min(1).max(ATTESTED_FOR_SECONDS).default(ATTESTED_FOR_SECONDS),
      })
      .optional(),
    github_actions: z.literal(true).optional(),
    /** `folder` is where a pod finds its service account, `api_server` the cluster's API: from the pod's environment unless named. */
    kubernetes: z
      .strictObject({
        folder: z.string().min(1).default(MOUNT),
        api_server: z
          .string()
          .refine((url) => httpsUrl.safeParse(url).success && new URL(url).origin === url, 'is no https origin such as https://10.96.0.1:443')
          .optional(),
      })
      .optional(),
    /** A program and its arguments; `{audience}` in these is whom the token is for. */
    command: z
      .array(z.string().min(1))
      .refine(
        ([, ...args]) => args.some((arg) => arg.includes(AUDIENCE)),
        `has no argument with ${AUDIENCE}: the token must be for the authority and the key`,
      )
      .optional(),
  })
  .refine((source) => Object.keys(source).length === 1, 'names not exactly one of vendor_key, github_actions, kubernetes and command')
export type AttestationSettings = z.infer<typeof AttestationSettings>

/** A vendor's own key, and as whom it attests the Harness: by its own name unless `subject` says another. */
export type Vendor = { key: SigningKey; issuer: string; subject: string | undefined; lifetimeSeconds: number }

/** Attests as a vendor whose key is here (protocol 9.3). A Harness does not vouch for itself. */
export const attestByKey =
  (d: { now: Now; profile: Profile }, { key, issuer, subject, lifetimeSeconds }: Vendor): Attest =>
  async ({ authority, jwk, harnessId }) => {
    if (issuer === harnessId)
      throw new TripFailure(
        { step: 'issue', peer: authority },
        'the issuer of the attestation is the harness itself',
        'name in vendor_key.issuer who vouches for this harness: another than harness_id',
      )
    return signHarness(d, key, { issuer, subject: subject ?? harnessId, jwk, lifetimeSeconds })
  }

/** Where this workload gets tokens of its own identity. `name` and `remedy` are for people; what `get` throws must tell no secret. */
export type TokenSource = { name: string; remedy: string; get: (audience: string) => Promise<string> }

/** Attests by a token of this workload (protocol 10). One for anybody else is not shown to the Authority, which could use it there. */
export const attestByToken =
  ({ name, remedy, get }: TokenSource): Attest =>
  async ({ authority, jwk }) => {
    const audience = await workloadAudience(authority, jwk)
    try {
      const token = await get(audience)
      if (!isForAudience(claimsOf(token), audience)) throw new Error('it is for another audience than the one that was asked for')
      return token
    } catch (cause) {
      const message = `${name} gave no token that attests this harness: ${innermost(cause)}`
      throw new TripFailure({ step: 'issue', peer: authority }, message, remedy, { cause })
    }
  }

const Claims = z.looseObject({ sub: z.string().optional() })
const claimsOf = (token: string): z.infer<typeof Claims> => Claims.parse(readMembers(readCompact(token).payload))

/** The arguments of a command, for one audience. */
export const argumentsFor = (args: string[], audience: string): string[] => args.map((arg) => arg.replaceAll(AUDIENCE, () => audience))

const JWT = /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/ // eyJ is how every header begins

/** The one JWT in what a program printed: alone, or anywhere in JSON. Throws Error, which quotes nothing. */
export function tokenIn(printed: string): string {
  const [only, ...others] = new Set(textsIn(printed.trim()).filter((text) => JWT.test(text)))
  if (only === undefined) throw new Error('it printed neither a JWT nor JSON that holds one')
  if (others.length > 0) throw new Error('it printed several JWTs, and which is meant is not clear')
  return only
}

function textsIn(printed: string): string[] {
  if (JWT.test(printed)) return [printed]
  try {
    return stringsOf(parseJson(printed))
  } catch {
    return [] // it is neither
  }
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsOf) : []
}

const SERVICE_ACCOUNT = /^system:serviceaccount:([a-z0-9.-]+):([a-z0-9.-]+)$/

/** Whose token a pod's is, as a path of the Kubernetes API that gives others for it (TokenRequest). Throws Error. */
export function tokenRequestPath(podToken: string): string {
  const [, namespace, name] = SERVICE_ACCOUNT.exec(claimsOf(podToken).sub ?? '') ?? []
  if (namespace === undefined || name === undefined) throw new Error("the pod's token is of no service account")
  return `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`
}
