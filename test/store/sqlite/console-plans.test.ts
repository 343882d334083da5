/** How SQLite goes about the lists of the console: by an index in their order, however much is stored. */
import { expect, test } from 'vitest'
import { countWaiting, listLive, listWithin } from '../../../authority/store/console-lists.ts'
import type { Reach } from '../../../authority/store/reach.ts'
import { SERVICE, USER } from '../../parties.ts'
import { addRequests, consoleDatabase, NOW, planOf, requestRow } from '../console-rows.ts'

const OWN: Reach = { own: USER, others: [] }

test('no list of somebody’s own requests is sorted or searched through from end to end', async () => {
  const db = await consoleDatabase()
  const rows = Array.from({ length: 3000 }, (_, i) =>
    requestRow(`r${i}`, { user_email: i % 50 ? `user${i}@acme.example` : USER, status: i % 5 ? 'approved' : 'pending', created_at: NOW - i }),
  )
  await addRequests(db, rows)
  for (const status of ['pending', 'approved', undefined] as const)
    for (const before of [undefined, { at: NOW - 100, ref: 'r100' }]) {
      const read = await readsOf(db, (on) => listWithin(on, OWN, { status, at: NOW, before, limit: 51 }))
      expect(read.which, String(status)).toMatch(/^SEARCH request USING (?:COVERING )?INDEX request_by_user(?:_and_age)? \(user_email=\?/)
      expect(read.then).toEqual(BY_REFERENCE)
    }
  const [how, ...rest] = await planOf(db, (read) => countWaiting(read, OWN, NOW))
  expect([how, rest]).toEqual([expect.stringMatching(/^SEARCH request USING (?:COVERING )?INDEX request_by_user/), []])
})

/** What a list reads: which rows are on it, and then those rows. */
async function readsOf(db: Parameters<typeof planOf>[0], act: Parameters<typeof planOf>[1]) {
  const plan = (await planOf(db, act)).filter((line) => /^(?:SCAN|SEARCH) (?!person_group)/.test(line))
  const [which, ...then] = plan.filter((line) => !/^SCAN (?:listed|held)$/.test(line))
  return { which, then }
}
/** The references of a page, each looked up. */
const BY_REFERENCE = [expect.stringMatching(/^SEARCH request USING INDEX sqlite_autoindex_request_\d \(ref=\?\)$/)]

test('what others see is walked through in its order, and not sorted', async () => {
  const db = await consoleDatabase()
  await addRequests(
    db,
    Array.from({ length: 3000 }, (_, i) => requestRow(`r${i}`, { user_email: `user${i % 500}@acme.example`, created_at: NOW - i })),
  )
  const leads: Reach = {
    own: USER,
    others: [
      { users: ['@beta.example', 'ben@acme.example'], groups: ['support'], services: undefined },
      { users: undefined, groups: ['night'], services: [SERVICE] },
    ],
  }
  for (const reach of [leads, 'all'] as const) {
    for (const status of ['pending', 'approved', undefined] as const)
      for (const before of [undefined, { at: NOW - 100, ref: 'r100' }]) {
        const want = { status, at: NOW, before, limit: 51 }
        const plan = await planOf(db, (on) => listWithin(on, reach, want))
        expect(plan.filter((line) => line.startsWith('USE TEMP B-TREE'))).toHaveLength(
          plan.filter((line) => line.startsWith('USE TEMP B-TREE FOR ORDER BY')).length,
        )
        const read = await readsOf(db, (on) => listWithin(on, reach, want))
        const index = status
          ? 'SEARCH request USING COVERING INDEX request_by_status_and_age \\(status=\\?'
          : '(?:SCAN|SEARCH) request USING COVERING INDEX request_by_age'
        expect(read.which, `${status}`).toMatch(new RegExp(`^${index}`))
        expect(read.then).toEqual(BY_REFERENCE)
      }
    const [how] = await planOf(db, (on) => countWaiting(on, reach, NOW))
    expect(how).toMatch(/^SEARCH request USING COVERING INDEX request_by_status(?:_and_age)? \(status=\?/)
    const live = await readsOf(db, (on) => listLive(on, reach, { of: undefined, at: NOW, limit: 200 }))
    expect(live.which).toMatch(/^SEARCH authorization USING INDEX authorization_by_expiry \(expires_at>\?\)/)
  }
})
