/** A browser of its own for one task: logged in, for a program to drive, and gone with the task. The browser is played; a real one is in test/browser. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Wait } from '../spec/effects.ts'
import { type Behaviour, fakeChromium } from './fake-chromium.ts'
import { commandLine, temporaryFolder } from './harness-cli-rig.ts'
import { ACME, answer, approvedSession, begun, COOKIE, DESK, ONE_TIME, refusal, serviceDocument, sessionGrant, TASK, USER } from './harness-rig.ts'
import { converse } from './websocket-client.ts'

const LINE = ['browser', '--service', DESK, '--user', USER, '--task', TASK, '--launch']
const LOOK_MS = 1000

/** The command before a Service that takes sessions back, and a browser to start. */
function desk(behaviour: Behaviour = {}) {
  const c = commandLine()
  c.authority.polls = [answer(approvedSession())]
  c.service.configuration = answer(serviceDocument({ endpoints: { ...serviceDocument().endpoints, revoke: `${DESK}/revoke` } }))
  c.service.redeemSession = answer(sessionGrant())
  const chromium = fakeChromium(c.home, behaviour)
  onTestFinished(() => {
    const { pid } = chromium.started() ?? {}
    if (pid !== undefined && isRunning(pid)) process.kill(pid, 'SIGKILL')
  })
  return { ...c, chromium, off: new AbortController(), looks: patience(c) }
}
type Desk = ReturnType<typeof desk>

/** Time that passes at once while somebody decides. While the browser runs it stands: `waits` is when the command has looked about, `look` the next time that it does. */
function patience(c: ReturnType<typeof commandLine>) {
  let wake = () => {}
  let waiting = () => {}
  const waits = new Promise<void>((resolve) => (waiting = resolve))
  const wait: Wait = async (ms, signal) => {
    signal?.throwIfAborted()
    if (!c.callsTo(DESK).includes('POST /initialize')) return c.h.deps.wait(ms, signal)
    await new Promise<void>((resolve, reject) => {
      if (ms === LOOK_MS) wake = resolve
      if (ms === LOOK_MS) waiting()
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
  }
  return { wait, waits, look: () => wake() }
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Runs the command and does this when its browser is there, with the address that it prints. */
const during = (c: Desk, act: (endpoint: string) => Promise<void> | void, ...more: string[]) => runs(c, act, {}, c.chromium.program, ...more)

async function runs(c: Desk, act: (endpoint: string) => Promise<void> | void, environment: Record<string, string>, ...more: string[]) {
  let said = ''
  const acts: Promise<void>[] = []
  const out = async (data: string | Uint8Array) => {
    said += data
    const [endpoint] = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]{43}/.exec(String(data)) ?? []
    if (endpoint !== undefined) acts.push(Promise.resolve(act(endpoint)))
  }
  const ended = await c.runAs({ out, environment, wait: c.looks.wait, signal: c.off.signal }, ...LINE, ...more)
  await Promise.all(acts)
  return { ...ended, out: said }
}
const close = async (endpoint: string) => {
  const client = await converse(endpoint)
  client.send({ id: 1, method: 'Browser.close' })
  await client.closed
}
const profileOf = (c: Desk) =>
  c.chromium
    .started()
    ?.args.find((argument) => argument.startsWith('--user-data-dir='))
    ?.slice(16) ?? ''
const revocations = (c: Desk) => c.calls.filter(({ url }) => url === `${DESK}/revoke`).map(({ body }) => body)
/** That nothing of the task is left: no session, no file, no profile, no process, no network. */
const expectNothingLeft = (c: Desk) => {
  expect([revocations(c), c.files(), existsSync(profileOf(c)), c.leftOpen()]).toEqual([[`token=${COOKIE}`], [], false, 0])
  expect(isRunning(c.chromium.started()?.pid ?? 0)).toBe(false)
}

test('the browser is logged in through its pipe, at the destination, and the task ends with it', async () => {
  const c = desk()
  const { code, out, err } = await during(c, close, '--destination', `${DESK}/tickets/17`)
  expect(code).toBe(0)
  expect(out).toMatch(new RegExp(`^page {6}${DESK}/tickets/17\\ncdp {7}ws://127\\.0\\.0\\.1:\\d+/[\\w-]{43}\\n$`))
  expect(err).toContain('the browser was closed: the session is given back\n')
  const cookie = { name: '__Host-agent', value: COOKIE, domain: 'desk.example', path: '/', httpOnly: true, secure: true, sameSite: 'Lax' }
  expect(c.chromium.told('Storage.setCookies')[0]?.params).toEqual({ cookies: [{ ...cookie, expires: expect.any(Number) }] })
  expect(c.chromium.told('Target.attachToTarget')[0]?.params).toEqual({ targetId: 'page-1', flatten: true })
  expect(c.chromium.told('Page.navigate')[0]).toMatchObject({ sessionId: 'session-1', params: { url: `${DESK}/tickets/17` } })
  expectNothingLeft(c)
})

test('the session and its one-time token are in no argument, no environment and no output; its profile is for this user alone', async () => {
  const c = desk()
  const ended = await during(c, close, '--json')
  const { args, env, mode } = c.chromium.started()!
  expect(JSON.stringify([args, env, ended.out, ended.err])).not.toMatch(new RegExp(`${COOKIE}|${ONE_TIME}`))
  expect(c.chromium.everything()).not.toContain(ONE_TIME)
  expect(mode).toBe('700')
  expect(args).toContain('--remote-debugging-pipe')
  expect(args.join(' ')).not.toMatch(/--remote-debugging-port|--remote-allow-origins/)
})

test('--json gives what is held, the page, and the address for connectOverCDP', async () => {
  const c = desk()
  const { out } = await during(c, close, '--json')
  expect(JSON.parse(out)).toEqual({
    ...{ service: DESK, user: USER, authority: ACME, task: { id: expect.any(String), description: TASK }, type: 'browser_session' },
    ...{ expires_at: expect.stringMatching(/Z$/), destination: `${DESK}/tickets/17`, cdp_endpoint: expect.stringMatching(/^ws:/) },
  })
})

test.each([
  ['Ctrl-C', (c: Desk) => c.off.abort(), 'interrupted'],
  [
    'the expiry of the session',
    (c: Desk) => {
      c.pass(600)
      c.looks.look()
    },
    'the session has expired',
  ],
  [
    'another command that ends the task',
    async (c: Desk) => {
      c.service.revoke = answer({})
      await c.run('forget', TASK)
      c.looks.look()
    },
    'the task was ended by another command',
  ],
])('%s closes the browser and gives the session back', async (_, act, why) => {
  const c = desk()
  const { code, err } = await during(c, async () => {
    await c.looks.waits
    await act(c)
  })
  expect([code, err.includes(`${why}: the session is given back\n`)]).toEqual([0, true])
  expect(c.chromium.told('Browser.close')).toHaveLength(1)
  expectNothingLeft(c)
})

test('while its browser runs, status shows the session and end gives it back', async () => {
  const c = desk()
  await during(c, async () => {
    expect((await c.run('status')).out).toContain('access    a browser session\n')
    expect((await c.run('end', TASK)).out).toBe('ended 1 of 1, and dropped it\n')
    await c.looks.waits
    c.looks.look()
  })
  expect(new Set(revocations(c))).toEqual(new Set([`token=${COOKIE}`]))
})

test('a service that cannot be told at the end is named, with until when the session lives: exit 1', async () => {
  const c = desk()
  c.service.revoke = refusal(503, 'overloaded', 'too busy')
  const { code, err } = await during(c, close)
  expect([code, c.files(), existsSync(profileOf(c))]).toEqual([1, [], false])
  expect(err).toContain(`at step revoke, ${DESK}: too busy`)
  expect(err).toMatch(/could not be told: the delegation for task-\S+ goes on until \S+Z \(10 min 0 s left\)/)
})

test.each<[string, Behaviour, string]>([
  ['that ends at once', { ends: 'at once' }, 'did not start: the browser has gone'],
  ['that refuses the cookies', { ends: 'Storage.setCookies' }, `cannot load ${DESK}/tickets/17: the browser has gone`],
  ['in which the page does not load', { failsToLoad: 'net::ERR_CERT_AUTHORITY_INVALID' }, 'net::ERR_CERT_AUTHORITY_INVALID'],
])('with a browser %s the session is given back, and nothing is printed: exit 1', async (_, behaviour, says) => {
  const c = desk(behaviour)
  const { code, out, err } = await during(c, close)
  expect([code, out]).toEqual([1, ''])
  expect(err).toContain(says)
  expectNothingLeft(c)
})

test('a browser that does not answer is ended when Ctrl-C is pressed, and the session given back: exit 130', async () => {
  const c = desk({ isSilent: true })
  const running = during(c, close)
  await expect.poll(() => c.chromium.told('Browser.getVersion').length).toBe(1)
  c.off.abort()
  await expect.poll(() => c.chromium.told('Browser.close').length).toBe(1)
  process.kill(c.chromium.started()!.pid, 'SIGKILL')
  expect((await running).code).toBe(130)
  expectNothingLeft(c)
})

test('without a display the browser is headless, with one only where that is wanted', async () => {
  const isHeadless = async (environment: Record<string, string>, ...more: string[]) => {
    const c = desk()
    const { err } = await runs(c, close, environment, c.chromium.program, ...more)
    return [c.chromium.started()!.args.includes('--headless'), err.includes('there is no display')]
  }
  const shows = process.platform === 'linux' ? { DISPLAY: ':0' } : {}
  expect(await isHeadless(shows)).toEqual([false, false])
  expect(await isHeadless(shows, '--headless')).toEqual([true, false])
  if (process.platform === 'linux') expect(await isHeadless({})).toEqual([true, true])
})

test('only for root the browser has no sandbox, and that is said', async () => {
  const c = desk()
  const { err } = await during(c, close)
  const isRoot = process.getuid?.() === 0
  expect([c.chromium.started()!.args.includes('--no-sandbox'), err.includes('without its sandbox')]).toEqual([isRoot, isRoot])
})

test.each([
  ['a program that is not there', ['/nowhere/chromium']],
  ['a program that is none', ['/']],
  ['two ways at once', ['/bin/sh', '--open']],
])('%s is misuse, and nobody is asked', async (_, more) => {
  const c = desk()
  expect(await c.run(...LINE, ...more)).toMatchObject({ code: 2, out: '' })
  expect(c.calls).toEqual([])
})

test('without a Chromium on the path nobody is asked either, and --headless is for a browser that is launched', async () => {
  const c = desk()
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'google-chrome'), 'no program')
  const { code, err } = await c.runAs({ environment: { PATH: `/nowhere:${folder}` } }, ...LINE)
  expect([code, c.calls]).toEqual([1, []])
  expect(err).toContain('there is no Chromium on PATH\nagentpass: hint: install it, or name it: --launch PROGRAM')
  expect((await c.run(...LINE.slice(0, -1), '--headless')).code).toBe(2)
})

test('the first Chromium on the path is taken where none is named', async () => {
  const c = desk()
  const { code } = await runs(c, close, { PATH: `/nowhere:${c.home}` })
  expect([code, c.chromium.started() === undefined]).toEqual([0, false])
})

test('a session of several cookies that could be it cannot be given back, and that is said', async () => {
  const c = desk()
  c.service.initialize = begun('/', 'a=1; HttpOnly; Secure', 'b=2; HttpOnly; Secure')
  const { code, err } = await during(c, close)
  expect([code, revocations(c)]).toEqual([0, []])
  expect(err).toContain(`the session at ${DESK} is known to the browser alone`)
})
