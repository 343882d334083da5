import { z } from 'zod'
import { canonicalAddress, emailAddress } from '../../spec/email.ts'
import { secretPlace } from '../../spec/node/settings.ts'
import { httpsUrl } from '../../spec/origin.ts'

/** What somebody is told of a request: that it waits, that it still does, and what became of it. */
export const Kind = z.enum(['requested', 'reminder', 'approved', 'denied', 'expired', 'canceled', 'revoked'])
export type Kind = z.infer<typeof Kind>

const address = z
  .string()
  .refine((text) => emailAddress.safeParse(text).success, 'is no e-mail address, such as agentpass@acme.example')
  .transform(canonicalAddress)
const NO_URL = 'is neither an https URL nor the place of one: { file: PATH } or { env: NAME }'
const httpsAddress = z.string().refine((url) => httpsUrl.safeParse(url).success, NO_URL)
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/

/** The server that mail is handed to. */
const smtp = z
  .strictObject({
    host: z.string().regex(/^[a-z0-9.:-]+$/i, 'is no host name or address'),
    port: z.int().min(1).max(65_535).default(587),
    tls: z.enum(['implicit', 'starttls', 'off']).default('starttls'),
    user: z.string().min(1).optional(),
    password: secretPlace.optional(),
    /** PEM to trust there, beside the usual roots. */
    ca_file: z.string().min(1).optional(),
  })
  .refine(({ tls, host }) => tls !== 'off' || LOOPBACK.test(host), {
    path: ['tls'],
    error: 'is off, which is for a server on this computer alone: use starttls or implicit',
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ['password'],
    error: 'goes with user: name both, or neither',
  })
export type SmtpSettings = z.infer<typeof smtp>

const email = z.strictObject({
  from: address,
  smtp,
  /** Whether users are told what people have decided about the requests in their name. */
  outcomes: z.boolean().default(true),
})

const webhook = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'is no name of lower-case letters, digits and hyphens, such as security-channel'),
    url: z.union([httpsAddress, secretPlace], NO_URL),
    secret: secretPlace.optional(),
    shape: z.enum(['generic', 'slack']),
    on: z.array(Kind).min(1).default(Kind.options),
  })
  .refine(({ shape, secret }) => shape !== 'generic' || secret !== undefined, {
    path: ['secret'],
    error: 'is missing: a receiver of the shape generic must be able to tell who sends. { file: PATH } or { env: NAME } of a whsec_… secret',
  })
  .refine(({ shape, url }) => shape !== 'slack' || typeof url !== 'string', {
    path: ['url'],
    error: 'is a secret, as whoever has it can write there: { file: PATH } or { env: NAME }',
  })
  .refine(({ shape, secret }) => shape !== 'slack' || secret === undefined, {
    path: ['secret'],
    error: 'is of no use to the shape slack, which verifies nothing: leave it out',
  })
export type WebhookSettings = z.infer<typeof webhook>

/** The `notifications` of an Authority's settings: who is told of requests, and how. Without it nobody is. */
export const notificationSettings = z
  .strictObject({
    email: email.optional(),
    webhooks: z
      .array(webhook)
      .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'names one twice')
      .default([]),
    /** How long after a request those who may decide it are reminded, once; half of the decision time unless named, never with `off` or 0. */
    remind_after_seconds: z.union([z.literal('off'), z.int().min(0)], 'is neither a number of seconds nor off').optional(),
  })
  .refine(({ email, webhooks }) => email !== undefined || webhooks.length > 0, 'tells nobody: name email or webhooks, or leave it out')
export type NotificationSettings = z.infer<typeof notificationSettings>

/** How long after a request the reminder is sent; undefined where there is none. */
export function remindAfterSeconds({ remind_after_seconds: after }: NotificationSettings, decisionSeconds: number): number | undefined {
  if (after === undefined) return Math.ceil(decisionSeconds / 2)
  return after === 'off' || after === 0 ? undefined : after
}
