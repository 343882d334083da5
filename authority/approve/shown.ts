import { z } from 'zod'
import { PassType } from '../../spec/wire/issuance.ts'
import { OfferedScope } from '../../spec/wire/scopes.ts'
import { Approvers, Why } from '../policy/policy.ts'
import { digestOf } from '../store/digest.ts'

/** How much is known of a Harness (protocol 4), the most first. */
export const Tier = z.enum(['attested', 'registered', 'unverified'])
export type Tier = z.infer<typeof Tier>

/** The same in words. */
export const TIER_WORDS: Record<Tier, string> = {
  attested: 'an issuer that this Authority trusts vouches for it',
  registered: 'people of this Authority have registered its key',
  unverified: 'nobody vouches for it; it chose its name itself',
}

/** Whether as much is known of a Harness as somebody demands. */
export const isAtLeast = (tier: Tier, minimum: Tier): boolean => Tier.options.indexOf(tier) <= Tier.options.indexOf(minimum)

/** Who vouches for a Harness, as people read it: the issuer that attested it, or the name its key is registered under; and since when (RFC 3339). `issuer` is the issuer as it is pinned. */
const Vouched = z.object({ by: z.string(), issuer: z.string().optional(), since: z.string() })

/** Who vouches, by what no display name changes. */
export const voucherOf = ({ by, issuer = by }: z.infer<typeof Vouched>): string => issuer

/** All an approver sees of a request, and what a decision is about: its digest is what a decision names. */
export const Shown = z.object({
  type: PassType,
  service: z.object({ origin: z.string(), name: z.string().optional() }),
  user: z.object({ email: z.string() }),
  agent: z.object({ id: z.string() }),
  harness: z.object({ id: z.string(), tier: Tier, vouched: Vouched.optional(), key_thumbprint: z.string().optional() }),
  task: z.object({ id: z.string(), description: z.string(), attested: z.boolean() }),
  destination: z.object({ url: z.string(), on_service_origin: z.boolean() }).optional(),
  scopes: z.array(OfferedScope),
  /** Why policy decided so, in words. */
  reasons: z.array(z.string()),
  /** The same by name: which policies decided, of which version of their file, and the offered scopes that they keep off. */
  policy: z.object({ version: z.string().optional(), why: z.array(Why), withheld: z.array(z.string()) }).optional(),
  /** How many people must approve, where that is more than one. */
  approvals: z.number().optional(),
  /** Who alone may approve, where policy says so. */
  approvers: z.array(Approvers).optional(),
  /** The remembered approval that approved it, by its reference. */
  remembered: z.string().optional(),
  /** Of the scopes, those that a remembered approval may grant. */
  rememberable: z.array(z.string()).optional(),
  authorization_seconds: z.number(),
  /** Where the request came from, as the door saw it. */
  address: z.string().optional(),
})
export type Shown = z.infer<typeof Shown>

export const readShown = (json: string): Shown => Shown.parse(JSON.parse(json))

/** Written once, so that the digest is of the very text that is kept. */
export function writeShown(shown: Shown): { shown: string; shown_digest: string } {
  const text = JSON.stringify(shown)
  return { shown: text, shown_digest: digestOf(text) }
}
