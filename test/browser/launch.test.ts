/** `agentpass browser --launch` with a real Chromium: logged in for whoever is told the address, and for nobody when the task is over. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'
import { beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { compiled } from '../compiled.ts'
import { startWorld, type World } from '../world/world.ts'
import { trustingHome } from './open.ts'

const TASK = 'Look for open tickets'
let world: World
beforeAll(async () => {
  world = await startWorld({ service: { lifetimes: { check_seconds: 0 } } })
  return () => world.stop()
})

const profiles = () => readdirSync(tmpdir()).filter((name) => name.startsWith('agentpass-browser-'))

/** The command as people run it, its request approved; `trusts` is what its browser trusts beside the usual. Gives what it says. */
async function launch(trusts?: string) {
  const home = trustingHome(trusts)
  mkdirSync(join(home, 'state'), { mode: 0o700 })
  const env = { PATH: process.env.PATH, ...world.env, HOME: home, XDG_STATE_HOME: join(home, 'state') }
  const line = ['browser', '--service', world.service.origin, '--task', TASK, '--launch', inject('chromium') ?? '', '--headless', '--json']
  const child = spawn(process.execPath, [compiled('harness/main.js'), ...line], { env })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdin.end()
  const printed = once(child.stdout, 'data').then(([data]) => JSON.parse(String(data)))
  const said: string[] = []
  for await (const text of createInterface({ input: child.stderr })) {
    said.push(text)
    if (/must decide/.test(text)) break
  }
  child.stderr.resume().on('data', (data) => void said.push(String(data)))
  const ended = once(child, 'close').then(([code]) => Number(code))
  await world.decide('approve', { scope: ['tickets:read'] })
  return { child, ended, said, printed }
}

/** The same, when its browser is there. */
async function launched() {
  const { printed, ...command } = await launch(world.caFile)
  return { ...command, printed: await printed }
}

test('Playwright drives a browser that is logged in, and when the task is over nothing of it is left', async () => {
  const before = profiles()
  const { child, ended, said, printed } = await launched()
  expect(printed).toMatchObject({
    type: 'browser_session',
    destination: `${world.service.origin}/`,
    cdp_endpoint: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:/),
  })
  const browser = await chromium.connectOverCDP(printed.cdp_endpoint)
  const [page] = browser.contexts()[0]!.pages()
  await page!.getByRole('heading', { level: 1 }).waitFor()
  expect(page!.url()).toBe(printed.destination)
  expect(await page!.locator('.banner').textContent()).toMatch(/ada@acme\.localhost.*through agent/)
  const other = await browser.contexts()[0]!.newPage()
  expect((await other.goto(`${world.service.origin}/tickets/1002`))?.status()).toBe(200)
  const [cookie] = await browser.contexts()[0]!.cookies(world.service.origin)
  expect(cookie?.name).toBe('__Host-agentpass')
  await browser.close()

  const again = await chromium.connectOverCDP(printed.cdp_endpoint) // it is still there for the next who is told
  expect(await again.contexts()[0]!.pages()[0]!.locator('.banner').textContent()).toContain('ada@acme.localhost')
  child.kill('SIGINT')
  expect(await ended).toBe(0)
  expect(said.join('\n')).toContain('interrupted: the session is given back')
  expect(profiles()).toEqual(before)
  const headers = { cookie: `${cookie?.name}=${cookie?.value}` }
  expect((await world.harness.fetch(world.service.origin, { headers })).status).toBe(401)
  expect(JSON.stringify([printed, said])).not.toContain(cookie?.value)
})

test('a command that is killed leaves no browser behind', async () => {
  const before = profiles()
  const { child, ended } = await launched()
  const [profile = ''] = profiles().filter((name) => !before.includes(name))
  onTestFinished(() => rmSync(join(tmpdir(), profile), { recursive: true, force: true, maxRetries: 5 }))
  const processes = () => execFileSync('ps', ['-A', '-o', 'args'], { encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 }).split(profile).length - 1
  expect(processes()).toBeGreaterThan(0)
  child.kill('SIGKILL')
  await ended
  await expect.poll(processes).toBe(0)
})

test('a page that the browser does not trust is told, and the session given back', async () => {
  const { ended, said: lines } = await launch()
  expect(await ended).toBe(1)
  const said = lines.join('\n')
  expect(said).toContain('net::ERR_CERT_AUTHORITY_INVALID')
  expect(said).toContain('whatever the settings of agentpass say')
})
