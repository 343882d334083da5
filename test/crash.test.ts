/** A real Authority, killed without warning: what it has answered is on disk, and a spent pass is never good again. */
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { AuthorityTables } from '../authority/store/schema.ts'
import { verifyAudit } from '../spec/node/audit-verify.ts'
import type { Database } from '../spec/node/database.ts'
import { servedAuthority } from './served-authority.ts'

const Jwk = z.looseObject({ kty: z.string() })

/** What the database tells of its spent passes, and whether the trail tells the same and holds. */
async function spent(db: Database<AuthorityTables>) {
  const passes = await db.read
    .selectFrom('pass')
    .select('authorization_id')
    .where('consumed_at', 'is not', null)
    .orderBy('authorization_id')
    .execute()
  const authorizations = await db.read.selectFrom('authorization').select('id').orderBy('id').execute()
  const rows = (await db.read.selectFrom('audit').select('event').execute()).map(({ event }) => JSON.parse(event))
  const told = rows.filter((row) => row.event === 'validation' && row.outcome === 'consumed').map((row) => row.authorization_id)
  const keys = await db.read.selectFrom('signing_key').select('public_jwk').execute()
  const verdict = await verifyAudit(
    db.read,
    keys.map(({ public_jwk }) => Jwk.parse(JSON.parse(public_jwk))),
  )
  return { passes: passes.map((row) => row.authorization_id), authorizations: authorizations.map(({ id }) => id), told: told.sort(), verdict }
}

test('killed as soon as the 200 has left, it says 409 when it is back; the database and the trail say the pass is spent [AUTH-VAL-17]', async () => {
  const { start, database, approved, validate } = await servedAuthority()
  const first = await start()
  const value = await approved(first)
  const answer = await validate(first, value)
  await first.stop('SIGKILL')
  expect(answer.status).toBe(200)

  const db = database()
  const found = await spent(db)
  await db.close()
  expect(found.passes).toHaveLength(1)
  expect([found.authorizations, found.told, found.verdict.bad]).toEqual([found.passes, found.passes, undefined])

  const second = await start()
  expect((await validate(second, value)).status).toBe(409)
  expect((await validate(second, await approved(second))).status).toBe(200)
  await second.stop()
  const after = database()
  onTestFinished(after.close)
  const { passes, told, verdict } = await spent(after)
  expect([passes.length, told]).toEqual([2, passes])
  expect(verdict).toMatchObject({ unnumbered: 0 })
  expect(verdict).not.toHaveProperty('bad')
})

const PASSES = 40
test('killed amid many validations, each pass was spent or was not, once, and what was answered stays so [AUTH-VAL-17 AUTH-VAL-03]', async () => {
  const { start, database, approved, validate } = await servedAuthority()
  const first = await start()
  const values = await Promise.all(Array.from({ length: PASSES }, () => approved(first)))
  let answered = 0
  let killed: Promise<unknown> | undefined
  const before = await Promise.all(
    values.map(async (value) => {
      const status = await validate(first, value).then(
        (response) => response.status,
        () => 'no answer',
      )
      if (status === 200 && ++answered === 5) killed = first.stop('SIGKILL')
      return status
    }),
  )
  await killed
  expect(before.filter((status) => status === 200).length).toBeGreaterThanOrEqual(5)

  const second = await start()
  const after = await Promise.all(values.map(async (value) => (await validate(second, value)).status))
  for (const [i, status] of after.entries()) expect(before[i] === 200 ? [409] : [200, 409]).toContain(status)
  await second.stop()
  const db = database()
  onTestFinished(db.close)
  const { passes, authorizations, told, verdict } = await spent(db)
  expect(passes).toHaveLength(PASSES)
  expect([authorizations, told]).toEqual([passes, passes])
  expect(verdict).not.toHaveProperty('bad')
})
