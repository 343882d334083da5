/** A fetch that carries a task: whoever has it can act, and has no token to lose. */
import { expect, test } from 'vitest'
import { TripFailure } from '../harness/failure.ts'
import { openTask } from '../harness/task.ts'
import { answer, DESK, harnessRig, refusal, serviceDocument, TOKEN } from './harness-rig.ts'

function rig() {
  const h = harnessRig()
  const { endpoints } = serviceDocument()
  h.service.configuration = answer(serviceDocument({ endpoints: { ...endpoints, revoke: `${DESK}/revoke` } }))
  return { ...h, open: (more: object = {}) => openTask(h.deps, { ...h.wanted, ...more }) }
}

test('a task is opened, used by paths and URLs, and given back once', async () => {
  const h = rig()
  const task = await h.open()
  expect(task).toMatchObject({ service: DESK, scope: ['tickets:read', 'tickets:write'], expiresAt: h.now() + 600 })
  expect(JSON.stringify(task)).not.toContain(TOKEN)
  expect(await (await task.fetch('/api/tickets/17')).json()).toEqual({ id: 17, subject: 'The door sticks' })
  await task.fetch(new URL('/api/tickets/17/replies', DESK), {
    method: 'POST',
    body: JSON.stringify({ text: 'Try oil.' }),
    headers: { accept: 'text/csv' },
  })
  expect(h.calls.slice(-2).map(({ method, url, headers }) => [method, url, headers.get('authorization')])).toEqual([
    ['GET', `${DESK}/api/tickets/17`, `Bearer ${TOKEN}`],
    ['POST', `${DESK}/api/tickets/17/replies`, `Bearer ${TOKEN}`],
  ])
  expect([await task.end(), await task.end()]).toEqual([true, true])
  expect(h.callsTo(DESK).filter((call) => call === 'POST /revoke')).toHaveLength(1)
})

test.each([
  'https://evil.example/api',
  'http://desk.example/api',
  'https://desk.example:8443/api',
  '//evil.example/api',
  'https://desk.example@evil.example/',
])('the token goes to no other origin: %s', async (target) => {
  const h = rig()
  const task = await h.open()
  const before = h.calls.length
  await expect(task.fetch(target)).rejects.toThrow(TripFailure)
  expect(h.calls.length).toBe(before)
})

test('a scope that is missing, and access that has ended, are failures that say what to do; another refusal is an answer', async () => {
  const h = rig()
  const task = await h.open()
  const challenge = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="tickets:close"' }
  h.service.api = answer({ error: { code: 'insufficient_scope', message: 'this needs tickets:close' } }, 403, challenge)
  await expect(task.fetch('/api')).rejects.toMatchObject({
    step: 'use',
    peer: DESK,
    hint: 'the token lacks the scope tickets:close: ask for it with a new token',
  })
  h.service.api = refusal(401, 'invalid_token', 'the token was ended')
  await expect(task.fetch('/api')).rejects.toMatchObject({ hint: expect.stringContaining('get another one for the task') })
  h.service.api = refusal(403, 'forbidden', 'not on Sundays')
  const refused = await task.fetch('/api')
  expect([refused.status, (await refused.json()).error.message]).toEqual([403, 'not on Sundays'])
})

test('a service that sends the token back shows it to nobody: neither in a header, nor in a body, nor in a refusal', async () => {
  const h = rig()
  const task = await h.open()
  const said = () => `${h.calls.at(-1)!.headers.get('authorization')}`
  const sentBack = { name: 'TripFailure', step: 'use', peer: DESK, message: 'the service sent the token back in its answer' }
  h.service.api = () => new Response('', { headers: { 'x-echo': said() } })
  await expect(task.fetch('/api')).rejects.toMatchObject(sentBack)
  for (const status of [401, 403]) {
    h.service.api = () => new Response(said(), { status })
    await expect(task.fetch('/api')).rejects.toMatchObject(sentBack)
  }
  h.service.api = () => new Response(`you sent ${said()}`)
  await expect((await task.fetch('/api')).text()).rejects.toMatchObject(sentBack)
})

test('when its signal is aborted the task ends at the Service, and no call begins any more', async () => {
  const h = rig()
  const leaving = new AbortController()
  const task = await h.open({ signal: leaving.signal })
  leaving.abort(new Error('enough'))
  expect(await task.end()).toBe(true)
  expect(h.callsTo(DESK).at(-1)).toBe('POST /revoke')
  await expect(task.fetch('/api')).rejects.toThrow('enough')
})
