import { z } from 'zod'
import { userPattern } from '../../spec/email.ts'
import { secretPlace } from '../../spec/node/settings.ts'
import { httpsUrl, origin } from '../../spec/origin.ts'

const httpsAddress = z.string().refine((url) => httpsUrl.safeParse(url).success, 'is no https URL without userinfo or fragment')
const group = z.string().min(1)
const claim = z.string().min(1)
const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'is no OAuth scope')

/** How people sign in: a client that is registered with an OpenID provider. */
const signIn = z.strictObject({
  issuer: httpsAddress,
  client_id: z.string().min(1),
  /** Absent for a public client: PKCE is always used. */
  client_secret: secretPlace.optional(),
  scopes: z
    .array(scope)
    .refine((scopes) => scopes.includes('openid'), 'does not have openid, without which nobody signs in')
    .default(['openid', 'email', 'profile']),
  /** The claims of the ID token that say who it is. */
  claims: z.strictObject({ email: claim.default('email'), name: claim.default('name'), groups: claim.default('groups') }).prefault({}),
  /** Whether the provider must say that the address is verified. */
  require_verified_email: z.boolean().default(true),
})

/** Those to whom a role is given: people by their address, or those whom the provider says to be in a group. */
const who = { people: z.array(userPattern).min(1).optional(), groups: z.array(group).min(1).optional() }
const isForSomebody = ({ people, groups }: { people?: unknown; groups?: unknown }): boolean => people !== undefined || groups !== undefined
const nobody = { error: 'is given to nobody: name people or groups' }

/** For whom somebody decides: for users, by address or by group, and at Services; what is left out is any. */
const decidesFor = z.strictObject({
  users: z.array(userPattern).min(1).optional(),
  groups: z.array(group).min(1).optional(),
  services: z.array(origin).min(1).optional(),
})
const role = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('approver'), ...who, for: decidesFor.prefault({}) }).refine(isForSomebody, nobody),
  z.strictObject({ role: z.literal('auditor'), ...who }).refine(isForSomebody, nobody),
  z.strictObject({ role: z.literal('admin'), ...who }).refine(isForSomebody, nobody),
])
export type RoleSetting = z.infer<typeof role>

/** What an approval of these scopes asks of the approver, beyond being signed in. */
const risk = z.strictObject({
  service: origin.optional(),
  scopes: z.array(z.string().min(1)).min(1).optional(),
  require: z.enum(['recent_sign_in', 'passkey']),
})
export type RiskSetting = z.infer<typeof risk>

export const NumberMatching = z.enum(['off', 'unverified', 'always'])

/** The `console` of an Authority's settings: the pages on which people decide. Without it there are none. */
export const consoleSettings = z.strictObject({
  sign_in: signIn,
  /** Whoever signs in sees and decides what is asked for their own address; these are the roles beside that. */
  roles: z.array(role).default([]),
  sessions: z.strictObject({ idle_minutes: z.int().min(1).max(1440).default(30), absolute_hours: z.int().min(1).max(168).default(10) }).prefault({}),
  step_up: z.strictObject({ recent_minutes: z.int().min(1).max(60).default(5), rules: z.array(risk).default([]) }).prefault({}),
  /** Whose requests can only be approved with the number that the Harness shows; `off` in core-0.1 and `unverified` in hardened, unless named. */
  number_matching: NumberMatching.optional(),
})
export type ConsoleSettings = z.infer<typeof consoleSettings>
