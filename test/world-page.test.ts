/** The world's page: what the parties say to each other, as HTML and as events, and nothing that is secret. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { compiled } from './compiled.ts'
import { openPage } from './world/page/open.ts'
import { createRecord } from './world/page/record.ts'
import { statementOf } from './world/page/requirements.ts'
import { STEPS, stepOf } from './world/steps.ts'
import { startWorld } from './world/world.ts'

/** A world with its page, and everything secret that the Harness sent or got. */
async function opened() {
  const recording = createRecord(Date.now)
  const { onAsk, onDecision } = recording
  const world = await startWorld({ neighbours: true, service: { lifetimes: { check_seconds: 0 } }, onAsk, onDecision })
  onTestFinished(world.stop)
  const { fetch: send } = world.harness
  const secrets = new Set<string>()
  const keep = (text: string) => {
    for (const [, secret = ''] of text.matchAll(/"(?:id|value|bearer_token)":"(?!task-)([\w-]{22,}[^"]*)"/g)) secrets.add(secret)
    for (const [, signature = ''] of text.matchAll(/eyJ[\w-]+\.[\w-]+\.([\w-]+)/g)) secrets.add(signature)
  }
  world.harness.fetch = async (url, init) => {
    if (typeof init?.body === 'string') keep(init.body)
    const response = await send(url, init)
    keep(await response.clone().text())
    return response
  }
  const page = await openPage()
  onTestFinished(page.stop)
  page.show(world, recording)
  const { origin } = new URL(page.url)
  const post = (path: string, form: object = {}, headers: object = { origin }) =>
    fetch(origin + path, { method: 'POST', body: new URLSearchParams({ ...form }), headers: { ...headers }, redirect: 'manual' })
  return { world, page, origin, secrets, post, read: async (path = '/') => (await fetch(origin + path)).text() }
}

type Event = { id?: string; html?: string; task?: string; state?: { isPlaying: boolean; isRevocable: boolean; says: string } }

/** The events since then, until one of them is the state in which nothing is being played any more. */
async function follow(origin: string, headers: Record<string, string> = {}): Promise<{ events: Event[]; text: string; lastId: string }> {
  const response = await fetch(`${origin}/events`, { headers })
  const decoder = new TextDecoder()
  let text = ''
  let wasPlaying = false
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk, { stream: true })
    const events = [...text.matchAll(/^data: (.*)\n\n/gm)].map(([, data = '']) => JSON.parse(data) as Event)
    wasPlaying ||= events.some(({ state }) => state?.isPlaying)
    if (wasPlaying && events.at(-1)?.state?.isPlaying === false)
      return { events, text, lastId: [...text.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1] ?? '' }
  }
  throw new Error('the events ended')
}

const textOf = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')

test('a task played from the page is shown as it happens, and afterwards without script: who says what to whom, why, and what is required', async () => {
  const { origin, post, read, world } = await opened()
  const following = follow(origin)
  expect((await post('/play', { user: world.user })).status).toBe(303)
  const { events } = await following
  const live = textOf(events.map(({ html }) => html ?? '').join(' '))
  const page = textOf(await read())
  for (const shown of [live, page]) {
    for (const step of [
      'Who may decide for this user?',
      'May the agent do this task?',
      'A pass, for a token',
      'What is this pass good for?',
      'Does it still stand?',
    ])
      expect(shown).toContain(step)
    expect(shown).toContain('Service asks Authority')
    expect(shown).toContain('approves: tickets:read, tickets:write')
    expect(shown).toContain('AUTH-VAL-07 MUST: Wrong Service must not consume')
    expect(shown).toContain('Protocol, section 6.2 Order of checks at the Authority')
    expect(shown).toContain('POST /agentpass/redeem/bearer-token')
  }
  expect(page).not.toContain('Service asks Service')
  expect(events.at(-1)?.state).toMatchObject({ isPlaying: false, isRevocable: true })
})

test('what was approved is revoked from the page, and the agent’s next call is seen to be refused', async () => {
  const { origin, post, read, world } = await opened()
  expect((await post('/revoke')).status).toBe(409)
  const played = follow(origin)
  await post('/play', { user: world.neighbours!.people.home.email })
  await played
  const revoked = follow(origin)
  expect((await post('/revoke')).status).toBe(303)
  expect((await revoked).events.at(-1)?.state).toMatchObject({ isRevocable: false })
  const page = textOf(await read())
  expect(page).toContain('authority.desk.localhost')
  expect(page).toContain('404 unknown_authorization')
  expect(page).toContain('The agent’s token is no longer good for anything')
})

test('a domain whose name server fails is seen to fail closed', async () => {
  const { origin, post, read, world } = await opened()
  const following = follow(origin)
  await post('/play', { user: world.neighbours!.people.outage.email })
  await following
  const page = textOf(await read())
  expect(page).toContain('failed: SERVFAIL')
  expect(page).toContain('502 discovery_failed')
  expect(page).not.toContain('POST /issuance')
})

test('nothing secret that went over the wire is in anything the page can get', async () => {
  const { origin, post, read, world, secrets } = await opened()
  const following = follow(origin)
  await post('/play', { user: world.user })
  const { text } = await following
  expect(secrets.size).toBeGreaterThanOrEqual(5) // request id, pass, token, the signatures of attestation and proof
  const got = [text, await read(), await read('/follow.js'), await read('/page.css')].join('\n')
  for (const secret of secrets) expect(got.includes(secret), 'a secret of the Harness').toBe(false)
  expect(got).not.toMatch(/eyJ[\w-]{10,}\./) // a JWT
  expect(got).not.toMatch(/[\w-]{80,}/) // the signature of one
  expect(got).toContain('‹not shown›')
})

test('who comes back gets what was missed, once, and a page gets only what it has not', async () => {
  const { origin, post, world } = await opened()
  const first = follow(origin)
  await post('/play', { user: world.user })
  const { lastId } = await first
  const second = follow(origin, { 'last-event-id': lastId })
  await post('/play', { user: world.neighbours!.people.none.email })
  const { events } = await second
  const text = textOf(events.map(({ html }) => html ?? '').join(' '))
  expect(text).toContain('delegation_disabled')
  expect(text).not.toContain('POST /validate')
})

test('another site, another name or another user has no say: only the page itself starts something', async () => {
  const { origin, post, world, page } = await opened()
  const user = world.user
  for (const headers of [{}, { origin: 'https://evil.localhost' }, { origin: 'null' }, { origin: origin.replace('127.0.0.1', 'localhost') }])
    expect((await post('/play', { user }, headers)).status).toBe(403)
  expect((await post('/play', { user: 'nobody@acme.localhost' })).status).toBe(400)
  const renamed = await new Promise((resolve) =>
    request(page.url, { headers: { host: 'evil.localhost' } }, ({ statusCode }) => resolve(statusCode)).end(),
  )
  expect(renamed).toBe(403)
  const following = follow(origin)
  expect((await post('/play', { user })).status).toBe(303)
  expect((await post('/play', { user })).status).toBe(409) // one at a time
  expect((await following).events.at(-1)?.state).toMatchObject({ isRevocable: true })
})

test('the page needs no script, takes none but its own, and says so to the browser', async () => {
  const { origin, read } = await opened()
  const response = await fetch(origin)
  const policy = response.headers.get('content-security-policy')
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toContain('unsafe')
  const html = await response.text()
  expect(html).not.toMatch(/<script(?! src="\/follow\.js")|\son\w+=|style=/)
  for (const [, path = ''] of html.matchAll(/(?:src|href)="([^"]+)"/g)) expect((await fetch(origin + path)).status, path).toBe(200)
  expect(html).toContain('method="post" action="/play"')
  expect(await read('/nothing')).toBe('there is nothing here')
})

test('what a message is about is said in requirements that exist, and every step of the trip has its own name', () => {
  for (const { name, requirements } of STEPS) {
    expect(requirements, name).not.toEqual([])
    for (const id of requirements) expect(statementOf(id), `${name}: ${id}`).toBeDefined()
  }
  const at = 'https://desk.localhost:1'
  expect(stepOf({ asked: `POST ${at}/validate`, party: 'service' }).name).toBe('What is this pass good for?')
  expect(stepOf({ asked: `GET ${at}/.well-known/agentpass-authority`, party: 'service' }).section).toContain('2.6')
  expect(stepOf({ asked: `GET ${at}/api/me`, party: 'harness' }).name).toBe('The agent works')
})

test('a page that somebody follows does not keep the world from ending', async () => {
  const { origin, page } = await opened()
  const response = await fetch(`${origin}/events`)
  const reader = response.body!.getReader()
  await reader.read()
  await page.stop()
  for (let chunk = await reader.read(); !chunk.done; ) chunk = await reader.read()
  await expect(fetch(origin)).rejects.toThrow()
})

test('agentpass-world stays up with its page, which shows the task it has played, and ends when it is told to', async () => {
  const child = spawn(process.execPath, [compiled('test/world/main.js')], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  let said = ''
  for await (const chunk of child.stdout) {
    said += String(chunk)
    const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(said.split('The world stays up')[1] ?? '') ?? []
    if (!url) continue
    const page = textOf(await (await fetch(url)).text())
    for (const shown of ['A task for ada@acme.localhost', 'An approver revokes what was approved', '401 invalid_token']) expect(page).toContain(shown)
    child.kill('SIGTERM')
  }
  expect(await ended).toEqual([0, null])
})
