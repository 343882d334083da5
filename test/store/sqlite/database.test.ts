/** SQLite under a server party: one durable transaction for what comes together, each job with its own outcome, and a lock that others may hold. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Generated, sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { ProtocolError } from '../../../spec/error.ts'
import type { Database } from '../../../spec/node/database.ts'
import { openDatabase } from '../../../spec/node/open-database.ts'
import { holdLock, turns } from '../../authority-rig.ts'
import { temporaryFolder } from '../../folders.ts'

type Tables = { note: { id: Generated<number>; text: string } }

async function notes(): Promise<{ file: string; db: Database<Tables>; open: () => Database<Tables> }> {
  const file = join(temporaryFolder(), 'notes.db')
  const open = () => {
    const db = openDatabase<Tables>(file)
    onTestFinished(db.close)
    return db
  }
  const db = open()
  await db.write((tx) => sql`create table note (id integer primary key, text text not null unique)`.execute(tx))
  return { file, db, open }
}
const add = (db: Database<Tables>, text: string) => db.write((tx) => tx.insertInto('note').values({ text }).execute())
const texts = async (db: Database<Tables>) => (await db.read.selectFrom('note').select('text').orderBy('id').execute()).map(({ text }) => text)

test('a closed database is one whole file, also where nobody read', async () => {
  const { file, db } = await notes()
  await add(db, 'only written')
  await db.close()
  expect(existsSync(`${file}-wal`)).toBe(false)
})

test('of jobs that come together the one that fails takes none with it, and leaves nothing behind', async () => {
  const { db } = await notes()
  const outcomes = await Promise.allSettled([
    add(db, 'first'),
    db.write(async (tx) => {
      await tx.insertInto('note').values({ text: 'undone' }).execute()
      throw new ProtocolError('already_decided', 'no')
    }),
    add(db, 'first'),
    add(db, 'last'),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  expect(outcomes[1]).toMatchObject({ reason: { code: 'already_decided' } })
  expect(outcomes[2]).toMatchObject({ reason: { code: 'SQLITE_CONSTRAINT_UNIQUE' } })
  expect(await texts(db)).toEqual(['first', 'last'])
})

test('a job sees what those before it did, and nothing of one that failed', async () => {
  const { db } = await notes()
  const seen = (tx: Database<Tables>['read']) => tx.selectFrom('note').select('text').execute()
  const [, , third] = await Promise.allSettled([
    add(db, 'first'),
    db.write(async (tx) => {
      await tx.insertInto('note').values({ text: 'undone' }).execute()
      throw new Error('no')
    }),
    db.write(seen),
  ])
  expect(third).toMatchObject({ value: [{ text: 'first' }] })
})

test('a reader sees what is committed, and cannot write', async () => {
  const { db } = await notes()
  await db.write(async (tx) => {
    await tx.insertInto('note').values({ text: 'x' }).execute()
    expect(await texts(db)).toEqual([])
  })
  expect(await texts(db)).toEqual(['x'])
  await expect(db.read.insertInto('note').values({ text: 'y' }).execute()).rejects.toThrow(/readonly/)
})

test('what is answered is on disk: the log is written through at every commit', async () => {
  const { db } = await notes()
  const pragma = (name: string) => db.write(async (tx) => Object.values((await sql.raw<object>(`pragma ${name}`).execute(tx)).rows[0] ?? {}))
  expect([await pragma('journal_mode'), await pragma('synchronous')]).toEqual([['wal'], [2]])
})

test('a lock that another process holds for a moment is waited for, and the event loop goes on meanwhile', async () => {
  const { db, file } = await notes()
  const { release } = holdLock(file)
  const written = add(db, 'in the end')
  await turns(50)
  expect(await texts(db)).toEqual([])
  release()
  await written
  expect(await texts(db)).toEqual(['in the end'])
})

test('a lock that is held too long refuses all who wait, with the advice to come back, and later all is well', async () => {
  const { db, file } = await notes()
  const { release } = holdLock(file)
  const outcomes = await Promise.allSettled([add(db, 'a'), add(db, 'b')])
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'overloaded', status: 503, retryAfterSeconds: 1 } })
  release()
  await add(db, 'c')
  expect(await texts(db)).toEqual(['c'])
})

test('a job that ends the transaction under the others is a failure of all, and the next ones are well', async () => {
  const { db } = await notes()
  const outcomes = await Promise.allSettled([add(db, 'a'), db.write((tx) => sql`rollback`.execute(tx)), add(db, 'b')])
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'overloaded' } })
  await add(db, 'c')
  expect(await texts(db)).toEqual(['c'])
})
