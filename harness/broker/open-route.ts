import { Hono } from 'hono'
import type { Random } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { beginPage, isLookAhead, PAGE_HEADERS } from '../begin-page.ts'
import { type Hosts, requireOwnHost } from './local.ts'
import type { Openings } from './openings.ts'
import type { Tasks } from './tasks.ts'

export type OpenDeps = { openings: Openings; tasks: Pick<Tasks, 'opened'>; random: Random; isOwnHost: Hosts }

/** The page that begins a browser session, for whoever loads it first (protocol 8): the one answer of a broker that is for a browser. */
export const openRoutes = (d: OpenDeps) =>
  new Hono().get('/open/:token', async (c) => {
    requireOwnHost(c.req.header('host'), d.isOwnHost)
    if (c.req.raw.method !== 'GET') throw new ProtocolError('method_not_allowed', 'this page is to be loaded')
    if (isLookAhead((name) => c.req.header(name))) return new Response(null, { status: 503, headers: PAGE_HEADERS })
    const { taskId, initialization } = d.openings.take(c.req.param('token'))
    await d.tasks.opened(taskId)
    const { status, headers, body } = beginPage(initialization, d.random(16))
    return new Response(body, { status, headers })
  })
