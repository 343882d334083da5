import { z } from 'zod'
import { httpsUrl } from '../../origin.ts'
import type { AuditEvent } from '../audit.ts'
import type { SecretPlace } from '../settings.ts'

/** The members of an event that may be kept from those who read an export: all but what happened, when, and what came of it. */
const REDACTABLE = {
  ...{ code: true, type: true, request_ref: true, authorization_id: true, user: true, agent: true, task: true, harness: true, tier: true },
  ...{ vouched_by: true, key_thumbprint: true, key_name: true, service: true, authority: true, http_request: true, scope: true, act: true },
  ...{ by: true, reason: true, kid: true, passkey: true, address: true, policy: true, policies: true, approvers: true, remembered: true },
} satisfies Record<Exclude<keyof AuditEvent, 'event' | 'outcome'>, true>

const member = z
  .string()
  .refine((name) => Object.hasOwn(REDACTABLE, name), `is no member of an event that can be kept back: ${Object.keys(REDACTABLE).join(', ')}`)

const common = {
  /** What its place in the trail is kept under. */
  name: z.string().regex(/^[a-z0-9-]{1,40}$/, 'is no name of 1 to 40 lower-case letters, digits and hyphens'),
  /** Where an exporter that is new begins. */
  from: z.enum(['beginning', 'now']).default('beginning'),
  omit: z.array(member).default([]),
  pseudonymize: z.array(member).default([]),
}

const file = z.strictObject({ ...common, to: z.literal('file'), path: z.string().min(1) })

const tls = z
  .strictObject({
    ca_file: z.string().min(1).optional(),
    cert_file: z.string().min(1).optional(),
    key_file: z.string().min(1).optional(),
    server_name: z.string().min(1).optional(),
  })
  .refine(
    ({ cert_file, key_file }) => (cert_file === undefined) === (key_file === undefined),
    'names one of cert_file and key_file: they go together',
  )

const syslog = z.strictObject({
  ...common,
  to: z.literal('syslog'),
  host: z.string().min(1),
  port: z.int().min(1).max(65_535),
  /** Without it TLS with the usual certificate authorities: plain TCP has to be asked for. */
  tls: z.union([z.literal('off'), tls], 'is neither off nor a mapping of ca_file, cert_file with key_file, and server_name').prefault({}),
})

const receiverUrl = z.string().refine((url) => httpsUrl.safeParse(url).success, 'is no https URL without userinfo and fragment')

const https = (secretPlace: z.ZodType<SecretPlace>) =>
  z.strictObject({ ...common, to: z.literal('https'), url: receiverUrl, secret: secretPlace, format: z.literal('ocsf').default('ocsf') })

const isOnce = (value: string, i: number, all: string[]): boolean => all.indexOf(value) === i

/** Where the audit trail is handed over to, beside being kept. It is told how a place of a secret is written. */
export const exportSettings = (secretPlace: z.ZodType<SecretPlace>) =>
  z
    .array(z.discriminatedUnion('to', [file, syslog, https(secretPlace)], { error: 'is none of file, syslog, https' }))
    .refine((list) => list.map(({ name }) => name).every(isOnce), 'has two exporters of one name: each keeps its place in the trail under its own')
    .default([])
export type ExportSettings = z.infer<ReturnType<typeof exportSettings>>
