/** The lists of the console: their pages, and what they are of. */
import { expect, test } from 'vitest'
import { createLastChecks } from '../../authority/check/last-checks.ts'
import { countLive, countWaiting, listLive, listWithin } from '../../authority/store/console-lists.ts'
import { addPasskey, holdPasskeys, listPasskeys, usePasskey } from '../../authority/store/passkeys.ts'
import type { Reach } from '../../authority/store/reach.ts'
import { createPasskey } from '../console-passkey.ts'
import { USER } from '../parties.ts'
import { addAuthorization, addRequests, consoleDatabase, NOW, requestRow } from './console-rows.ts'

const OWN: Reach = { own: USER, others: [] }

test.each(['pending', 'approved', undefined] as const)(
  'page for page a list of status %s has every request once, the newest first, also of one second',
  async (status) => {
    const db = await consoleDatabase()
    const rows = Array.from({ length: 90 }, (_, i) =>
      requestRow(`r${String((i * 37) % 90).padStart(2, '0')}`, { created_at: NOW - Math.floor(i / 40), status: i % 3 ? 'approved' : 'pending' }),
    )
    await addRequests(db, rows)
    const wanted = rows.filter((row) => status === undefined || row.status === status)
    const sorted = wanted.sort((one, other) => other.created_at - one.created_at || (one.ref < other.ref ? -1 : 1)).map(({ ref }) => ref)
    for (const limit of [1, 7, 30]) {
      const seen: string[] = []
      for (let before: { at: number; ref: string } | undefined; ; ) {
        const page = await listWithin(db.read, OWN, { status, at: NOW, before, limit })
        seen.push(...page.map(({ ref }) => ref))
        const last = page.at(-1)
        if (!last) break
        before = { at: last.created_at, ref: last.ref }
      }
      expect(seen).toEqual(sorted)
    }
  },
)

test('what waits past its deadline waits no more', async () => {
  const db = await consoleDatabase()
  await addRequests(db, [requestRow('late', { expires_at: NOW }), requestRow('waits', { expires_at: NOW + 1 })])
  expect((await listWithin(db.read, OWN, { status: 'pending', at: NOW, before: undefined, limit: 9 })).map(({ ref }) => ref)).toEqual(['waits'])
  expect(await countWaiting(db.read, OWN, NOW)).toBe(1)
})

test('what is held is what is active and not over, the newest first', async () => {
  const db = await consoleDatabase()
  const names = ['old', 'new', 'revoked', 'over']
  await addRequests(
    db,
    names.map((name) => requestRow(name, { status: 'approved', key_thumbprint: `key of ${name}` })),
  )
  await addAuthorization(db, 'old', { opened_at: NOW - 1 })
  await addAuthorization(db, 'new')
  await addAuthorization(db, 'revoked', { state: 'revoked' })
  await addAuthorization(db, 'over', { expires_at: NOW })
  const held = async (of?: { by: 'key_thumbprint'; is: string }) => (await listLive(db.read, OWN, { of, at: NOW, limit: 9 })).map(({ ref }) => ref)
  expect(await held()).toEqual(['new', 'old'])
  expect(await held({ by: 'key_thumbprint', is: 'key of old' })).toEqual(['old'])
  const count = (of?: { by: 'key_thumbprint'; is: string }) => countLive(db.read, OWN, { of, at: NOW })
  expect([await count(), await count({ by: 'key_thumbprint', is: 'key of old' })]).toEqual([2, 1])
})

test('the last check of each authorization is written down for all that were asked after, and for no other', async () => {
  const db = await consoleDatabase()
  const names = ['one', 'two', 'never']
  await addRequests(
    db,
    names.map((name) => requestRow(name)),
  )
  for (const name of names) await addAuthorization(db, name)
  const checks = createLastChecks(db)
  checks.note('a-one', NOW + 1)
  checks.note('a-one', NOW + 2)
  checks.note('a-two', NOW + 3)
  checks.note('unknown', NOW + 3)
  const checked = async () => (await listLive(db.read, OWN, { of: undefined, at: NOW, limit: 9 })).map(({ id, checked_at }) => [id, checked_at])
  expect(Object.fromEntries(await checked())).toEqual({ 'a-one': null, 'a-two': null, 'a-never': null })
  await checks.flush()
  expect(Object.fromEntries(await checked())).toEqual({ 'a-one': NOW + 2, 'a-two': NOW + 3, 'a-never': null })
  await checks.flush() // nothing is noted
  checks.note('a-two', NOW + 9)
  await checks.flush()
  expect(Object.fromEntries(await checked())).toEqual({ 'a-one': NOW + 2, 'a-two': NOW + 9, 'a-never': null })
})

test('an authenticator that counts must have counted on, to its last number; one that does not count is always at nought', async () => {
  const db = await consoleDatabase()
  const { id, row } = createPasskey()
  const use = (uses: number, email = USER) => db.write((tx) => usePasskey(tx, { id, email, uses, at: NOW }))
  expect(await use(0)).toBe(false)
  expect(await db.write((tx) => addPasskey(tx, row(USER)))).toBe(true)
  expect(await db.write((tx) => addPasskey(tx, row('eve@acme.example')))).toBe(false)
  expect([await use(0), await use(0), await use(0, 'eve@acme.example')]).toEqual([true, true, false])
  expect([await use(7), await use(7), await use(6), await use(0), await use(8)]).toEqual([true, false, false, false, true])
  expect([await use(2 ** 31), await use(2 ** 32 - 1), await use(2 ** 32 - 1)]).toEqual([true, true, false])
  expect(await listPasskeys(db.read, USER)).toMatchObject([{ id, uses: 2 ** 32 - 1, used_at: NOW }])
})

test('of passkeys that are each to be a person’s first, at once, one finds none before it', async () => {
  const db = await consoleDatabase()
  for (let round = 0; round < 10; round++) {
    const email = `user${round}@acme.example`
    const addFirst = () =>
      db.write(async (tx) => {
        if ((await holdPasskeys(tx, db.dialect, email)).length > 0) return false
        return addPasskey(tx, createPasskey().row(email))
      })
    expect((await Promise.all([addFirst(), addFirst(), addFirst()])).filter((isFirst) => isFirst)).toHaveLength(1)
    expect(await listPasskeys(db.read, email)).toHaveLength(1)
  }
})
