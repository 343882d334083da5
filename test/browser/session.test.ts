/** A browser session in a real browser: begun as the Harness hands it over, used, revoked, and nothing left behind. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { AxeBuilder } from '@axe-core/playwright'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { compiled } from '../compiled.ts'
import { temporaryFolder } from '../folders.ts'
import { startWorld, type World } from '../world/world.ts'
import { historyOf, openBrowser, openPage } from './open.ts'

const TASK = 'Look for open tickets'
/** Each request of a session is checked with the Authority, so that no test waits for a cache. */
const UNCACHED = { lifetimes: { check_seconds: 0 } }

async function opened(service: object = {}) {
  const log: string[] = []
  const world = await startWorld({ service: { ...UNCACHED, ...service }, logLevel: 'debug', onLog: (line) => void log.push(line) })
  onTestFinished(world.stop)
  return { world, log }
}

/** `agentpass browser` as people run it, its request approved; the command goes on until its page was loaded. Gives what it printed. */
async function agentpass(world: World, scope: string[], ...options: string[]) {
  const home = temporaryFolder()
  mkdirSync(join(home, 'state'), { mode: 0o700 })
  const args = [compiled('harness/main.js'), 'browser', '--service', world.service.origin, '--task', TASK, ...options]
  const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...world.env, HOME: home, XDG_STATE_HOME: join(home, 'state') } })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdin.end()
  const said: string[] = []
  child.stdout.on('data', (data) => void said.push(String(data)))
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line)
    if (/must decide/.test(line)) break
  }
  child.stderr.resume().on('data', (data) => void said.push(String(data)))
  const ended = once(child, 'close').then(([code]) => Number(code))
  const firstLine = once(child.stdout, 'data').then(([data]) => String(data).trim())
  await world.decide('approve', { scope })
  return { address: await firstLine, ended, said, args }
}

/** A browser in which the session has begun, at the app's first page. */
async function begun(want: { scope?: string[]; service?: object; context?: BrowserContextOptions } = {}) {
  const { world, log } = await opened(want.service)
  const command = await agentpass(world, want.scope ?? ['tickets:read'])
  const { page, asked } = await openPage(await openBrowser(world.caFile), want.context)
  return { world, log, command, page, asked }
}

/** The one-time token, as the browser submitted it. */
async function tokenOf(asked: Awaited<ReturnType<typeof begun>>['asked']): Promise<string> {
  const submitted = (await asked()).find(({ method, url }) => method === 'POST' && url.endsWith('/agentpass/initialize'))
  return new URLSearchParams(submitted?.posted).get('token') ?? ''
}

const heading = (page: Page) => page.getByRole('heading', { level: 1 }).textContent()

test('the browser checks certificates: without the world’s authority it opens nothing, with it the Service’s pages', async () => {
  const { world } = await opened()
  const { page: stranger } = await openPage(await openBrowser())
  await expect(stranger.goto(world.service.origin)).rejects.toThrow(/ERR_CERT_AUTHORITY_INVALID/)
  const { page } = await openPage(await openBrowser(world.caFile))
  expect((await page.goto(world.service.origin))?.status()).toBe(401)
})

test('from the command to the app: the right user through the named agent, the approved acts and no others, until it is revoked [SVC-BRW-09 SVC-BRW-11 HAR-BRW-03]', async () => {
  const { world, log, command, page, asked } = await begun()
  await page.goto(command.address)
  await page.waitForURL(`${world.service.origin}/`)
  expect(await command.ended).toBe(0)
  const banner = page.locator('.banner')
  expect(await banner.textContent()).toMatch(/ada@acme\.localhost.*through agent/)
  await page.getByRole('link', { name: 'Open', exact: true }).click()
  expect(await heading(page)).toBe('Tickets')

  // A form that the page does not even offer to this agent: the gateway refuses the act.
  await page.evaluate(() => {
    const form = Object.assign(document.createElement('form'), { method: 'post', action: '/tickets/1002/close' })
    document.body.append(form)
    form.submit()
  })
  await page.getByRole('heading', { name: 'Not allowed to this agent' }).waitFor()
  expect(await page.locator('main').textContent()).toContain('tickets:write')
  await page.goBack()
  expect(await heading(page)).toBe('Tickets')

  await world.decide('revoke', { reason: 'enough' })
  await page.getByRole('link', { name: 'All', exact: true }).click()
  expect(await heading(page)).toBe('Access ended')
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  expect(await page.context().cookies(world.service.origin)).toEqual([])
  await page.goBack()
  expect(await heading(page)).toBe('Access ended') // the page that was seen before is not kept

  const token = await tokenOf(asked)
  expect(token).toMatch(/^[\w-]{43}$/)
  const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `token=${token}` }
  expect((await world.harness.fetch(`${world.service.origin}/agentpass/initialize`, form)).status).toBe(410) // a refusal, which is logged
  const requests = await asked()
  const places = {
    urls: requests.map(({ url }) => url),
    history: await historyOf(page),
    referers: requests.map(({ referer }) => referer),
    logs: log,
    command: [...command.said, ...command.args],
  }
  expect(log.length).toBeGreaterThan(0)
  for (const [place, seen] of Object.entries(places)) expect([place, JSON.stringify(seen).includes(token)]).toEqual([place, false])
  expect(requests.filter(({ method, url }) => method === 'POST' && url.endsWith('/initialize'))).toHaveLength(1)
})

test('the page that begins it gives nothing twice: not by the back button, a reload or another window [HAR-BRW-01 SVC-BRW-05]', async () => {
  const { world, command, page } = await begun()
  await page.goto(command.address)
  await page.waitForURL(`${world.service.origin}/`)
  expect(await command.ended).toBe(0)
  const secretOf = async () => (await page.context().cookies(world.service.origin))[0]?.value
  const secret = await secretOf()
  expect(secret).toMatch(/^[\w-]{43}$/)
  const again = await page.context().newPage()
  await expect(again.goto(command.address)).rejects.toThrow() // it was for one load and is gone
  await page.goBack().catch(() => undefined) // to where there is nothing
  await page.reload().catch(() => undefined)
  expect(await secretOf()).toBe(secret)
  await page.goto(world.service.origin)
  expect(await heading(page)).toBe('Tickets')
})

test('where scripts are off, one button begins it, and pressed twice it begins one session [SVC-BRW-05 SVC-BRW-16]', async () => {
  const { world, command, page, asked } = await begun({ context: { javaScriptEnabled: false } })
  await page.goto(command.address)
  await page.getByRole('button').dblclick()
  await page.waitForURL((url) => url.origin === world.service.origin)
  const submitted = (await asked()).filter(({ url }) => url.endsWith('/agentpass/initialize'))
  expect(new Set(submitted.map(({ posted }) => posted)).size).toBe(1)
  const token = await tokenOf(asked)
  const { page: other } = await openPage(await openBrowser(world.caFile))
  await other.setContent(
    `<form method="post" action="${world.service.origin}/agentpass/initialize"><input name="token" value="${token}"><button>Go</button></form>`,
  )
  await other.getByRole('button').click()
  expect(await heading(other)).toBe('This link is used up')
  expect(await other.context().cookies(world.service.origin)).toEqual([])
})

test('a storage state opens the session in a browser of its own, and its page ends it', async () => {
  const { world } = await opened()
  const file = join(temporaryFolder(), 'state.json')
  const command = await agentpass(world, ['tickets:read'], '--storage-state', file)
  expect([await command.ended, command.address]).toEqual([0, `${world.service.origin}/`])
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
    cookies: [{ name: '__Host-agentpass', domain: 'desk.localhost', httpOnly: true, secure: true }],
  })
  const { page } = await openPage(await openBrowser(world.caFile), { storageState: file })
  await page.goto(command.address)
  expect(await page.locator('.banner').textContent()).toContain('ada@acme.localhost')
  await page.goto(`${world.service.origin}/agentpass/session`)
  expect(await page.locator('main').textContent()).toContain(TASK)
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  await page.getByRole('button', { name: 'End this session' }).click()
  expect(await heading(page)).toBe('Access ended')
  await page.goto(world.service.origin)
  expect(await heading(page)).toBe('Access ended')
})

test('a person’s session in the same browser stays as it was, and another site cannot begin or use the agent’s [SVC-BRW-16]', async () => {
  const { world, command, page } = await begun({ scope: ['tickets:read', 'tickets:write'] })
  const { origin } = world.service
  await page.context().addCookies([{ name: 'session', value: 'of-a-person', url: origin }])
  await page.goto(command.address)
  await page.waitForURL(`${origin}/`)
  const cookies = await page.context().cookies(origin)
  expect(cookies.map(({ name, value }) => (name === 'session' ? value : name)).toSorted()).toEqual(['__Host-agentpass', 'of-a-person'])
  const agents = cookies.find(({ name }) => name === '__Host-agentpass')
  expect(agents).toMatchObject({ domain: 'desk.localhost', path: '/', httpOnly: true, secure: true, sameSite: 'Lax' })
  const closing = (action: string) => `<form method="post" action="${action}"><button>Go</button></form>`
  await page.setContent(closing(`${origin}/tickets/1002/close`)) // still the desk's own page, by its origin
  await page.goto('data:text/html,') // and this one is nobody's
  await page.setContent(closing(`${origin}/tickets/1002/close`))
  await page.getByRole('button').click()
  await page.waitForURL((url) => url.origin === origin)
  expect(await heading(page)).not.toBe('Tickets')
  await page.goto(`${origin}/tickets/1002`)
  expect(await page.locator('.status').first().textContent()).toBe('open')
})
