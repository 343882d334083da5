import { randomBytes } from 'node:crypto'
import type { BrowserSessionGrant } from '../../spec/wire/redemption.ts'
import { expectRefused, type Reply } from '../actors/client.ts'
import { expectThat } from '../case.ts'
import type { Stage } from '../stage.ts'
import type { Pass, ServiceStage } from './stage.ts'

/** What is shorter is not looked for in logs. */
const SHORTEST_SECRET = 16

/** The one-time secrets of a grant: fields of its form, or parameters of its URL. */
export function secretsOf({ initialization_url: url, initialization_request: form }: BrowserSessionGrant): string[] {
  const fields = Object.values(form?.form_fields ?? {})
  return fields.length > 0 ? fields : [...new URL(url).searchParams.values()]
}

/** The grant with other secrets in the same places. */
export function withSecrets(grant: BrowserSessionGrant, other: (secret: string) => string): BrowserSessionGrant {
  const { initialization_request: form } = grant
  const changed = (members: Iterable<[string, string]>): [string, string][] => [...members].map(([name, value]) => [name, other(value)])
  if (form?.form_fields && Object.keys(form.form_fields).length > 0)
    return { ...grant, initialization_request: { ...form, form_fields: Object.fromEntries(changed(Object.entries(form.form_fields))) } }
  const url = new URL(grant.initialization_url)
  url.search = new URLSearchParams(changed(url.searchParams)).toString()
  return { ...grant, initialization_url: url.href }
}

/** A redemption whose link can be loaded, as that of a Harness of the published draft. */
export const urlGrant = async (s: ServiceStage): Promise<BrowserSessionGrant> =>
  (await s.grant(s.pass({ type: 'browser_session' }), { changed: { initialization_methods: undefined } })).grant

/** A secret as long as another that nobody has given out. */
export const guess = (secret: string): string => randomBytes(secret.length).toString('base64url').slice(0, Math.max(secret.length, 8))

/** That a redirect with a cookie came: a session has begun. */
export const hasBegun = ({ status, cookies }: Reply): boolean => status >= 300 && status < 400 && cookies.length > 0

/** A refusal, and no session with it. A cookie that is taken away is none. */
export function expectNotBegun(reply: Reply): void {
  expectRefused(reply)
  const set = reply.cookies.filter((cookie) => !/max-age=0\b|expires=Thu, 01 Jan 1970/i.test(cookie))
  expectThat(set.length === 0, 'no cookie with the refusal', set.join('; ').replace(/=[^;]*/, '=…'))
}

/** A pass for a browser session of an agent whose name no other has. */
export function agentPass(s: ServiceStage, validation: Record<string, unknown> = {}): { pass: Pass; agent: string } {
  const agent = `agent-${s.chance.name()}`
  return { agent, pass: s.pass({ type: 'browser_session', validation: { agent: { id: agent }, ...validation } }) }
}

/** The cookies that an answer has set, as a browser sends them back. */
export function cookieOf(s: Stage, { cookies }: Reply): string {
  const header = cookies.map((line) => line.split(';')[0] ?? '').join('; ')
  for (const secret of [header, ...valuesOf(header)]) if (secret.length >= SHORTEST_SECRET) s.secret(secret)
  return header
}

/** The name of the cookie that a session’s cookie header begins with. */
export const nameOf = (cookie: string): string => cookie.split('=')[0] ?? ''
/** The values of a cookie header. */
export const valuesOf = (cookie: string): string[] => cookie.split('; ').map((pair) => pair.slice(pair.indexOf('=') + 1))
