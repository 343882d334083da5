import { z } from 'zod'
import { userPattern } from '../spec/email.ts'
import { serverSettings } from '../spec/node/settings.ts'
import { origin, parseUrl } from '../spec/origin.ts'
import { AuthorityReference } from '../spec/wire/configuration.ts'
import { type Act, readAct } from './gateway/acts.ts'

const reference = z.strictObject({ ...AuthorityReference.shape })

const act = z.string().transform((line, context): Act => {
  const read = readAct(line)
  if (read) return read
  context.addIssue('is no line such as "GET /api/tickets/*" or "POST /api/**"')
  return z.NEVER
})

const scope = z.strictObject({
  name: z
    .string()
    .min(1)
    .refine((name) => name !== '*', 'cannot be "*": that stands for all a user holds')
    .refine((name) => !/\s/.test(name), 'cannot have blanks: the app is told its scopes in one row'),
  description: z.string().min(1).optional(),
  /** The methods and paths of the app that this scope opens: `*` is one segment, a last `**` the rest. */
  allows: z.array(act).min(1),
})

/** Which scopes the users of a pattern hold here. The first that matches counts. */
const holding = z.strictObject({ user: userPattern, scopes: z.array(z.string().min(1)) })

const isAddress = (url: string): boolean => /^https?:\/\/[^\s/?#@\\]+\/?$/.test(url) && parseUrl(url) !== undefined
const isPath = (path: string): boolean =>
  /^\/(?![/\\])\S*$/.test(path) && parseUrl(`https://service.example${path}`)?.pathname.startsWith('//') === false
const repeated = (values: string[]): string[] => [...new Set(values.filter((value, i) => values.indexOf(value) !== i))]

/** A Service's settings file: a gateway in front of an app. Members that are not explained here are common ones of `spec/node/settings.ts`. */
export const ServiceSettings = z
  .strictObject({
    ...serverSettings,
    /** The Service origin: where agents reach this gateway from outside. */
    service: origin,
    name: z.string().min(1).optional(),
    /** The app behind. `audience` is what the app expects as `aud` of the identity token; by default its own origin. */
    upstream: z.strictObject({
      url: z.string().refine(isAddress, 'is no address of an app such as http://127.0.0.1:3000: scheme, host and port, no path'),
      audience: z.string().min(1).optional(),
    }),
    trust: z
      .strictObject({
        federated: z.array(reference).default([]),
        service_authority: reference.optional(),
        /** Whether the Service's own Authority is taken where allowed (`accept`), answered first (`prefer`), or the only one (`require`). */
        own: z.enum(['accept', 'prefer', 'require']).default('accept'),
        offer_both: z.boolean().default(false),
      })
      .prefault({}),
    /** Whether Authorities are told where they may push what they end or narrow (protocol 10). */
    security_events: z.boolean().default(true),
    scopes: z.array(scope).min(1),
    /** Who holds which scopes here; absent, every user holds all of them and the app has the last word. */
    users: z.array(holding).optional(),
    lifetimes: z
      .strictObject({
        credential_seconds: z.int().min(1).max(86_400).default(3600),
        check_seconds: z.int().min(0).max(30).default(5),
        /** Between a redemption and the browser that begins its session (protocol 8). */
        initialization_seconds: z.int().min(5).max(60).default(60),
      })
      .prefault({}),
    /** Browser sessions: where one starts when no destination was approved, which other origins one may be sent to, and what of the app signs out. */
    browser: z
      .strictObject({
        start: z.string().refine(isPath, 'is no path of this service such as /tickets').default('/'),
        destinations: z.array(origin).default([]),
        sign_out: z.array(act).default([]),
      })
      .prefault({}),
    /** For each caller. Scope requests come from Authorities, which speak for many users. */
    limits: z
      .strictObject({
        resolutions_per_minute: z.int().min(1).default(300),
        scope_requests_per_minute: z.int().min(1).default(600),
        redemptions_per_minute: z.int().min(1).default(300),
        security_events_per_minute: z.int().min(1).default(6000),
      })
      .prefault({}),
  })
  .superRefine(({ service, scopes, users = [], trust }, context) => {
    const problem = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    const some = (values: string[], path: (string | number)[], message: string) =>
      values.length > 0 && problem(path, `${values.join(', ')} ${message}`)
    const names = scopes.map(({ name }) => name)
    some(repeated(names), ['scopes'], 'is there twice')
    for (const [i, holding] of users.entries())
      some(
        holding.scopes.filter((name) => !names.includes(name)),
        ['users', i, 'scopes'],
        'is no scope of this service',
      )
    some(repeated(trust.federated.map(({ authority }) => authority)), ['trust', 'federated'], 'is there twice')
    if (trust.own !== 'accept' && !trust.service_authority) problem(['trust', 'service_authority'], `is missing, and trust.own is ${trust.own}`)
    if (trust.service_authority?.authority === service)
      problem(['trust', 'service_authority', 'authority'], 'is the service itself: their assertions could be taken for one another')
  })
export type ServiceSettings = z.infer<typeof ServiceSettings>
