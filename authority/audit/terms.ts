import { z } from 'zod'
import { parseJson } from '../../spec/json.ts'

/** An event of the trail, by the members that say what it is and whom and what it names. */
export const NamedEvent = z.looseObject({
  event: z.string(),
  outcome: z.string(),
  code: z.string().optional(),
  by: z.string().optional(),
  user: z.string().optional(),
  agent: z.string().optional(),
  harness: z.string().optional(),
  service: z.string().optional(),
  task: z.string().optional(),
  request_ref: z.string().optional(),
  authorization_id: z.string().optional(),
  key_thumbprint: z.string().optional(),
})
/** A check that changes nothing comes every few seconds: indexed, they would hide the rest. */
const UNCHANGED = { event: 'check', outcome: 'active' }

/** What an event of the audit trail is found by: whom and what it names, and what kind it is. */
export function termsOf(text: string): string[] {
  const event = readEvent(NamedEvent, text)
  if (!event || event.event === 'audit_head' || (event.event === UNCHANGED.event && event.outcome === UNCHANGED.outcome)) return []
  const { by, user, agent, harness, service, task, request_ref, authorization_id, key_thumbprint, code } = event
  const named = [event.event, event.outcome, code, by, user, agent, harness, service, task, request_ref, authorization_id, key_thumbprint]
  return named.flatMap((name) => (name === undefined ? [] : [normal(name)]))
}

/** The terms of a search: words, or what stands in quotation marks. */
export const wordsOf = (query: string): string[] =>
  [...query.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => normal(quoted ?? word ?? '')).filter((term) => term !== '')

/** As terms are compared; PostgreSQL keeps no NUL in a text, and takes no half of a character, such as a cut leaves. */
const normal = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replaceAll('\0', '')
    .slice(0, MOST_CHARS)
    .replace(/\p{Cs}/gu, '\ufffd')
const MOST_CHARS = 256

/** An event as it is kept; undefined for a row that is none, which the page shows as it is and `audit verify` finds. */
export function readEvent<S extends z.ZodType>(schema: S, text: string): z.infer<S> | undefined {
  try {
    return schema.safeParse(parseJson(text)).data
  } catch {
    return undefined
  }
}
