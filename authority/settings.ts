import { z } from 'zod'
import { emailDomain } from '../spec/email.ts'
import { serverSettings } from '../spec/node/settings.ts'
import { authorityIdentifier, origin } from '../spec/origin.ts'
import { TrustMode } from '../spec/wire/configuration.ts'
import { Tier } from './approve/shown.ts'
import { consoleSettings } from './console/settings.ts'
import { attestationSettings } from './issue/settings.ts'
import { notificationSettings, remindAfterSeconds } from './notify/settings.ts'
import { policySettings } from './policy/settings.ts'

const domain = z.string().refine((name) => emailDomain(`x@${name}`) === name, 'is no e-mail domain in lower-case ASCII form, such as acme.example')

const isOnce = (value: string, i: number, all: string[]): boolean => all.indexOf(value) === i

/** An Authority's settings file. Every member that is not explained here is a common one of `spec/node/settings.ts`. */
export const AuthoritySettings = z
  .strictObject({
    ...serverSettings,
    /** The authority identifier. Its origin is where the protocol door is reached from outside. */
    authority: authorityIdentifier,
    trust_mode: TrustMode.default('enterprise'),
    /** The e-mail domains served; an enterprise Authority must name them. */
    domains: z.array(domain).min(1).optional(),
    allow_service_authorities: z.boolean().default(true),
    /** Requests of Harnesses of whom less is known are refused (protocol 4). */
    minimum_tier: Tier.default('unverified'),
    /** The same for requests about one Service. The stricter of the two counts. */
    minimum_tier_at: z
      .array(z.strictObject({ service: origin, minimum_tier: Tier }))
      .refine((list) => list.map(({ service }) => service).every(isOnce), 'names a service twice')
      .default([]),
    /** Whose word about a Harness counts (protocol 9.3, 10). */
    attestation: attestationSettings.prefault({}),
    console: consoleSettings.optional(),
    /** Who is told of requests by mail and webhooks. */
    notifications: notificationSettings.optional(),
    policy: policySettings.prefault({}),
    lifetimes: z
      .strictObject({
        decision_seconds: z.int().min(1).max(86_400).default(900),
        pass_seconds: z.int().min(1).max(3600).default(120),
        authorization_seconds: z.int().min(1).max(86_400).default(3600),
      })
      .prefault({}),
    limits: z
      .strictObject({
        issuances_per_minute: z.int().min(1).default(300),
        polls_per_second: z.int().min(1).default(5),
        /** Requests that may wait for a decision at once. */
        pending_per_user: z.int().min(1).default(20),
        pending_per_harness: z.int().min(1).default(100),
        /** Streams of events that may be open at once. */
        streams: z.int().min(1).default(1000),
        streams_per_address: z.int().min(1).default(50),
      })
      .prefault({}),
    /** How long ended requests are kept for people to look at. The audit trail is kept for ever. */
    keep_requests_days: z.int().min(1).default(90),
  })
  .refine((s) => s.trust_mode !== 'enterprise' || s.domains !== undefined, {
    path: ['domains'],
    error: 'an enterprise authority names the e-mail domains it serves',
  })
  .refine(({ notifications, console: pages }) => notifications?.email === undefined || pages !== undefined, {
    path: ['notifications', 'email'],
    error: 'needs a console: the mails lead there',
  })
  .refine(({ notifications, domains }) => notifications?.email === undefined || domains !== undefined, {
    path: ['notifications', 'email'],
    error: 'needs domains: without them whoever asks for access has mail sent to anybody',
  })
  .refine(
    ({ notifications, lifetimes }) =>
      !notifications || (remindAfterSeconds(notifications, lifetimes.decision_seconds) ?? 0) <= lifetimes.decision_seconds,
    {
      path: ['notifications', 'remind_after_seconds'],
      error: 'is after the last moment of a decision, lifetimes.decision_seconds: nobody would be reminded',
    },
  )
export type AuthoritySettings = z.infer<typeof AuthoritySettings>
