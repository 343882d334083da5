import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine, TOKEN_LINE } from './harness-cli-rig.ts'
import { ACME, answer, DESK, refusal, serviceDocument, TASK, TOKEN, USER } from './harness-rig.ts'

const SECOND = ['token', '--service', DESK, '--user', USER, '--task', 'Close ticket 17']

/** The command, with two tokens held and an Authority chosen, at a Service that takes tokens back unless told otherwise. */
async function loggedIn(takesBack = true) {
  const c = commandLine()
  const endpoints = { ...serviceDocument().endpoints, ...(takesBack && { revoke: `${DESK}/revoke` }) }
  c.service.configuration = answer(serviceDocument({ endpoints }))
  await c.run(...TOKEN_LINE)
  await c.run(...SECOND)
  writeFileSync(join(c.state, 'authority-acme.example.json'), JSON.stringify({ format: 1, domain: 'acme.example', authority: ACME }), { mode: 0o600 })
  return c
}
const revocations = (c: ReturnType<typeof commandLine>) => c.callsTo(DESK).filter((call) => call === 'POST /revoke').length

test('logout ends everything at the services, drops it, and forgets which authorities were chosen', async () => {
  const c = await loggedIn()
  expect(await c.run('logout')).toEqual(
    expect.objectContaining({ code: 0, out: 'ended 2 of 2, and dropped all; which authorities were chosen is forgotten\n', err: '' }),
  )
  expect([revocations(c), c.files(), c.leftOpen()]).toEqual([2, [], 0])
  expect((await c.run('logout', '--json')).json).toEqual({ ended: 0, dropped: 0, untold: [], unread: 0, tasks: [] })
})

test('what could not be ended is named with its task, until when it lives, and where it can be ended: exit 1', async () => {
  const c = await loggedIn()
  c.service.revoke = refusal(503, 'overloaded', 'too busy')
  const { code, err, json } = await c.run('logout', '--json')
  expect([code, c.files()]).toEqual([1, []])
  expect(json).toMatchObject({ ended: 0, dropped: 2, unread: 0 })
  expect(json.untold[1]).toEqual({
    ...{
      service: DESK,
      authority: ACME,
      task: { id: expect.any(String), description: 'Close ticket 17' },
      expires_at: new Date((c.now() + 600) * 1000).toISOString().replace('.000', ''),
    },
    error: { step: 'revoke', peer: DESK, message: 'too busy (503 overloaded)', hint: 'wait a while, then try again' },
  })
  const { id } = json.untold[1].task
  expect(err).toContain(
    `${DESK} could not be told: the delegation for ${id} goes on until ${json.untold[1].expires_at} (10 min 0 s left), unless it is ended at ${ACME} before\n`,
  )
  expect(err + JSON.stringify(json)).not.toContain(TOKEN)
})

test('a service that takes nothing back is no failure, and until when it goes on is said', async () => {
  const c = await loggedIn(false)
  const { code, out, err } = await c.run('logout')
  expect([code, out]).toEqual([0, 'ended 0 of 2, and dropped all; which authorities were chosen is forgotten\n'])
  expect(err).toContain(`${DESK} takes nothing back: the delegation for `)
  expect(err).toContain('s left), unless it is ended at')
  expect(revocations(c)).toBe(0)
})

test('what cannot be read is dropped, and said to live on: exit 1; what is not ours stays', async () => {
  const c = await loggedIn()
  writeFileSync(join(c.state, 'task-garbled.json'), TASK, { mode: 0o600 })
  writeFileSync(join(c.state, 'notes.txt'), 'mine')
  const { code, err } = await c.run('logout')
  expect([code, c.files()]).toEqual([1, ['notes.txt']])
  expect(err).toContain('dropped 1 that could not be read: what it was for goes on until it expires')
})

test('logout that is canceled leaves what it has not come to, and forgets no choice', async () => {
  const c = await loggedIn()
  const off = new AbortController()
  c.service.revoke = () => {
    off.abort()
    return answer({})()
  }
  expect((await c.runAs({ signal: off.signal }, 'logout')).code).toBe(130)
  expect([revocations(c), c.files().length]).toEqual([1, 2])
})
