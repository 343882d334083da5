import { expect, test } from 'vitest'
import { commandLine } from './harness-cli-rig.ts'
import { answer, DESK, TASK, USER } from './harness-rig.ts'

const TICKET = `${DESK}/api/tickets/17`
const BOB = 'bob@acme.example'

/** A command line that holds a token for each user and task given. */
async function holding(...wanted: [user: string, task: string, scope: string[]][]) {
  const c = commandLine()
  for (const [index, [user, task, scope]] of wanted.entries()) {
    c.service.redeem = answer({ bearer_token: `token-${index}`, scope, expires_in: 600 })
    await c.run('token', '--service', DESK, '--user', user, '--task', task)
  }
  /** Which token a call was sent with. */
  const used = async (...options: string[]) => {
    const before = c.calls.length
    const { code, err } = await c.run('call', 'GET', TICKET, ...options)
    const [call, ...others] = c.calls.slice(before)
    if (!call) return { code, err, token: undefined }
    return { code, err, token: others.length === 0 ? call.headers.get('authorization')?.slice('Bearer '.length) : 'a new one' }
  }
  return { ...c, used }
}

test('the user chooses among tokens, by option or settings', async () => {
  const c = await holding([USER, TASK, ['r']], [BOB, TASK, ['r']])
  expect((await c.used('--user', BOB)).token).toBe('token-1')
  c.settings(`user: ${USER}`)
  expect((await c.used()).token).toBe('token-0')
  expect((await c.used('--user', BOB)).token).toBe('token-1')
})

test('the task chooses among tokens, by sentence or id', async () => {
  const c = await holding([USER, TASK, ['r']], [USER, 'Close ticket 18', ['r']])
  expect((await c.used('--task', 'Close ticket 18')).token).toBe('token-1')
  const { tokens } = (await c.run('status', '--json')).json
  expect((await c.used('--task', tokens[0].task.id)).token).toBe('token-0')
})

test('the scope chooses among tokens; one whose scope was not said may have it', async () => {
  const c = await holding([USER, TASK, ['r']], [USER, TASK, ['r', 'w']])
  expect((await c.used('--scope', 'r', '--scope', 'w')).token).toBe('token-1')
  const unsaid = await holding()
  unsaid.service.redeem = answer({ bearer_token: 'token-x' })
  await unsaid.run('token', '--service', DESK, '--user', USER, '--task', TASK)
  expect((await unsaid.used('--scope', 'w')).token).toBe('token-x')
})

test('of several tokens that differ none is taken: they are named, and how to choose', async () => {
  const c = await holding([USER, TASK, ['r']], [BOB, TASK, ['r']], [BOB, TASK, ['w']])
  const { code, err, token } = await c.used()
  expect([code, token]).toEqual([2, undefined])
  for (const each of [USER, BOB, TASK, '--task task-']) expect(err).toContain(each)
  expect((await c.used('--user', BOB)).token).toBeUndefined()
  expect(c.calls.some(({ url }) => url === TICKET)).toBe(false)
})

test('of equal tokens the newest is taken', async () => {
  const c = await holding([USER, TASK, ['r', 'w']])
  c.pass(5)
  c.service.redeem = answer({ bearer_token: 'token-new', scope: ['w', 'r'], expires_in: 600 })
  await c.run('token', '--service', DESK, '--user', USER, '--task', TASK)
  expect((await c.used()).token).toBe('token-new')
})

test('an expired token is not used, and dropped', async () => {
  const c = await holding([USER, TASK, ['r']])
  c.pass(599)
  expect((await c.used()).token).toBe('token-0')
  c.pass(1)
  expect(await c.used()).toMatchObject({ code: 1, token: undefined })
  expect(c.files()).toEqual([])
})

test('a task that is only known by its id is never begun anew', async () => {
  const c = await holding([USER, TASK, ['r']])
  const { code, err } = await c.used('--user', USER, '--task', 'task-AAAAAAAAAAAAAAAAAAAAAA')
  expect(code).toBe(1)
  expect(err).toContain(TASK)
})

test('a token of another authority than the one named is not used', async () => {
  const c = await holding([USER, TASK, ['r']])
  expect(await c.used('--authority', 'https://other.example')).toMatchObject({ code: 1, token: undefined })
  expect((await c.used('--authority', 'https://authority.acme.example')).token).toBe('token-0')
})

test('a new token is got for a user, task or scope that no token is for', async () => {
  const c = await holding([USER, TASK, ['r']])
  expect((await c.used('--user', BOB, '--task', TASK)).token).toBe('a new one')
  expect((await c.used('--user', USER, '--task', 'Another')).token).toBe('a new one')
  expect((await c.used('--user', USER, '--task', TASK, '--scope', 'w')).token).toBe('a new one')
})
