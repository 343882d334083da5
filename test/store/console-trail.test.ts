/** Finding events in the audit trail by what they name. */
import { expect, test } from 'vitest'
import { termsOf, wordsOf } from '../../authority/audit/terms.ts'
import { indexTrail, newestSeq, searchTrail } from '../../authority/store/trail.ts'
import { consoleDatabase } from './console-rows.ts'

/** A trail of events, numbered from one and indexed. */
async function trail(events: object[]) {
  const db = await consoleDatabase()
  const add = (more: object[]) =>
    db.write(async (tx) => {
      const last = await newestSeq(tx)
      for (const [i, event] of more.entries())
        await tx
          .insertInto('audit')
          .values({ event: JSON.stringify(event), seq: last + i + 1, hash: '' })
          .execute()
    })
  const index = async () => {
    while ((await db.write((tx) => indexTrail(tx, db.dialect, termsOf))) > 0);
  }
  await add(events)
  await index()
  const find = async (query: string, { before, limit = 100 }: { before?: number; limit?: number } = {}) =>
    (await searchTrail(db.read, wordsOf(query), { before, limit })).map(({ seq }) => seq)
  return { db, add, index, find }
}

const event = (more: object = {}) => ({ at: 1, event: 'decision', outcome: 'approved', ...more })

test('an event is found by each name that it has, whole and in whatever case, and by several at once', async () => {
  const { find } = await trail([
    event({ by: 'Cleo@acme.example', user: 'ada@acme.example', agent: 'Nightly build', service: 'https://desk.example', task: 'task-17' }),
    event({ outcome: 'refused', code: 'stale_decision', by: 'eve@acme.example', request_ref: 'AbC-_1234567', harness: 'h-1' }),
    event({ event: 'revocation', authorization_id: 'auth-1', user: 'ada@acme.example', key_thumbprint: 'K'.repeat(43) }),
  ])
  expect(await find('ada@acme.example')).toEqual([3, 1])
  expect(await find('cleo@ACME.example ada@acme.example')).toEqual([1])
  for (const word of ['"nightly build"', '"NIGHTLY BUILD"', 'https://desk.example', 'task-17']) expect(await find(word), word).toEqual([1])
  for (const word of ['abc-_1234567', 'AbC-_1234567', 'stale_decision', 'refused', 'h-1', '  eve@acme.example\t'])
    expect(await find(word), word).toEqual([2])
  for (const word of ['auth-1', 'revocation', 'k'.repeat(43)]) expect(await find(word), word).toEqual([3])
  for (const word of ['nightly', 'build', 'ada', '@acme.example', '%', '_', '*', 'ada@acme_example', '"nightly  build"', 'task-17 auth-1'])
    expect(await find(word), word).toEqual([])
  for (const all of ['', '  ', '""', '" "']) expect(await find(all), all).toEqual([3, 2, 1])
})

test('what says nothing new is not found by its names: heads, and checks that found nothing changed', async () => {
  const { find } = await trail([
    { at: 1, event: 'audit_head', outcome: 'signed', seq: 0, hash: '' },
    { at: 1, event: 'check', outcome: 'active', authorization_id: 'auth-1' },
    { at: 1, event: 'check', outcome: 'refused', code: 'unknown_authorization', authorization_id: 'auth-1' },
  ])
  expect([await find('auth-1'), await find('check'), await find('audit_head'), await find('')]).toEqual([[3], [3], [], [3, 2, 1]])
})

test('page for page a search has every event once, and what is added meanwhile moves nothing', async () => {
  const { find, add, index } = await trail(Array.from({ length: 1203 }, (_, i) => event({ user: i % 3 ? 'ada@acme.example' : 'ben@acme.example' })))
  const expected = Array.from({ length: 1203 }, (_, i) => 1203 - i).filter((seq) => (seq - 1) % 3 === 0)
  const seen: number[] = []
  for (let before: number | undefined; ; before = seen.at(-1)) {
    const page = await find('ben@acme.example', { ...(before && { before }), limit: 100 })
    if (page.length === 0) break
    seen.push(...page)
    await add([event({ user: 'ben@acme.example' })])
    await index()
  }
  expect(seen).toEqual(expected)
})

test('two who index at once index each event once, and none is left out', async () => {
  const { db, add, find } = await trail([])
  await add(Array.from({ length: 1500 }, () => event({ user: 'ada@acme.example' })))
  const work = () => db.write((tx) => indexTrail(tx, db.dialect, termsOf))
  await Promise.all(Array.from({ length: 6 }, work))
  expect(await work()).toBe(0)
  expect(await find('ada@acme.example', { limit: 2000 })).toHaveLength(1500)
})

test.each([
  ['half of a character', 'agent \ud800'],
  ['half of a character, where its text is cut', `${'x'.repeat(255)}😀`],
  ['a NUL', 'agent \u0000'],
  ['a text of the greatest length', '😀'.repeat(512)],
  ['quotation marks and backslashes', '"\\" \\u0000 \\ud800'],
  ['text that turns round', '\u202e evil'],
])('an agent whose name has %s hides no event: what comes after it is found', async (_, agent) => {
  const { find } = await trail([event({ agent }), event({ agent: 'next' })])
  expect(await find('next')).toEqual([2])
  expect(await find('decision')).toEqual([2, 1])
})

test('what is no event of ours is passed over', async () => {
  const { db, index, find } = await trail([])
  await db.write(async (tx) => {
    for (const [i, text] of ['', 'x', '[]', 'null', '{"event":1}', '{"event":"decision"}', JSON.stringify(event())].entries())
      await tx
        .insertInto('audit')
        .values({ event: text, seq: i + 1, hash: '' })
        .execute()
  })
  await index()
  expect(await find('approved')).toEqual([7])
})
