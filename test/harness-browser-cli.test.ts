import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Wait } from '../spec/effects.ts'
import { commandLine } from './harness-cli-rig.ts'
import { ACME, answer, approvedSession, begun, COOKIE, DESK, ONE_TIME, refusal, serviceDocument, sessionGrant, TASK, USER } from './harness-rig.ts'

const LINE = ['browser', '--service', DESK, '--user', USER, '--task', TASK]
type CommandLine = ReturnType<typeof commandLine>

/** The command before an Authority that approves browser sessions, and a Service that takes them back. */
function desk() {
  const c = commandLine()
  c.authority.polls = [answer(approvedSession())]
  c.service.configuration = answer(serviceDocument({ endpoints: { ...serviceDocument().endpoints, revoke: `${DESK}/revoke` } }))
  c.service.redeemSession = answer(sessionGrant({ expires_at: new Date((c.now() + 61) * 1000).toISOString() }))
  return { ...c, file: join(c.home, 'state.json'), wait: patientWait(c) }
}
type Desk = ReturnType<typeof desk>
/** Time that passes at once while somebody decides, and not at all while a page waits to be loaded. */
const patientWait =
  (c: CommandLine): Wait =>
  async (ms, signal) => {
    signal?.throwIfAborted()
    if (!c.callsTo(DESK).includes('POST /redeem/browser')) return c.h.deps.wait(ms, signal)
    return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
  }
const initializations = (c: Desk) => c.calls.filter(({ url }) => url.includes('/initialize'))
const everythingOf = (c: Desk, { out, err }: { out: string; err: string }) =>
  [out, err, ...c.calls.map(({ url }) => url), ...c.files().map((name) => readFileSync(join(c.state, name), 'utf8'))].join('\n')
const load = async (address: string) => (await fetch(address, { redirect: 'manual' })).text()

/** Runs the command and does this with the address that it prints. */
async function handedOver(c: Desk, act: (address: string) => Promise<unknown>, ...more: string[]) {
  let said = ''
  const out = async (data: string | Uint8Array) => {
    said += data
    const [address] = /http:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(String(data)) ?? []
    if (address !== undefined) acts.push(act(address))
  }
  const acts: Promise<unknown>[] = []
  const ended = await c.runAs({ out, wait: c.wait }, ...LINE, ...more)
  await Promise.all(acts)
  return { ...ended, out: said }
}

test('browser prints the address of a page that begins the session, ends when it was loaded, and holds the session', async () => {
  const c = desk()
  let page = ''
  const { code, out, err } = await handedOver(c, async (address) => {
    page = await load(address)
  })
  expect([code, initializations(c)]).toEqual([0, []])
  expect(out).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}\n$/)
  expect(page).toContain(`value="${ONE_TIME}"`)
  expect(err).toContain('on this machine, once, within 1 min 0 s\n')
  const status = await c.run('status')
  expect(status.out).toContain(`task      ${c.heldTask()}  ${TASK}\naccess    a browser session\nuntil     the service ends it\n`)
  expect((await c.run('status', '--json')).json.tokens).toEqual([
    { service: DESK, user: USER, authority: ACME, task: { id: c.heldTask(), description: TASK }, type: 'browser_session' },
  ])
  expect(c.leftOpen()).toBe(0)
})

test('the one-time token is in no URL, no output and no file, whichever way the session is handed over', async () => {
  const ways = [[], ['--json'], ['--open'], ['--open', '--json'], ['--storage-state', 'state.json'], ['--storage-state', 'state.json', '--json']]
  for (const way of ways) {
    const c = desk()
    const addresses: string[] = []
    const openBrowser = async (address: string) => {
      addresses.push(address)
      await load(address)
    }
    const line = [...LINE, ...way.map((word) => (word === 'state.json' ? c.file : word))]
    const isPrinted = way.length === 0 || way[0] === '--json'
    const ended = isPrinted ? await handedOver(c, load, ...way) : await c.runAs({ wait: c.wait, openBrowser }, ...line)
    expect([way, ended.code]).toEqual([way, 0])
    expect(everythingOf(c, ended) + addresses.join()).not.toContain(ONE_TIME)
    if (existsSync(c.file)) expect(readFileSync(c.file, 'utf8')).not.toContain(ONE_TIME)
  }
})

test('a failure after the redemption says nothing of the token either', async () => {
  const c = desk()
  c.service.initialize = refusal(410, 'initialization_gone', `no ${ONE_TIME}`)
  const failed = await c.run(...LINE, '--storage-state', c.file, '--json')
  expect(failed.code).toBe(1)
  expect(everythingOf(c, failed)).not.toContain(ONE_TIME)
})

test('the address is JSON for programs, before anybody has loaded it', async () => {
  const c = desk()
  const { json, out } = await handedOver(c, load, '--json')
  expect(json).toBe(undefined)
  expect(JSON.parse(out)).toEqual({
    ...{ service: DESK, user: USER, authority: ACME, task: { id: c.heldTask(), description: TASK }, type: 'browser_session' },
    open: expect.stringMatching(/^http:\/\/127\.0\.0\.1:/),
  })
})

test('a page that nobody loads in time is gone, and nothing is held', async () => {
  const c = desk()
  const { code, out, err } = await c.run(...LINE)
  expect([code, c.files(), c.leftOpen()]).toEqual([1, [], 0])
  expect(err).toContain('agentpass: error: nobody loaded the page in time\n')
  await expect(fetch(out.trim())).rejects.toThrow('fetch failed')
})

test('canceling while the page waits is exit 130, and the page is gone', async () => {
  const c = desk()
  const off = new AbortController()
  let address = ''
  const out = async (data: string | Uint8Array) => {
    address = String(data).trim()
    off.abort()
  }
  expect(await c.runAs({ out, wait: c.wait, signal: off.signal }, ...LINE)).toMatchObject({ code: 130 })
  await expect(fetch(address)).rejects.toThrow('fetch failed')
  expect(c.files()).toEqual([])
})

test('a URL that is to be loaded is printed itself, loaded by nobody, and held', async () => {
  const c = desk()
  c.service.redeemSession = answer({ initialization_url: `${DESK}/initialize?t=1#here` })
  const { code, out, err } = await c.run(...LINE)
  expect([code, out, initializations(c)]).toEqual([0, `${DESK}/initialize?t=1#here\n`, []])
  expect(err).toContain('once, within 1 min 0 s;')
  expect(c.files()).toHaveLength(1)
})

test('--open gives the opener the address of the page alone, also where the URL is a secret', async () => {
  const c = desk()
  c.service.redeemSession = answer({ initialization_url: `${DESK}/initialize?t=${ONE_TIME}` })
  const opened: string[] = []
  const openBrowser = async (address: string) => {
    opened.push(address, (await fetch(address, { redirect: 'manual' })).headers.get('location') ?? '')
  }
  const ended = await c.runAs({ wait: c.wait, openBrowser }, ...LINE, '--open')
  expect(ended).toMatchObject({ code: 0, out: expect.stringContaining('access    a browser session') })
  expect(opened).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}$/), `${DESK}/initialize?t=${ONE_TIME}`])
  expect(everythingOf(c, ended)).not.toContain(ONE_TIME)
})

test('--open that fails says so and names the address, which can still be loaded', async () => {
  const c = desk()
  const openBrowser = () => Promise.reject(new Error('xdg-open ended with 3'))
  const loaded: Promise<string>[] = []
  const onErr = (text: string) => {
    const [, address] = /warning: xdg-open ended with 3: open (http:\S+) yourself\n/.exec(text) ?? []
    if (address !== undefined) loaded.push(load(address))
  }
  const { code, json } = await c.runAs({ wait: c.wait, openBrowser, onErr }, ...LINE, '--open', '--json')
  expect([code, json.type, await loaded[0]]).toEqual([0, 'browser_session', expect.stringContaining('<form')])
})

test('--storage-state begins the session itself, by one form, and writes its cookies for this user alone [HAR-BRW-01 HAR-BRW-03]', async () => {
  const c = desk()
  const { code, out, err } = await c.run(...LINE, '--destination', `${DESK}/tickets/17`, '--storage-state', c.file)
  expect([code, out]).toEqual([0, `${DESK}/tickets/17\n`])
  expect(initializations(c).map(({ method, url, body, headers }) => [method, url, body, headers.get('content-type')])).toEqual([
    ['POST', `${DESK}/initialize`, `token=${ONE_TIME}`, 'application/x-www-form-urlencoded'],
  ])
  expect(JSON.parse(readFileSync(c.file, 'utf8'))).toEqual({
    cookies: [
      {
        ...{ name: '__Host-agent', value: COOKIE, domain: 'desk.example', path: '/', expires: c.now() + 600 },
        ...{ httpOnly: true, secure: true, sameSite: 'Lax' },
      },
    ],
    origins: [],
  })
  expect(c.modeOf(c.file)).toBe('600')
  expect(readdirSync(c.home).filter((name) => name.startsWith('.tmp'))).toEqual([])
  expect(out + err + (await c.run('status')).out).not.toContain(COOKIE)
  expect(c.callsTo(DESK)).not.toContain('GET /tickets/17')
})

test('--storage-state loads a URL that is to be loaded, once, without its fragment', async () => {
  const c = desk()
  c.service.redeemSession = answer({ initialization_url: `${DESK}/initialize?t=1#here` })
  expect((await c.run(...LINE, '--storage-state', c.file, '--json')).json).toMatchObject({ destination: `${DESK}/tickets/17`, storage_state: c.file })
  expect(initializations(c).map(({ method, url }) => [method, url])).toEqual([['GET', `${DESK}/initialize?t=1`]])
})

test.each([
  ['500', refusal(500)],
  ['410', refusal(410, 'initialization_gone')],
  ['404', refusal(404)],
  ['a page', answer({})],
  ['a redirect that repeats the form', () => new Response(null, { status: 307, headers: { location: `${DESK}/x`, 'set-cookie': 'a=b' } })],
  ['no destination', () => new Response(null, { status: 303, headers: { 'set-cookie': 'a=b' } })],
  ['a destination over http', begun('http://desk.example/')],
  ['a destination that is a script', begun('javascript:alert(1)')],
  ['a destination that is none', begun('https://')],
  ['no cookie', begun('/', '__Host-a=b')],
  ['a cookie for another host', begun('/', 'a=b; Domain=other.example')],
])('an initialization answered with %s is final, and a new session is asked for anew [HAR-BRW-01 HAR-BRW-02]', async (_, initialize) => {
  const c = desk()
  c.service.initialize = initialize
  const { code, err } = await c.run(...LINE, '--storage-state', c.file)
  expect([code, c.files(), existsSync(c.file)]).toEqual([1, [], false])
  expect(err).toContain(`agentpass: error: at step initialize, ${DESK}: `)
  expect(initializations(c)).toHaveLength(1)
  c.service.initialize = begun()
  expect((await c.run(...LINE, '--storage-state', c.file)).code).toBe(0)
  const [first, second] = c.posted(`${ACME}/some/where/issue`)
  expect([first.task.id === second.task.id, first.harness.cnf.jwk.x === second.harness.cnf.jwk.x]).toEqual([false, false])
})

test('an initialization that gets no answer is final, too [HAR-BRW-01]', async () => {
  const c = desk()
  c.service.redeemSession = answer(sessionGrant({ initialization_url: 'https://gone.example/initialize' }))
  expect(await c.run(...LINE, '--storage-state', c.file)).toMatchObject({ code: 1, err: expect.stringContaining('no usable answer') })
  expect(initializations(c)).toHaveLength(1)
})

test('end gives a session back by its cookie, where that is known', async () => {
  const c = desk()
  await c.run(...LINE, '--storage-state', c.file)
  expect(await c.run('end', TASK)).toMatchObject({ code: 0, out: 'ended 1 of 1, and dropped it\n' })
  expect(c.calls.at(-1)).toMatchObject({ method: 'POST', url: `${DESK}/revoke`, body: `token=${COOKIE}` })
  expect(c.files()).toEqual([])
})

test('end says of a session that a browser alone knows that nobody could be told', async () => {
  const c = desk()
  await handedOver(c, load)
  const { code, out, err } = await c.run('end', TASK)
  expect([code, out, c.files()]).toEqual([0, 'ended 0 of 1, and dropped it\n', []])
  expect(err).toContain(`the session at ${DESK} is known to the browser alone`)
  expect(c.callsTo(DESK)).not.toContain('POST /revoke')
})

test('of several cookies that could be the session, none is given back as if it were', async () => {
  const c = desk()
  c.service.initialize = begun('/', 'a=1; HttpOnly', 'b=2; HttpOnly', 'c=3')
  await c.run(...LINE, '--storage-state', c.file)
  expect((await c.run('end', TASK)).out).toBe('ended 0 of 1, and dropped it\n')
  c.service.initialize = begun('/', 'a=1; HttpOnly', 'c=3; Max-Age=60')
  await c.run(...LINE, '--storage-state', c.file)
  await c.run('end', TASK)
  expect(c.calls.at(-1)).toMatchObject({ body: 'token=1' })
})

test('a session that cannot be written down is given back', async () => {
  const c = desk()
  const folder = join(c.home, 'folder')
  mkdirSync(folder)
  c.service.initialize = () => {
    rmSync(folder, { recursive: true }) // the disk goes away
    return begun()()
  }
  expect((await c.run(...LINE, '--storage-state', join(folder, 'state.json'))).code).toBe(1)
  expect(c.calls.at(-1)).toMatchObject({ url: `${DESK}/revoke`, body: `token=${COOKIE}` })
  expect(c.files()).toEqual([])
})

test('a command that is canceled while its session begins gives it back, and leaves an older file as it is', async () => {
  const c = desk()
  const off = new AbortController()
  writeFileSync(c.file, 'older')
  c.service.initialize = () => {
    off.abort()
    return begun()()
  }
  expect((await c.runAs({ signal: off.signal }, ...LINE, '--storage-state', c.file)).code).toBe(130)
  expect(c.calls.at(-1)).toMatchObject({ url: `${DESK}/revoke`, body: `token=${COOKIE}` })
  expect([c.files(), readFileSync(c.file, 'utf8')]).toEqual([[], 'older'])
})

test('a held session is no token for a call', async () => {
  const c = desk()
  await c.run(...LINE, '--storage-state', c.file)
  expect(await c.run('call', 'GET', `${DESK}/api/tickets/17`)).toMatchObject({ code: 1, err: expect.stringContaining('no live token is held') })
  expect(c.callsTo(DESK).some((call) => call.includes('/api/'))).toBe(false)
})

test.each([
  ['a destination over http', ['--destination', 'http://desk.example/']],
  ['a file in no folder', ['--storage-state', '/nowhere/at/all/state.json']],
  ['a folder as the file', ['--storage-state', '/']],
  ['two ways at once', ['--open', '--storage-state', 'state.json']],
])('%s is misuse, and nobody is asked', async (_, more) => {
  const c = desk()
  const { code, out, err } = await c.run(...LINE, ...more)
  expect([code, out, c.calls]).toEqual([2, '', []])
  expect(err).toMatch(/agentpass: error: .+\nagentpass: hint: .+\n$/)
})
