/** What is over goes, some at a time; what may still matter stays. */
import { expect, onTestFinished, test } from 'vitest'
import { expireDue } from '../../authority/approve/approve.ts'
import { deleteAssertionsExpiredBefore, spendAssertion } from '../../authority/store/assertions.ts'
import { deleteRequestsEndedBefore } from '../../authority/store/requests.ts'
import type { AuthorityTables } from '../../authority/store/schema.ts'
import { createAudit } from '../../spec/node/audit.ts'
import { createLog } from '../../spec/node/log.ts'
import { startChores, sweepAll } from '../../spec/node/sweep.ts'
import { APPROVING, authorityWorld } from '../authority-rig.ts'

const DAY = 86_400
const world = async (changed: object = {}) => {
  const w = await authorityWorld(changed)
  const db = w.database<AuthorityTables>()
  const count = async (table: 'request' | 'pass' | 'authorization' | 'assertion_seen') =>
    Number(
      (
        await db.read
          .selectFrom(table)
          .select((e) => e.fn.countAll().as('n'))
          .executeTakeFirstOrThrow()
      ).n,
    )
  return { ...w, db, count }
}

test('assertions that were seen go when they have expired, in batches; live ones stay, and stay spent', async () => {
  const { db, count, now } = await world()
  const seen = (jti: string, expires_at: number) => ({ issuer: 'https://desk.example', jti, expires_at })
  await db.write(async (tx) => {
    for (let i = 0; i < 12; i++) await spendAssertion(tx, seen(`old-${i}`, now() - 1))
    await spendAssertion(tx, seen('live', now()))
  })
  const some = (limit: number) => db.write((tx) => deleteAssertionsExpiredBefore(tx, now(), limit))
  expect([await some(5), await some(5), await some(5), await some(5)]).toEqual([5, 5, 2, 0])
  expect(await count('assertion_seen')).toBe(1)
  await expect(db.write((tx) => spendAssertion(tx, seen('live', now() + 60)))).rejects.toMatchObject({ code: 'invalid_assertion' })
})

test('a request goes with its pass and its authorization when all of them ended long ago, and not before', async () => {
  const w = await world({ ...APPROVING, lifetimes: { authorization_seconds: DAY } })
  await Promise.all([w.redeemed(), w.redeemed(), w.approved()])
  const sweep = (before: number, limit = 100) => w.db.write((tx) => deleteRequestsEndedBefore(tx, before, limit))
  expect(await sweep(w.now())).toBe(0) // nothing has ended
  expect(await sweep(w.now() + 1000)).toBe(1) // the decision deadlines are past, but two authorizations stand
  expect([await w.count('request'), await w.count('pass'), await w.count('authorization')]).toEqual([2, 2, 2])
  expect([await sweep(w.now() + DAY + 1, 1), await sweep(w.now() + DAY + 1, 1), await sweep(w.now() + DAY + 1, 1)]).toEqual([1, 1, 0])
  expect([await w.count('request'), await w.count('pass'), await w.count('authorization')]).toEqual([0, 0, 0])
})

test('a pending request is never swept: it is written down as expired first, told in the trail, and kept', async () => {
  const w = await world()
  for (let i = 0; i < 3; i++) await w.requested()
  w.pass(899)
  await w.requested()
  w.pass(1)
  await w.authority.stop() // its own chores are not to come in between
  expect(await w.db.write((tx) => deleteRequestsEndedBefore(tx, w.now() + DAY, 100))).toBe(0)
  const audit = createAudit({
    ...{ db: w.database(), now: w.now, log: createLog('test', 'silent'), count: () => {} },
    signingKey: () => {
      throw new Error('nothing is signed here')
    },
  })
  const expire = (limit: number) => expireDue({ now: w.now, db: w.db, audit }, limit)
  expect([await expire(2), await expire(2), await expire(2)]).toEqual([2, 1, 0])
  const requests = await w.db.read.selectFrom('request').select('status').orderBy('created_at').execute()
  expect(requests.map(({ status }) => status)).toEqual(['expired', 'expired', 'expired', 'pending'])
  const rows = await w.db.read.selectFrom('audit').select('event').where('event', 'like', '%"expired"%').execute()
  const told = { event: 'decision', outcome: 'expired', at: w.now(), user: 'ada@acme.example', request_ref: expect.any(String) }
  expect(rows.map(({ event }) => JSON.parse(event))).toEqual(Array.from({ length: 3 }, () => expect.objectContaining(told)))
})

test('sweeping goes on in bounded batches until one is not full', async () => {
  const asked: number[] = []
  const left = [500, 500, 17]
  await sweepAll(async (limit) => {
    asked.push(limit)
    return left.shift() ?? 0
  })
  expect(asked).toEqual([500, 500, 500])
})

test('a chore comes round again after a failure, which is logged, and is never done twice at once', async () => {
  const lines: string[] = []
  let running = 0
  let most = 0
  let times = 0
  let enough = () => {}
  const done = new Promise<void>((resolve) => (enough = resolve))
  const run = async () => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setTimeout(resolve, 5)) // longer than its own interval
    running -= 1
    if (++times === 3) enough()
    throw new Error('out of luck')
  }
  const { stop } = startChores(
    [{ name: 'hard work', everyMs: 1, run }],
    createLog('test', 'info', (line) => void lines.push(line)),
  )
  onTestFinished(stop)
  await done
  await stop()
  expect([most, running]).toEqual([1, 0])
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'error', event: 'chore_failed', route: 'hard work', reason: 'Error: out of luck' })
})
