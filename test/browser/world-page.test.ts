/** The world's page in a real browser: a task is watched as it is played, on a phone too, by keyboard alone, and without script. */
import { AxeBuilder } from '@axe-core/playwright'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { openPage as openWorldPage } from '../world/page/open.ts'
import { createRecord } from '../world/page/record.ts'
import { startWorld } from '../world/world.ts'
import { openBrowser, openPage } from './open.ts'

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }

async function opened(options: BrowserContextOptions = {}) {
  const recording = createRecord(Date.now)
  const world = await startWorld({ neighbours: true, onAsk: recording.onAsk, onDecision: recording.onDecision })
  onTestFinished(world.stop)
  const shown = await openWorldPage()
  onTestFinished(shown.stop)
  shown.show(world, recording)
  const { page } = await openPage(await openBrowser(), options)
  await page.goto(shown.url, { waitUntil: 'domcontentloaded' })
  return { page, url: shown.url }
}

const play = async (page: Page) => {
  await page.getByRole('button', { name: /play/i }).first().click()
  await page.getByText('Does it still stand?').first().waitFor()
}
const messages = (page: Page) => page.locator('details')
const isWithinWidth = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth)

test('a task is shown while it is played, each message opens to what was said, and nothing is wrong for a screen reader, light or dark', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await opened({ colorScheme, reducedMotion: 'reduce' })
    await play(page)
    expect(await messages(page).count()).toBeGreaterThan(10)
    const first = messages(page).first()
    await first.locator('summary').focus()
    await page.keyboard.press('Enter')
    expect(await first.getAttribute('open')).not.toBe(null)
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  }
})

test('on a phone nothing runs off the side, and a touch opens a message', async () => {
  const { page } = await opened(PHONE)
  await play(page)
  const message = messages(page).first() // others may still come
  await message.locator('summary').tap()
  expect(await message.getAttribute('open')).not.toBe(null)
  expect(await isWithinWidth(page)).toBe(true)
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
})

test('without script a task can be played, and what was said is read after it', async () => {
  const { page, url } = await opened({ javaScriptEnabled: false })
  await page.getByRole('button', { name: /play/i }).first().click()
  await expect
    .poll(async () => {
      await page.goto(url)
      return messages(page).count()
    })
    .toBeGreaterThan(10)
})
