/** A real, headless Chromium that trusts one certificate authority beside its own, and checks every certificate. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { inject, onTestFinished } from 'vitest'
import { temporaryFolder } from '../folders.ts'

const isRoot = process.getuid?.() === 0

/** A home folder in which Chromium trusts a certificate authority (PEM), as an administrator would have it. */
export function trustingHome(caFile?: string): string {
  const home = temporaryFolder()
  const trusted = join(home, '.pki', 'nssdb')
  mkdirSync(trusted, { recursive: true })
  const certutil = (...args: string[]) => execFileSync('certutil', ['-d', `sql:${trusted}`, ...args], { stdio: 'ignore' })
  certutil('-N', '--empty-password')
  if (caFile !== undefined) certutil('-A', '-t', 'C,,', '-n', 'world', '-i', caFile)
  return home
}

/** Opens the browser for one test. `caFile` (PEM) is trusted. */
export async function openBrowser(caFile?: string): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: inject('chromium') ?? '',
    args: isRoot ? ['--no-sandbox'] : [], // Chromium refuses its sandbox to root
    env: { ...process.env, HOME: trustingHome(caFile) },
  })
  onTestFinished(() => browser.close())
  return browser
}

/** Everything a page asked of the network, with the headers it really sent. */
export type Asked = { method: string; url: string; referer: string | undefined; posted: string | undefined }

/** A page of its own context, and a record of what it asks. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<{ page: Page; asked: () => Promise<Asked[]> }> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const asked: Promise<Asked>[] = []
  page.on('request', (request) => {
    const seen = { method: request.method(), url: request.url(), posted: request.postData() ?? undefined }
    const sent = request.allHeaders().then((headers) => ({ ...seen, referer: headers.referer }))
    sent.catch(() => undefined) // of a page that closes meanwhile; told to whoever awaits it
    asked.push(sent)
  })
  return { page, asked: () => Promise.all(asked) }
}

/** The addresses a person finds under the browser's back button. */
export async function historyOf(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page)
  const { entries } = await session.send('Page.getNavigationHistory')
  return entries.map(({ url }) => url)
}
