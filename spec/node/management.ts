import type { Hono } from 'hono'
import type { Registry } from 'prom-client'
import { sha256 } from '../base64url.ts'
import { ProtocolError } from '../error.ts'
import { answer, createDoor, DOOR_HEADERS } from './doors.ts'
import type { ExportState } from './export/states.ts'
import type { Log } from './log.ts'

/** Whether a party can do its work now, and if not why: for a load balancer. */
export type Readiness = () => Promise<{ ready: true } | { ready: false; why: string }>

export type ManagementDeps = {
  log: Log
  adminTokenDigest: string
  metrics: Registry
  readiness: Readiness
  exportStates: () => Promise<ExportState[]>
}

/** The management door: health, readiness and metrics for machines, and how exports stand; everything but the first two needs the admin token as `Authorization: Bearer`. */
export function createManagementDoor(d: ManagementDeps): Hono {
  const door = createDoor({ name: 'management', log: d.log })
  door.get('/health', () => answer({ status: 'alive' }))
  door.get('/ready', async () => {
    const state = await d.readiness()
    return answer(state, state.ready ? 200 : 503)
  })
  door.use(async (c, next) => {
    const [, token] = /^bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '') ?? []
    // Digests are compared, so that the time it takes tells nothing of the token.
    if (token === undefined || (await sha256(token)) !== d.adminTokenDigest)
      throw new ProtocolError('unauthenticated', 'the management door needs the admin token')
    await next()
  })
  door.get('/metrics', async () => new Response(await d.metrics.metrics(), { headers: { ...DOOR_HEADERS, 'content-type': d.metrics.contentType } }))
  door.get('/exports', async () => answer({ exports: await d.exportStates() }))
  return door
}
