import { z } from 'zod'
import { publicKey } from '../../spec/node/public-key.ts'
import { httpsUrl } from '../../spec/origin.ts'
import { identifier } from '../../spec/wire/identifier.ts'

const MOST_KEYS = 20 // as in a key set (protocol 9)
const pinned = {
  /** As `iss` says it, byte for byte. */
  issuer: identifier,
  keys: z.array(publicKey).min(1).max(MOST_KEYS).optional(),
  jwks_uri: z
    .string()
    .refine((url) => httpsUrl.safeParse(url).success, 'is no https URL without userinfo or fragment')
    .optional(),
}
const namesKeys = ({ keys, jwks_uri }: { keys?: unknown; jwks_uri?: unknown }): boolean => (keys === undefined) !== (jwks_uri === undefined)
const EITHER = 'names either its keys or the jwks_uri where they are'

const issuer = z.strictObject(pinned).refine(namesKeys, EITHER)

/** A `*` stands for the rest after a boundary, so that `repo:acme/desk` never means `repo:acme/desk-evil`; and not after the first: `repo:*` is everybody's. */
const SUBJECT = /^(?:[^*]+|[^*/:]+[/:]+[^*/:][^*]*[/:]\*)$/
const TRUST_DOMAIN = /^spiffe:\/\/[a-z0-9._-]{1,255}$/
const DEFAULT_AGE_SECONDS = 300 // no more than a Harness needs to ask

const workload = z
  .strictObject({
    ...pinned,
    /** What approvers read before the issuer. */
    name: z.string().min(1).max(100).optional(),
    /** The workloads that count: each a `sub`, or its beginning up to `/` or `:` with `*` after it. */
    subjects: z
      .array(identifier.regex(SUBJECT, 'is neither a subject nor its beginning up to a second or later / or : with one * after it'))
      .min(1)
      .max(1000),
    /** How long after it was issued a token counts. */
    max_age_seconds: z.int().min(1).max(3600).default(DEFAULT_AGE_SECONDS),
  })
  .refine(namesKeys, EITHER)
  .refine(({ issuer }) => !issuer.startsWith('spiffe:') || TRUST_DOMAIN.test(issuer), {
    path: ['issuer'],
    error: 'is no SPIFFE trust domain such as spiffe://acme.example',
  })
  .refine(({ issuer, subjects }) => !issuer.startsWith('spiffe:') || subjects.every((subject) => subject.startsWith(`${issuer}/`)), {
    path: ['subjects'],
    error: 'names a subject outside the trust domain',
  })

const namesOf = (list: { issuer: string }[]): string[] => list.map((each) => each.issuer)
const areDistinct = (list: { issuer: string }[]): boolean => new Set(namesOf(list)).size === list.length
const TWICE = 'names an issuer twice'

/** Whose word about a Harness counts: vendors, who name its key in `cnf` (protocol 9.3), and workload identity providers, who name it in `aud` (protocol 10). */
export const attestationSettings = z
  .strictObject({
    issuers: z.array(issuer).refine(areDistinct, TWICE).default([]),
    workloads: z.array(workload).refine(areDistinct, TWICE).default([]),
  })
  .refine(({ issuers, workloads }) => !namesOf(workloads).some((name) => namesOf(issuers).includes(name)), {
    path: ['workloads'],
    error: 'names one of the issuers: the tokens of one issuer name the key either in cnf or in aud',
  })
export type AttestationSettings = z.infer<typeof attestationSettings>
