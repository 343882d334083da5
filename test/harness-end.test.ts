/** The end of a task: what a Service gave is given back where it takes it back. */
import { expect, test } from 'vitest'
import { TripFailure } from '../harness/failure.ts'
import { endTask } from '../harness/revoke.ts'
import { answer, DESK, type HarnessRig, harnessRig, refusal, serviceDocument, TOKEN } from './harness-rig.ts'

const REVOKE = `${DESK}/revoke`
const takingBack = (revoke = REVOKE) => answer(serviceDocument({ endpoints: { ...serviceDocument().endpoints, revoke } }))
/** The forms that were sent to an address. */
const forms = (h: HarnessRig, url = REVOKE) =>
  h.calls.filter((call) => call.url === url).map(({ method, headers, body }) => [method, headers.get('content-type'), body])
const REVOCATION = ['POST', 'application/x-www-form-urlencoded', `token=${TOKEN}`]

test('a token is given back at the address of the service document, as a form, once', async () => {
  const h = harnessRig()
  h.service.configuration = takingBack()
  const held = await h.acquire()
  expect(held.revokeUrl).toBe(REVOKE)
  expect(await endTask(h, held)).toBe(true)
  expect(forms(h)).toEqual([REVOCATION])
})

test('a token goes to nobody where the service takes nothing back', async () => {
  const h = harnessRig()
  const held = await h.acquire()
  const before = h.calls.length
  expect(await endTask(h, held)).toBe(false)
  expect(h.calls.length).toBe(before)
})

test.each(['http://desk.example/revoke', 'javascript:1', 7])('a service document with the revocation address %j is none', async (revoke) => {
  const h = harnessRig()
  h.service.configuration = answer(serviceDocument({ endpoints: { ...serviceDocument().endpoints, revoke } }))
  expect(await h.failure()).toMatchObject({ step: 'discover' })
})

test('a token that cannot be given back is a failure that says so, and no redirect takes it elsewhere', async () => {
  const h = harnessRig()
  h.addAuthority('https://evil.example')
  h.service.configuration = takingBack()
  const held = await h.acquire()
  h.service.revoke = refusal(503, 'overloaded', 'too busy')
  await expect(endTask(h, held)).rejects.toMatchObject({ step: 'revoke', peer: DESK, message: 'too busy (503 overloaded)' })
  h.service.revoke = () => new Response(null, { status: 307, headers: { location: 'https://evil.example/configuration' } })
  await expect(endTask(h, held)).rejects.toThrow(TripFailure)
  expect(h.callsTo('https://evil.example')).toEqual([])
})

test.each([
  ['is given back', answer({})],
  ['cannot be given back', refusal(500)],
])('of a token that comes after its task was called off and %s, the caller learns why it ended', async (_, revoke) => {
  const h = harnessRig()
  const off = new AbortController()
  h.service.configuration = takingBack()
  h.service.revoke = revoke
  h.service.redeem = () => {
    off.abort(new Error('called off'))
    return answer({ bearer_token: TOKEN })()
  }
  await expect(h.acquire({ signal: off.signal })).rejects.toThrow('called off')
  expect(forms(h)).toEqual([REVOCATION])
})
