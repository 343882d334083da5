/** The end of a task: what a Service gave is given back where it takes it back. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TripFailure } from '../harness/failure.ts'
import { endTask } from '../harness/revoke.ts'
import { commandLine, TOKEN_LINE } from './harness-cli-rig.ts'
import { answer, DESK, type HarnessRig, harnessRig, refusal, serviceDocument, TASK, TOKEN, USER } from './harness-rig.ts'

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

const SECOND = ['token', '--service', DESK, '--user', USER, '--task', 'Close ticket 17']
const CALL = ['call', 'GET', `${DESK}/api/tickets/17`, '--user', USER, '--task', TASK]
/** The command, with tokens held of a Service that takes them back. */
async function holding(...lines: string[][]) {
  const c = commandLine()
  c.service.configuration = takingBack()
  for (const line of lines) await c.run(...line)
  return c
}

test('end gives back what is held of a task, by id or sentence, drops it, and leaves the rest', async () => {
  const c = await holding(TOKEN_LINE, SECOND)
  expect(await c.run('end', TASK)).toMatchObject({ code: 0, out: 'ended 1 of 1, and dropped it\n', err: '' })
  expect(forms(c.h)).toEqual([REVOCATION])
  expect((await c.run('status', '--json')).json.tokens).toMatchObject([{ task: { description: 'Close ticket 17' } }])
  expect((await c.run('end', c.heldTask(), '--json')).json).toEqual({ ended: 1, dropped: 1, untold: [] })
  expect(c.files()).toEqual([])
  expect(await c.run('end', TASK)).toMatchObject({ code: 1, out: '' })
  expect([forms(c.h).length, c.leftOpen()]).toEqual([2, 0])
})

test('end --all gives everything back, and the choices of authorities stay', async () => {
  const c = await holding(TOKEN_LINE, SECOND)
  writeFileSync(join(c.state, 'authority-acme.example.json'), '{}', { mode: 0o600 })
  expect(await c.run('end', '--all')).toMatchObject({ code: 0, out: 'ended 2 of 2, and dropped all\n' })
  expect(c.files()).toEqual(['authority-acme.example.json'])
  expect(await c.run('end', '--all')).toMatchObject({ code: 0, out: 'ended 0 of 0, and dropped all\n' })
})

test('end drops what could not be given back all the same, and says so: exit 1', async () => {
  const c = await holding(TOKEN_LINE, SECOND)
  c.service.revoke = refusal(503, 'overloaded', 'too busy')
  const { code, err, json } = await c.run('end', '--all', '--json')
  expect([code, json]).toEqual([1, { ended: 0, dropped: 2, untold: [expect.anything(), expect.anything()] }])
  expect(json.untold[0]).toMatchObject({ service: DESK, task: { description: TASK }, error: { step: 'revoke', peer: DESK } })
  expect(err).toContain(`agentpass: error: at step revoke, ${DESK}: too busy (503 overloaded)\n`)
  expect(JSON.stringify(json) + err).not.toContain(TOKEN)
  expect(c.files()).toEqual([])
})

test.each(['constructor', '__proto__', 'toString'])('a refusal with the code %s is a refusal like any other', async (code) => {
  const c = await holding(TOKEN_LINE)
  c.service.revoke = refusal(400, code, 'not so')
  expect(await c.run('end', TASK)).toMatchObject({
    code: 1,
    err: expect.stringContaining(`not so (400 ${code})\nagentpass: hint: the request was refused`),
  })
})

test('end says where a service takes nothing back, also for a token kept without an address', async () => {
  const c = await holding(TOKEN_LINE)
  const file = join(c.state, c.files()[0]!)
  const { revoke_url: address, ...older } = JSON.parse(readFileSync(file, 'utf8'))
  expect(address).toBe(REVOKE)
  writeFileSync(file, JSON.stringify(older))
  const { code, err, out } = await c.run('end', TASK)
  expect([code, out]).toEqual([0, 'ended 0 of 1, and dropped it\n'])
  expect(err).toContain(`${DESK} takes nothing back: the delegation for ${older.task.id} goes on`)
  expect([forms(c.h), c.files()]).toEqual([[], []])
})

test.each(['http://desk.example/revoke', 'desk'])('a kept token with the revocation address %j is garbled, and goes nowhere', async (address) => {
  const c = await holding(TOKEN_LINE)
  const file = join(c.state, c.files()[0]!)
  writeFileSync(file, readFileSync(file, 'utf8').replace(REVOKE, address))
  expect(await c.run('end', '--all')).toMatchObject({ code: 0, err: expect.stringContaining('its content is garbled') })
  expect(forms(c.h)).toEqual([])
})

test('forget is local: no service is told, and it says so', async () => {
  const c = await holding(TOKEN_LINE)
  expect((await c.run('forget', TASK)).err).toContain('no service was told')
  expect(forms(c.h)).toEqual([])
})

test('a token that cannot be kept is given back', async () => {
  const c = await holding(TOKEN_LINE)
  c.service.redeem = () => {
    rmSync(c.state, { recursive: true }) // the disk goes away
    return answer({ bearer_token: 'second-token' })()
  }
  const { code, err } = await c.run(...SECOND)
  expect([code, forms(c.h)]).toEqual([1, [['POST', 'application/x-www-form-urlencoded', 'token=second-token']]])
  expect(err).not.toContain('could not be given back')
})

/** A call that is interrupted when its answer is there. */
async function interrupted(c: Awaited<ReturnType<typeof holding>>) {
  const off = new AbortController()
  c.service.api = () => {
    off.abort()
    return answer({})()
  }
  return c.runAs({ signal: off.signal, out: () => Promise.reject(off.signal.reason) }, ...CALL)
}

test('a call that is interrupted gives back the token that was got for it, and keeps one that was held', async () => {
  const c = await holding()
  expect((await interrupted(c)).code).toBe(130)
  expect([forms(c.h), c.files()]).toEqual([[REVOCATION], []])
  await c.run(...TOKEN_LINE)
  expect((await interrupted(c)).code).toBe(130)
  expect([forms(c.h).length, c.files().length]).toEqual([1, 1])
})

test('a service that cannot be told of an interrupted call is named, and the token is dropped', async () => {
  const c = await holding()
  c.service.revoke = refusal(500)
  const { code, err } = await interrupted(c)
  expect([code, c.files()]).toEqual([130, []])
  expect(err).toContain(`could not be given back to ${DESK}`)
})
