import { Hono } from 'hono'
import { z } from 'zod'
import { readForm, readToken } from '../../spec/body.ts'
import type { Now } from '../../spec/effects.ts'
import { type ErrorCode, ProtocolError } from '../../spec/error.ts'
import { noteRefusal } from '../../spec/node/audit.ts'
import type { ClientOf } from '../../spec/node/client.ts'
import { answer, DOOR_HEADERS, type TakeTurn } from '../../spec/node/doors.ts'
import { readSecurityEvent, SECURITY_EVENT_MEDIA_TYPE } from '../../spec/security-event.ts'
import { REVOKE_PATH, SECURITY_EVENTS_PATH } from '../discover/route.ts'
import { type EndTaskDeps, endTask } from './end.ts'
import { type HearDeps, hear } from './hear.ts'

export type RevokeRouteDeps = EndTaskDeps & { clientOf: ClientOf; turns: { revocation: TakeTurn } }

/** A token revocation (protocol 10, RFC 7009 §2.1). `token_type_hint` is of no use here: a token, and the secret of a session, are found alike. */
const Revocation = z.looseObject({ token: z.string().min(1).max(1024) })

export const revokeRoutes = (d: RevokeRouteDeps) =>
  new Hono().post(REVOKE_PATH, async (c) => {
    await d.turns.revocation(d.clientOf(c.req.raw, c.env))
    const { token } = await readForm(c.req.raw, Revocation)
    await endTask(d, { value: token, because: 'the harness said that the task is done' })
    return new Response(null, { headers: DOOR_HEADERS })
  })

export type SecurityEventRouteDeps = HearDeps & {
  origin: string
  now: Now
  clientOf: ClientOf
  turns: { securityEvents: TakeTurn; refusedEvents: TakeTurn }
}

/** What RFC 8935 §2.4 calls the refusals of an event; every other is told as everywhere, and makes the Authority try again. */
const REFUSED: Partial<Record<ErrorCode, string>> = {
  malformed_request: 'invalid_request',
  wrong_service: 'invalid_audience',
  untrusted_authority: 'invalid_issuer',
  invalid_assertion: 'authentication_failed',
}

const errOf = (refusal: unknown): string | undefined => (refusal instanceof ProtocolError ? REFUSED[refusal.code] : undefined)

export const securityEventRoutes = (d: SecurityEventRouteDeps) =>
  new Hono().post(SECURITY_EVENTS_PATH, async (c) => {
    const caller = d.clientOf(c.req.raw, c.env)
    await d.turns.securityEvents(caller)
    try {
      const event = readSecurityEvent(await readToken(c.req.raw, SECURITY_EVENT_MEDIA_TYPE), { audience: d.origin, now: d.now() })
      const about = { event: 'security_event', authority: event.issuer, authorization_id: event.authorizationId }
      await hear(d, event).catch(async (failure) => {
        if (errOf(failure) !== undefined) await d.turns.refusedEvents(caller) // anybody can send these, and each is a row of the trail
        await noteRefusal(d.audit, about, () => Promise.reject(failure))
      })
    } catch (refusal) {
      const err = errOf(refusal)
      if (!(refusal instanceof ProtocolError) || err === undefined) throw refusal
      return answer({ err, description: refusal.message }, 400, { 'content-language': 'en' })
    }
    return new Response(null, { status: 202, headers: DOOR_HEADERS })
  })
