/** An Authority with something to tell, and Services that are played by hand and take security events. Its chores come round when a test says so. */
import { decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose'
import { onTestFinished, vi } from 'vitest'
import { announce } from '../authority/store/outbox.ts'
import type { AuthorityTables } from '../authority/store/schema.ts'
import { ValidationResponse } from '../spec/wire/validation.ts'
import { APPROVING, authorityWorld, turns } from './authority-rig.ts'
import { configurationOf, type FakeService, fakeService } from './fake-service.ts'

/** One attempt that reached a Service. */
export type Heard = { token: string; header: object; claims: JWTPayload; contentType: string | undefined }
export const REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked'
export const NARROWED = 'https://schemas.openid.net/secevent/caep/event-type/token-claims-change'

/** Has a Service take security events; `answer` may be replaced. */
export function takingEvents(desk: FakeService) {
  const taking = { ...desk, heard: [] as Heard[], answer: async (): Promise<Response> => new Response(null, { status: 202 }) }
  desk.app.post('/events', async (c) => {
    const token = await c.req.text()
    taking.heard.push({ token, header: decodeProtectedHeader(token), claims: decodeJwt(token), contentType: c.req.header('content-type') })
    return taking.answer()
  })
  const { endpoints, ...configuration } = configurationOf(desk.origin)
  desk.pages.configuration = () => Response.json({ ...configuration, endpoints: { ...endpoints, security_events: `${desk.origin}/events` } })
  return taking
}

/** An Authority that approves everything, and its Service `desk`. */
export async function telling(changed: object = {}) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const w = await authorityWorld({ ...APPROVING, ...changed })
  const db = w.database<AuthorityTables>()
  const redeemedAt = async (service: FakeService) => {
    const { id, value } = await w.approved({ service: { origin: service.origin } })
    const answer = ValidationResponse.parse(await (await w.validate(value, service.bearer())).json())
    return { id, authorizationId: answer.authorization_id }
  }
  const desk = takingEvents(w.desk)
  const waiting = () => db.read.selectFrom('outbox').selectAll().orderBy('due_at').execute()
  return {
    ...w,
    db,
    desk,
    waiting,
    another: async () => w.another(),
    /** Another Service, in its way of taking events. */
    deskAt: (origin: string) => takingEvents(fakeService(w.net, origin)),
    redeemedAt,
    /** An authorization of a Service's that has just been revoked. */
    revokedAt: async (service: FakeService) => {
      const { id, authorizationId } = await redeemedAt(service)
      await w.act('revoke', id, { reason: 'enough' })
      return authorizationId
    },
    /** That many authorizations of the Service's ended in one act; the outbox is not told to look. */
    announced: async (count: number) => {
      const ids = Array.from({ length: count }, (_, i) => `authorization-${i}`)
      const ended = ids.map((id) => ({ id, service_origin: w.desk.origin, state: 'revoked' as const, scope: '[]', expires_at: w.now() + 600 }))
      await db.write((tx) => announce(tx, ended, { at: w.now(), random: w.net.random }))
      return ids
    },
    /** So many seconds pass, and what is done each second is done once. */
    tick: async (seconds = 1) => {
      w.pass(seconds)
      await vi.advanceTimersByTimeAsync(1000)
    },
    /** Until no event waits. */
    empty: () => until(async () => (await waiting()).length === 0),
    /** What the trail says of pushes. */
    audited: async () => {
      const rows = await db.read.selectFrom('audit').select('event').orderBy('id').execute()
      return rows.map(({ event }) => JSON.parse(event)).filter(({ event }) => event === 'push')
    },
  }
}

/** Lets everything go on, the chores too, until something is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    await vi.advanceTimersByTimeAsync(1000)
    await turns(1)
  }
}
