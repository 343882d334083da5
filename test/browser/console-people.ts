/** People of the world's enterprise at its Authority's console, each in a browser window of their own. */
import type { Browser, BrowserContextOptions, CDPSession, Page } from 'playwright-core'
import { consoleWorld } from '../console-rig.ts'
import type { World } from '../world/world.ts'
import { type Asked, openBrowser, openPage } from './open.ts'

export type Name = 'Ada' | 'Ben' | 'Cleo' | 'Dan' | 'Eve' | 'Audrey' | 'Ida' | 'Mallory'
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
export const DESK = { viewport: { width: 1280, height: 900 } }

export type Console = {
  world: World
  /** The console's address. */
  home: string
  browser: Browser
  /** What browsers complained of, but for answers that are refusals. */
  complaints: string[]
}

/** The world and a browser that trusts it. */
export async function opened(settings: Parameters<typeof consoleWorld>[0] = {}): Promise<Console> {
  const { world, console: home } = await consoleWorld(settings)
  return { world, home, browser: await openBrowser(world.caFile), complaints: [] }
}

const REFUSAL = /^Failed to load resource: the server responded with a status of 4\d\d/

/** A window in which nobody is signed in. */
export async function windowOf(
  { browser, complaints }: Console,
  options: BrowserContextOptions = DESK,
): Promise<{ page: Page; asked: () => Promise<Asked[]> }> {
  const opened = await openPage(browser, options)
  const { page } = opened
  const hear = (text: string) => REFUSAL.test(text) || void complaints.push(`${text} at ${page.url()}`)
  page.on('console', (message) => hear(message.text()))
  page.on('pageerror', (error) => hear(error.message))
  await page.addInitScript(() =>
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => console.error(`CSP ${violatedDirective} ${blockedURI}`)),
  )
  return opened
}

export const choose = (page: Page, name: Name): Promise<void> => page.getByRole('button', { name: `Sign in as ${name} ` }).click()

/** Somebody who has signed in through the provider, in a window of their own, and looks at the inbox. */
export async function signedIn(at: Console, name: Name, options?: BrowserContextOptions) {
  const opened = await windowOf(at, options)
  await opened.page.goto(at.home)
  await choose(opened.page, name)
  await opened.page.waitForURL(`${at.home}/requests`)
  return opened
}

export const heading = (page: Page): Promise<string | null> => page.getByRole('heading', { level: 1 }).textContent()
export const main = (page: Page) => page.locator('main')

/** Sends a form as a page of the console does, with the token of the page's own session. Gives the answer's status and what it says. */
export const post = (page: Page, path: string, fields: Record<string, string>): Promise<{ status: number; text: string }> =>
  page.evaluate(
    async ([path, fields]) => {
      const token = document.querySelector<HTMLInputElement>('input[name=form_token]')?.value ?? ''
      const answer = await fetch(path, { method: 'POST', body: new URLSearchParams({ form_token: token, ...fields }) })
      return { status: answer.status, text: await answer.text() }
    },
    [path, fields] as const,
  )

/** A passkey device of one window, at which somebody is present: that it also verifies who they are can be left out. */
export async function addDevice(page: Page, { isUserVerified = true } = {}): Promise<{ session: CDPSession; authenticatorId: string }> {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified,
      automaticPresenceSimulation: true,
    },
  })
  return { session, authenticatorId }
}

/** Makes a passkey on the account page, and waits until the console has it. */
export async function enrol({ home }: Console, page: Page, name: string): Promise<void> {
  await page.goto(`${home}/account`)
  await page.getByLabel('Name of the new passkey').fill(name)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('status').waitFor()
}
