/** Whatever an agent writes of its task is text, in its place: on the inbox as at the request, for a reader as for a machine, to the pixel. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { databaseOf, request } from '../console-rig.ts'
import { sampled } from '../thorough.ts'
import { DESK, opened, PHONE, signedIn } from './console-people.ts'
import { HOSTILE } from './hostile-tasks.ts'

const HARMLESS = 'Answer ticket 1002'
const LATER = { created_at: 4_000_000_000, expires_at: 4_000_100_000 }
const MANY = { authority: { limits: { pending_per_user: 200, pending_per_harness: 200 } } }
const PATIENCE = 300_000

/** What a reader must never meet as it is: it is not seen, or changes how the rest is seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u
const NAMED: Record<string, number> = {
  ...{ NUL: 0, BEL: 7, BS: 8, TAB: 9, LF: 10, CR: 13, ESC: 27, DEL: 0x7f, CSI: 0x9b, NBSP: 0xa0, SHY: 0xad, ALM: 0x61c },
  ...{ ZWSP: 0x200b, ZWNJ: 0x200c, ZWJ: 0x200d, LRM: 0x200e, RLM: 0x200f, LRE: 0x202a, RLE: 0x202b, PDF: 0x202c, LRO: 0x202d, RLO: 0x202e },
  ...{ WJ: 0x2060, LRI: 0x2066, RLI: 0x2067, FSI: 0x2068, PDI: 0x2069, BOM: 0xfeff },
}

/** What an agent wrote, by what a reader sees: all of it is there, and nothing else. */
const readBack = (seen: string): string =>
  seen
    .replace(/^⟦(\d+) empty lines⟧$/gm, (_, count) => '\n'.repeat(Number(count) - 1))
    .replace(/⟦(?:U\+([0-9A-F]{4,6})|([A-Z]+))⟧/g, (_, hex, name) => String.fromCodePoint(hex ? Number.parseInt(hex, 16) : NAMED[name]!))

/** Lines that have nothing but spaces count as empty; a line feed is one, however it is written. */
const plain = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => (/^ *$/.test(line) ? '' : line))
    .join('\n')

/** A world with a request of each text, the harmless one first, all of the same time; and Ada, who looks at them with a clock that stands still. */
async function besieged(texts: string[]) {
  const at = await opened(MANY)
  const refs: string[] = []
  for (const task of [HARMLESS, ...texts]) refs.push(await request(at.world, { task }))
  await databaseOf(at.world).write((tx) => tx.updateTable('request').set(LATER).execute())
  const { page, asked } = await signedIn(at, 'Ada', DESK)
  await page.clock.setFixedTime(new Date('2026-01-01T00:00:00Z'))
  page.on('dialog', (dialog) => void at.complaints.push(`dialog ${dialog.message()}`))
  return { ...at, page, asked, refs }
}

/** A page's elements and attributes, but for the names of this very request and how the text folds. */
const skeletonOf = (page: Page, within: string, ref: string): Promise<string> =>
  page.evaluate(
    ([within, ref]) => {
      const copy = document.querySelector(within)!.cloneNode(true) as Element
      for (const fold of copy.querySelectorAll('.task details')) fold.remove()
      for (const field of copy.querySelectorAll('input[name=digest]')) field.setAttribute('value', '')
      const walk = (element: Element): string =>
        `<${element.tagName}${[...element.attributes].map(({ name, value }) => ` ${name}=${value.replaceAll(ref, 'REF')}`).join('')}>${[...element.children].map(walk).join('')}`
      return walk(copy)
    },
    [within, ref] as const,
  )

const boxOf = async (page: Page, selector: string) => (await page.locator(selector).first().boundingBox())!

/** All that lies around what the agent wrote, at its height and above, as pixels: a screenshot's bytes. */
async function surroundings(page: Page): Promise<string[]> {
  const [task, text, view] = [await boxOf(page, '.task'), await boxOf(page, '.task .text'), page.viewportSize()!]
  const right = Math.ceil(task.x + task.width)
  const clips = [
    { x: 0, y: 0, width: view.width, height: Math.floor(text.y) },
    { x: 0, y: 0, width: Math.floor(task.x), height: view.height },
    { x: right, y: 0, width: view.width - right, height: view.height },
  ]
  const mask = [page.locator('.crumbs code')]
  const shots: string[] = []
  for (const clip of clips) shots.push((await page.screenshot({ clip, mask })).toString('base64'))
  return shots
}

/** Whether what lies below the block looks the same with the text in it as without. */
async function isSameBelow(page: Page): Promise<boolean> {
  const task = await boxOf(page, '.task')
  const clip = { x: 0, y: Math.ceil(task.y + task.height), width: DESK.viewport.width, height: 500 }
  const below = async () => (await page.screenshot({ clip, fullPage: true })).toString('base64')
  const withText = await below()
  await page.locator('.task pre').evaluateAll((blocks: HTMLElement[]) => {
    for (const { style } of blocks) style.visibility = 'hidden'
  })
  return (await below()) === withText
}

for (const [of, all] of Object.entries(HOSTILE)) {
  const corpus = sampled(all, 4)
  test(`a request whose text is hostile by ${of} is the same page around the same block, and its text is all there, harmless`, {
    timeout: PATIENCE,
  }, async () => {
    const { page, home, refs, asked, complaints } = await besieged(corpus.map(([, text]) => text))
    const visit = async (ref: string) => {
      await page.goto(`${home}/requests/${ref}`)
      return { skeleton: await skeletonOf(page, 'html', ref), panel: await boxOf(page, 'aside'), around: await surroundings(page) }
    }
    const harmless = await visit(refs[0]!)
    for (const [i, [name, text]] of corpus.entries()) {
      const { skeleton, panel, around } = await visit(refs[i + 1]!)
      expect([name, skeleton]).toEqual([name, harmless.skeleton])
      expect([name, panel]).toEqual([name, harmless.panel])
      expect([name, around.map((shot, i) => shot === harmless.around[i])]).toEqual([name, [true, true, true]])
      const [first, rest] = await page.locator('.task pre').allTextContents()
      const seen = rest === undefined ? [`${first}`] : [`${first}${rest}`, `${first}\n${rest}`] // a fold may be within a line
      expect([name, seen.some((one) => plain(readBack(one)) === plain(text))]).toEqual([name, true])
      expect([name, seen[0]!.split('\n').some((line) => UNSEEN.test(line))]).toEqual([name, false])
      const [task, next] = [await boxOf(page, '.task'), await boxOf(page, '.task ~ h2')]
      expect([name, task.y + task.height <= next.y, task.height < 1000]).toEqual([name, true, true])
      if (rest !== undefined) await page.locator('.task summary').click()
      await page.setViewportSize(PHONE.viewport)
      expect([name, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([name, PHONE.viewport.width])
      await page.setViewportSize(DESK.viewport)
      expect([name, await isSameBelow(page)]).toEqual([name, true])
      expect([name, await page.evaluate(() => Reflect.get(window, 'ran'))]).toEqual([name, undefined])
    }
    expect((await asked()).filter(({ url }) => /evil|\/x$/.test(url))).toEqual([])
    expect(complaints).toEqual([])
  })

  test(`the inbox with texts that are hostile by ${of} has a card for each, of the same make, with nothing out of its place`, {
    timeout: PATIENCE,
  }, async () => {
    const { page, home, refs, asked, complaints } = await besieged(corpus.map(([, text]) => text))
    const inOrder = refs.toSorted((one, other) => (one < other ? -1 : 1))
    const visit = async (ref: string) => {
      const before = inOrder[inOrder.indexOf(ref) - 1] ?? '-'
      await page.goto(`${home}/requests?status=pending&before=${LATER.created_at}-${before}`)
      const [card, excerpt] = [await boxOf(page, '.card'), await boxOf(page, '.card .excerpt')]
      const head = { x: 0, y: 0, width: DESK.viewport.width, height: Math.floor(excerpt.y) }
      return {
        skeleton: await skeletonOf(page, '.card', ref),
        around: (await page.screenshot({ clip: head })).toString('base64'),
        isWithin: excerpt.x >= card.x && excerpt.x + excerpt.width <= card.x + card.width && card.height < 200,
        text: (await page.locator('.card .excerpt').first().textContent()) ?? '',
      }
    }
    const harmless = await visit(refs[0]!)
    for (const [i, [name, text]] of corpus.entries()) {
      const { skeleton, around, isWithin, text: seen } = await visit(refs[i + 1]!)
      expect([name, skeleton, around === harmless.around, isWithin]).toEqual([name, harmless.skeleton, true, true])
      expect([name, UNSEEN.test(seen)]).toEqual([name, false])
      expect([name, text.startsWith(readBack(seen.replace(/…$/, '')))]).toEqual([name, true])
    }
    expect((await asked()).filter(({ url }) => /evil|\/x$/.test(url))).toEqual([])
    expect(complaints).toEqual([])
  })
}
