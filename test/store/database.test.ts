/** What every server party's database promises, whichever it is: a transaction is whole and durable, and each has its own outcome. */
import type { Generated } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { ProtocolError } from '../../spec/error.ts'
import type { Database } from '../../spec/node/database.ts'
import { openDatabase } from '../../spec/node/open-database.ts'
import { statement } from '../../spec/node/statement.ts'
import { freshDatabase, onPostgres } from '../databases.ts'

type Tables = { note: { id: Generated<number>; text: string; count: number } }

async function notes(): Promise<{ db: Database<Tables>; open: () => Database<Tables> }> {
  const database = await freshDatabase()
  const open = () => {
    const db = openDatabase<Tables>(database)
    onTestFinished(db.close)
    return db
  }
  const db = open()
  await db.write((tx) =>
    tx.schema
      .createTable('note')
      .addColumn('id', onPostgres ? 'serial' : 'integer', (c) => c.primaryKey())
      .addColumn('text', 'text', (c) => c.notNull().unique())
      .addColumn('count', 'bigint', (c) => c.notNull().defaultTo(0))
      .execute(),
  )
  return { db, open }
}
const add = (db: Database<Tables>, text: string) => db.write((tx) => tx.insertInto('note').values({ text, count: 0 }).execute())
const texts = async (db: Database<Tables>) => (await db.read.selectFrom('note').select('text').orderBy('id').execute()).map(({ text }) => text)

test('what fails takes nothing else with it, and leaves nothing behind', async () => {
  const { db } = await notes()
  const outcomes = await Promise.allSettled([
    add(db, 'first'),
    db.write(async (tx) => {
      await tx.insertInto('note').values({ text: 'undone', count: 0 }).execute()
      throw new ProtocolError('already_decided', 'no')
    }),
    add(db, 'last'),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(outcomes[1]).toMatchObject({ reason: { code: 'already_decided' } })
  expect((await texts(db)).sort()).toEqual(['first', 'last'])
})

test('a statement that breaks a rule of the schema fails as what it is, and the connection goes on', async () => {
  const { db } = await notes()
  await add(db, 'once')
  await expect(add(db, 'once')).rejects.toMatchObject({ code: onPostgres ? '23505' : 'SQLITE_CONSTRAINT_UNIQUE' })
  await add(db, 'twice')
  expect(await texts(db)).toEqual(['once', 'twice'])
})

test('nobody sees what is not committed', async () => {
  const { db } = await notes()
  await db.write(async (tx) => {
    await tx.insertInto('note').values({ text: 'x', count: 0 }).execute()
    expect(await texts(db)).toEqual([])
  })
  expect(await texts(db)).toEqual(['x'])
})

test('a statement kept compiled runs with each caller’s values, in a transaction and outside, at one database and another', async () => {
  const find = statement<Tables, { text: string }>()((db, given) => db.selectFrom('note').select('text').where('text', '=', given('text')))
  const [one, two] = [await notes(), await notes()]
  await add(one.db, 'a')
  await add(two.db, 'b')
  expect(await Promise.all([find(one.db.read, { text: 'a' }), find(one.db.read, { text: 'b' })])).toEqual([[{ text: 'a' }], []])
  expect(await two.db.write((tx) => find(tx, { text: 'b' }))).toEqual([{ text: 'b' }])
})

test('of hundreds that count up one row, over two handles, each counts', async () => {
  const { db, open } = await notes()
  await add(db, 'x')
  const handles = [db, open()]
  const up = (i: number) =>
    handles[i % 2]!.write((tx) =>
      tx
        .updateTable('note')
        .set((e) => ({ count: e('count', '+', 1) }))
        .execute(),
    )
  await Promise.all(Array.from({ length: 300 }, (_, i) => up(i)))
  expect(await db.read.selectFrom('note').select('count').execute()).toEqual([{ count: 300 }])
})

test('each job gets its own result', async () => {
  const { db } = await notes()
  const results = await Promise.all(Array.from({ length: 200 }, (_, i) => db.write(async () => i)))
  expect(results).toEqual(Array.from({ length: 200 }, (_, i) => i))
})

test('closing writes what was handed in before', async () => {
  const { db, open } = await notes()
  const writing = Promise.all(Array.from({ length: 150 }, (_, i) => add(db, `${i}`)))
  await db.close()
  await writing
  expect(await texts(open())).toHaveLength(150)
})

test('a closed database refuses, and hangs nobody', async () => {
  const { db } = await notes()
  await db.close()
  await expect(add(db, 'late')).rejects.toMatchObject({ code: 'overloaded' })
})

test('two handles on one file write in turn, and each sees the other', async () => {
  const { db, open } = await notes()
  const other = open()
  await Promise.all(Array.from({ length: 100 }, (_, i) => add(i % 2 ? db : other, `${i}`)))
  expect(await texts(db)).toHaveLength(100)
  expect(await texts(other)).toEqual(await texts(db))
})

test('what a transaction announces is heard once it is on disk, by every listener, before its writer goes on', async () => {
  const { db } = await notes()
  const heard: (string | undefined)[] = []
  const seen: unknown[] = []
  await db.listen((message) => void heard.push(message))
  await db.listen(() => void seen.push(texts(db)))
  await db.write(async (tx, announce) => {
    announce('first')
    await tx.insertInto('note').values({ text: 'a', count: 0 }).execute()
    announce('second')
    expect(heard).toEqual([])
  })
  expect(heard.slice(0, 2)).toEqual(['first', 'second'])
  expect(await Promise.all(seen.slice(0, 2))).toEqual([['a'], ['a']])
})

test('what is undone was never announced, whoever shares the commit', async () => {
  const { db } = await notes()
  const heard = new Set<string | undefined>()
  await db.listen((message) => void heard.add(message))
  const undone = db.write(async (tx, announce) => {
    announce('undone')
    await tx.insertInto('note').values({ text: 'undone', count: 0 }).execute()
    throw new ProtocolError('already_decided', 'no')
  })
  const done = db.write(async (_, announce) => announce('done'))
  expect((await Promise.allSettled([undone, done])).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  await db.write(async (_, announce) => announce('last'))
  expect([...heard]).toEqual(['done', 'last'])
})
