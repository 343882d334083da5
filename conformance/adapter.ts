import { z } from 'zod'
import { Misuse } from './misuse.ts'

export const PROFILES = ['core-0.1', 'hardened'] as const
export type Profile = (typeof PROFILES)[number]

const url = z.string().refine((text) => /^https?:\/\/[^\s]+$/.test(text), 'is no URL such as https://peer.example/.well-known/agentpass-service')
const address = z.string().regex(/^[\w.:-]+:\d{1,5}$/, 'is no address such as 127.0.0.1:8443')
const port = z.int().min(0).max(65_535)
const seconds = z.number().min(0)
const program = z.union([z.string().min(1), z.array(z.string()).min(1)])

/** One HTTP call of a hook. `{id}`, `{authorization_id}`, `{scopes}`, `{reason}` are put in; `take` names what later steps may use of the JSON answer. */
const httpStep = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
  url,
  headers: z.record(z.string(), z.string()).default({}),
  json: z.unknown().optional(),
  take: z.record(z.string(), z.string()).default({}),
})
/** How the suite has something done at the peer: by a command, or by HTTP calls, one after the other. */
const hook = z.union([z.strictObject({ command: program, env: z.record(z.string(), z.string()).default({}) }), z.array(httpStep).min(1)])
export type Hook = z.infer<typeof hook>
export type HttpStep = z.infer<typeof httpStep>

export const SuiteSettings = z.strictObject({
  /** The suite's own hosts and the domains of its users end in this. */
  zone: z
    .string()
    .regex(/^[a-z\d-]+(\.[a-z\d-]+)*$/, 'is no domain in lower case, such as agentpass-suite.test')
    .default('agentpass-suite.test'),
  /** Where the suite listens, and the address at which the peer reaches it. */
  listen: z.string().default('127.0.0.1'),
  address: z.string().default('127.0.0.1'),
  dns_port: port.default(0),
  https_port: port.default(0),
  /** Whether the peer asks the suite's DNS server, or has the suite's names written into it. */
  names: z.enum(['dns', 'static']).default('dns'),
  /** The certificate authority that the peer trusts, PEM; without it a new one is made for the run. */
  ca: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
})

const reach = z.strictObject({
  /** PEM to trust at the peer, beside the usual roots. */
  ca_file: z.string().optional(),
  /** Addresses of host names that no DNS knows. */
  hosts: z.record(z.string(), z.string()).default({}),
  /** Where an https origin of the peer is spoken to over plain http, on a loopback address: for a peer whose TLS ends at a proxy. Needs --insecure-loopback. */
  plain: z.record(z.string(), url).default({}),
})

const lifetimes = z.strictObject({ decision_seconds: seconds, pass_seconds: seconds, authorization_seconds: seconds })
const authorityInstance = z.strictObject({
  configuration_url: url,
  decisions: z.strictObject({ approve: hook, deny: hook, cancel: hook, revoke: hook, narrow: hook }).partial().default({}),
  /** Words in a task's description upon which policy decides at once. */
  markers: z
    .strictObject({ approve: z.string().min(1), deny: z.string().min(1) })
    .partial()
    .default({}),
  lifetimes: lifetimes.default({ decision_seconds: 900, pass_seconds: 120, authorization_seconds: 3600 }),
  /** Where another instance of the same Authority listens. */
  second: address.optional(),
  /** Kills it, without warning, and starts it again; ends when it is ready. */
  restart: hook.optional(),
})
export type AuthorityInstance = z.infer<typeof authorityInstance>

const AUTHORITY_VARIANTS = ['short', 'demanding', 'limited', 'automatic', 'durable'] as const
export type AuthorityVariant = (typeof AUTHORITY_VARIANTS)[number]

const authority = authorityInstance.extend({
  /** An e-mail domain it serves, and one it does not. */
  users_domain: z.string().optional(),
  foreign_domain: z.string().optional(),
  /** Whether it pins the suite's vendor as an issuer of Harness attestations. */
  pins_vendor: z.boolean().default(false),
  /** A door that decides and revokes, to be tried without credentials: a URL with `{id}`. */
  decision_doors: z.array(z.strictObject({ method: z.string().default('POST'), url, json: z.unknown().optional() })).default([]),
  /** Files that it logs to. */
  logs: z.array(z.string()).default([]),
  variants: z.partialRecord(z.enum(AUTHORITY_VARIANTS), authorityInstance).default({}),
})

const serviceInstance = z.strictObject({
  configuration_url: url,
  second: address.optional(),
})
const SERVICE_VARIANTS = ['own_accepted', 'own_preferred', 'own_required', 'both', 'closed', 'limited', 'short', 'durable'] as const
export type ServiceVariant = (typeof SERVICE_VARIANTS)[number]

const service = serviceInstance.extend({
  users: z.strictObject({
    /** Who holds every scope, and who lacks `scopes.lacked`. Their domain is one of the suite's. */
    all: z.string(),
    lacking: z.string(),
    /** Domains of the suite's in which everybody is a user who holds every scope: one for each case that changes what DNS says. */
    domains: z.array(z.string()).default([]),
  }),
  scopes: z.strictObject({ all: z.array(z.string()).min(3), lacked: z.string() }),
  /** For each scope something that a bearer token with it may do, and one without it may not: a URL to GET, or a whole request. */
  protected: z.record(z.string(), z.union([url, z.strictObject({ method: z.string(), url, json: z.unknown().optional() })])),
  /** A page of the agent's browser session that says who acts: user and agent are in its text. */
  whoami: url,
  /** A page of its own origin that a browser session may begin at. */
  destination: url,
  check_seconds: seconds.default(5),
  initialization_seconds: seconds.default(60),
  /** Ends a browser session from within, as its page does. */
  end_session: z.strictObject({ method: z.string().default('POST'), url }).optional(),
  logs: z.array(z.string()).default([]),
  /** Deployments with other settings; what is named above is there at the same paths. */
  variants: z
    .partialRecord(z.enum(SERVICE_VARIANTS), serviceInstance.extend({ initialization_seconds: seconds.optional(), restart: hook.optional() }))
    .default({}),
})

const harness = z.strictObject({
  /** Gets a bearer token for `{service}`, `{user}`, `{task}`, calls `{url}` with it, prints JSON; ends with 0 when that went well. */
  bearer: program,
  /** Gets a browser session and begins it. */
  browser: program.optional(),
  /** What is added to a command for a wish: `{scope}`, `{authority}`, `{destination}` are put in. */
  options: z
    .strictObject({ scope: z.array(z.string()), authority: z.array(z.string()), destination: z.array(z.string()) })
    .partial()
    .default({}),
  /** `{scratch}` is a new empty folder for each run. */
  env: z.record(z.string(), z.string()).default({}),
  deadline_seconds: seconds.default(60),
  logs: z.array(z.string()).default([]),
})

export const Adapter = z
  .strictObject({
    profile: z.enum(PROFILES).default('core-0.1'),
    suite: SuiteSettings.prefault({}),
    reach: reach.prefault({}),
    authority: authority.optional(),
    service: service.optional(),
    harness: harness.optional(),
  })
  .refine(({ authority, service, harness }) => authority || service || harness, 'names no peer: authority, service or harness')
export type Adapter = z.infer<typeof Adapter>
export type SuiteSettings = z.infer<typeof SuiteSettings>
export type AuthorityAdapter = NonNullable<Adapter['authority']>
export type ServiceAdapter = NonNullable<Adapter['service']>
export type HarnessAdapter = NonNullable<Adapter['harness']>

/** Judges what is to be an adapter. Throws Misuse with every problem. */
export function parseAdapter(document: unknown, name: string): Adapter {
  const parsed = Adapter.safeParse(document)
  if (parsed.success) return parsed.data
  throw new Misuse(
    parsed.error.issues.map(({ path, message }) => `${name}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`),
    'agentpass-conformance init writes one with every member explained',
  )
}
