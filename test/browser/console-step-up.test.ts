/** What the settings ask of an approver beyond being signed in: a sign-in that is recent, and the number that the agent shows. */
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { compiled } from '../compiled.ts'
import { databaseOf, request, statusOf } from '../console-rig.ts'
import { temporaryFolder } from '../folders.ts'
import { type Console, heading, main, opened, post, signedIn } from './console-people.ts'

const RECENT = { pages: { step_up: { recent_minutes: 1, rules: [{ scopes: ['tickets:write'], require: 'recent_sign_in' }] } } }
const NUMBERED = { pages: { number_matching: 'always' } }

test('a scope that needs a recent sign-in is refused after an old one, and approved after signing in again', async () => {
  const at = await opened(RECENT)
  const ref = await request(at.world)
  const { page, asked } = await signedIn(at, 'Ada')
  const db = databaseOf(at.world)
  await db.write((tx) =>
    tx
      .updateTable('console_session')
      .set(({ eb }) => ({ authenticated_at: eb('authenticated_at', '-', 600) }))
      .execute(),
  )
  await page.goto(`${at.home}/requests/${ref}`)
  expect(await main(page).getByText('needs a recent sign-in').count()).toBe(2) // at the scope, and what to do about it
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('heading', { name: 'Not allowed' }).waitFor()
  expect(await main(page).textContent()).toContain('sign in again')
  expect(await statusOf(at.world, ref)).toBe('pending')
  await page.getByRole('link', { name: 'Back' }).click()
  await page.getByRole('link', { name: 'sign in again' }).click()
  await page.getByRole('link', { name: 'sign in again' }).waitFor({ state: 'detached' })
  expect(page.url()).toBe(`${at.home}/requests/${ref}`)
  const signIns = (await asked()).filter(({ url }) => url.includes('max_age=60'))
  expect(signIns.map(({ url }) => new URL(url).origin)).toContain(at.world.provider!.issuer) // which asks again, where it last did so before
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('status').waitFor()
  expect(await statusOf(at.world, ref)).toBe('approved')
  expect(at.complaints).toEqual([])
})

test('what needs no recent sign-in is approved with an old one', async () => {
  const at = await opened(RECENT)
  const ref = await request(at.world)
  const { page } = await signedIn(at, 'Ada')
  await databaseOf(at.world).write((tx) => tx.updateTable('console_session').set({ authenticated_at: null }).execute()) // the provider does not say
  await page.goto(`${at.home}/requests/${ref}`)
  await page.getByRole('checkbox', { name: /tickets:write/ }).uncheck()
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('status').waitFor()
  expect(await statusOf(at.world, ref)).toBe('approved')
})

/** `agentpass token` as people run it. Gives the number and the address that it shows, and what it prints once it has a token. */
async function agentpass({ world }: Console) {
  const home = temporaryFolder()
  mkdirSync(join(home, 'state'), { mode: 0o700 })
  const args = [compiled('harness/main.js'), 'token', '--service', world.service.origin, '--task', 'Look for open tickets']
  const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...world.env, HOME: home, XDG_STATE_HOME: join(home, 'state') } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const printed = new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data).trim())))
  let address = ''
  for await (const line of createInterface({ input: child.stderr })) {
    address = /(https:\S+\/console\/\S+)/.exec(line)?.[1] ?? address
    const [, number] = /this number: (\d\d)$/.exec(line) ?? []
    if (number !== undefined) return { number, address, printed }
  }
  throw new Error('the command showed no number')
}

test('the number that the agent’s command shows approves it, at the address that it shows', async () => {
  const at = await opened(NUMBERED)
  const { number, address, printed } = await agentpass(at)
  const { page } = await signedIn(at, 'Ada')
  await page.goto(address)
  await page.getByRole('button', { name: 'Approve' }).click() // without it the browser sends nothing
  expect(page.url()).toBe(address)
  await page.getByLabel('The number that the agent shows').fill(number)
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('status').waitFor()
  expect(await printed).toContain('tickets:read tickets:write')
  expect(at.complaints).toEqual([])
})

test('three wrong numbers deny a request, and no number at all counts for none', async () => {
  const at = await opened(NUMBERED)
  const ref = await request(at.world)
  const { page } = await signedIn(at, 'Ada')
  await page.goto(`${at.home}/requests/${ref}`)
  const digest = await page.locator('#approve input[name=digest]').inputValue()
  const none = await post(page, `${at.home}/requests/${ref}/approve`, { digest, 'scope:tickets:read': 'on' })
  expect(none.status).toBe(403)
  for (let i = 0; i < 3; i++) {
    expect(await statusOf(at.world, ref)).toBe('pending')
    await page.goto(`${at.home}/requests/${ref}`)
    await page.getByLabel('The number that the agent shows').fill('00') // none has a leading zero
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByRole('heading', { name: 'Not allowed' }).waitFor()
  }
  expect(await statusOf(at.world, ref)).toBe('denied')
  await page.getByRole('link', { name: 'Back' }).click()
  expect(await heading(page)).toContain('asked to act for you')
  expect(await main(page).textContent()).toContain('a wrong number was given three times')
})
