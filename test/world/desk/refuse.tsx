import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { DeskEnv } from './caller.ts'
import { Refusal } from './pages.tsx'

const TITLES: Partial<Record<ContentfulStatusCode, string>> = {
  400: 'Not understood',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Not possible here',
  413: 'Too large',
}

/** Says no in the caller's form: JSON under `/api`, a page elsewhere. */
export function refuse(c: Context<DeskEnv>, status: ContentfulStatusCode, message: string): Response | Promise<Response> {
  if (/^\/api(\/|$)/.test(c.req.path)) return c.json({ error: message }, status)
  return c.html(<Refusal caller={c.get('caller')} title={TITLES[status] ?? 'Something went wrong'} message={message} />, status)
}
