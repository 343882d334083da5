/** The page of a conformance report in a real browser: for every eye, on a phone, by keyboard alone, on paper and without script. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AxeBuilder } from '@axe-core/playwright'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { reportHtml } from '../../conformance/report/html.tsx'
import type { Report, Verdict } from '../../conformance/report/report.ts'
import { requirements } from '../../conformance/requirements.ts'
import { exchange, report, result } from '../conformance-report-rig.ts'
import { temporaryFolder } from '../folders.ts'
import { openBrowser, openPage } from './open.ts'

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
const CYCLE: Verdict[] = ['PASS', 'PASS', 'FAIL', 'PASS', 'WARN', 'SKIP', 'PASS', 'N-A']
const SOME = requirements.filter((_, i) => i % 4 === 0) // of all of them a machine's judgement takes half a minute
const LONG = 'x'.repeat(600)

/** Requirements of every party and origin, with every verdict, and words that no line has room for. */
const whole = (): Report =>
  report(
    SOME.map((requirement, i) => {
      const changes = { id: `${requirement.id}${i % 5 === 0 ? '/a-variant-with-a-long-name' : ''}`, requirement }
      return result(
        CYCLE[i % CYCLE.length]!,
        i % 16 === 2 ? { ...changes, actual: LONG, exchanges: [exchange(), exchange({ between: LONG })] } : changes,
      )
    }),
    {
      notices: ['The peer was spoken to in plain http.'],
      aborted: LONG,
      subjects: [{ party: 'service', name: LONG, url: `https://desk.example/${LONG}` }],
    },
  )

async function opened(run: Report, options: BrowserContextOptions = {}) {
  const file = join(temporaryFolder(), 'report.html')
  writeFileSync(file, reportHtml(run))
  const { page, asked } = await openPage(await openBrowser(), options)
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(pathToFileURL(file).href)
  return { page, asked, complaints }
}

const shown = (page: Page) => page.locator('.cell').filter({ visible: true })
const countOf = (run: Report, verdict: Verdict) => run.results.filter((one) => one.verdict === verdict).length

test('nothing is wrong for a screen reader, light or dark, and nothing is asked of anybody', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, asked, complaints } = await opened(whole(), { colorScheme })
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
    expect((await asked()).filter(({ url }) => !/^(?:file|data):/.test(url))).toEqual([])
    expect(complaints).toEqual([])
  }
})

test('on a phone nothing runs off the side, whatever a peer has said', async () => {
  const { page } = await opened(whole(), PHONE)
  await page.getByRole('button', { name: 'Open every exchange' }).first().tap()
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth)).toBe(true)
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
})

test('without script the page is complete: verdicts can be chosen, links lead there, exchanges open', async () => {
  const run = whole()
  const { page } = await opened(run, { javaScriptEnabled: false })
  expect(await shown(page).count()).toBe(run.results.length)
  await page.getByRole('radio', { name: 'failed' }).check()
  expect(await shown(page).count()).toBe(countOf(run, 'FAIL'))
  await shown(page).last().getByRole('link').click()
  const target = page.locator('.fault:target')
  expect(await target.isVisible()).toBe(true)
  await target.locator('summary').first().click()
  expect(await target.locator('pre').first().isVisible()).toBe(true)
  expect(await page.getByRole('button').filter({ visible: true }).count()).toBe(0)
})

test('verdicts are chosen by keyboard alone, for the cells as for every case', async () => {
  const run = whole()
  const { page } = await opened(run)
  await page.getByRole('radio', { name: 'all' }).focus()
  const seen: number[] = []
  for (let i = 0; i < 5; i++) {
    await page.keyboard.press('ArrowRight')
    seen.push(await shown(page).count())
    expect(await page.locator('.case').filter({ visible: true }).count()).toBe(seen.at(-1))
  }
  expect(seen).toEqual((['FAIL', 'WARN', 'PASS', 'SKIP', 'N-A'] as const).map((verdict) => countOf(run, verdict)))
  expect(await page.locator('.row h4').filter({ visible: true }).count()).toBeGreaterThan(0)
})

test('a link to a case that the choice hides shows it', async () => {
  const run = whole()
  const { page } = await opened(run)
  await page.getByRole('radio', { name: 'failed' }).check()
  const passed = page.locator('.case.PASS').first()
  const place = await passed.getAttribute('id')
  await page.evaluate((id) => location.assign(`#${id}`), place)
  await expect.poll(() => passed.isVisible()).toBe(true)
})

test('one button opens every exchange and closes them again; paper has them all', async () => {
  const { page } = await opened(whole())
  const first = page.locator('#failures details').last()
  const button = page.locator('#failures').getByRole('button')
  await button.click()
  expect(await first.getAttribute('open')).not.toBe(null)
  await button.click()
  expect(await first.getAttribute('open')).toBe(null)
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')))
  expect(await page.locator('details:not([open])').count()).toBe(0)
  await page.evaluate(() => window.dispatchEvent(new Event('afterprint')))
  expect(await first.getAttribute('open')).toBe(null)
})
