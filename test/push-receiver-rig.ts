/** A Service with one live token, and events that its Authority pushes, right or wrong. */
import { expect } from 'vitest'
import { ACME, type Changes, DESK, signed } from './fake-authority.ts'
import { REVOKED } from './push-rig.ts'
import { type Desk, desk } from './service-rig.ts'

export const EVENTS = '/agentpass/security-events'
export const TICKETS = '/api/tickets'
export const SET = 'application/secevent+jwt'
type Signer = Desk['enterprise']

/** A Service with one token of the enterprise's, used a moment ago: a good answer is kept for it. Nothing was called since. */
export async function holding(settings: Changes = {}) {
  const d = await desk({ settings, trust: ['federated'] })
  d.enterprise.publish('acme.example')
  const token = await d.token()
  const call = async () => (await d.call(TICKETS, token)).status
  expect(await call()).toBe(200)
  const claims = (changes: Changes = {}): Changes => ({
    ...{ iss: ACME, aud: DESK, iat: d.now(), jti: crypto.randomUUID(), sub_id: { format: 'opaque', id: 'authorization-1' } },
    events: { [REVOKED]: { event_timestamp: d.now() } },
    ...changes,
  })
  const event = (changes: Changes = {}, header: Changes = {}, by: Signer = d.enterprise) =>
    signed(claims(changes), { typ: 'secevent+jwt', kid: by.key.kid, ...header }, by.privateKey)
  const push = (body: string | Promise<string>, headers: Changes = {}) =>
    Promise.resolve(body).then((text) =>
      d.request(EVENTS, { method: 'POST', body: text, headers: { 'content-type': SET, ...headers } as Record<string, string> }),
    )
  d.net.calls.length = 0
  return { d, token, call, claims, event, push }
}
export type Holding = Awaited<ReturnType<typeof holding>>

/** Refused with the code, nobody was asked anything, and a genuine event still ends the session. */
export async function expectRefused(h: Holding, body: string | Promise<string>, err: string, calls: string[] = []): Promise<void> {
  const response = await h.push(body)
  expect([response.status, await response.json()]).toEqual([400, { err, description: expect.any(String) }])
  expect([response.headers.get('content-language'), response.headers.get('content-type')]).toEqual(['en', 'application/json'])
  expect(h.d.sent()).toEqual(calls)
  await expectStillWorks(h)
}

export async function expectStillWorks({ push, event, call }: Holding): Promise<void> {
  expect(await call()).toBe(200)
  await expectTaken(push(event()))
  expect(await call()).toBe(401)
}

export async function expectTaken(answer: Promise<Response>): Promise<void> {
  const response = await answer
  expect([response.status, await response.text(), response.headers.get('content-type')]).toEqual([202, '', null])
}
