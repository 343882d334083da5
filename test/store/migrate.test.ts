/** How a schema comes up to date, once, whoever starts first. */
import { expect, onTestFinished, test } from 'vitest'
import { migrations } from '../../authority/store/migrations/all.ts'
import { type Migration, migrate } from '../../spec/node/migrate.ts'
import { openDatabase } from '../../spec/node/open-database.ts'
import { freshDatabase } from '../databases.ts'

const now = () => 1_700_000_000
function open(file: string) {
  const db = openDatabase<Record<string, Record<string, unknown>>>(file)
  onTestFinished(db.close)
  return db
}
const schemaOf = async (db: ReturnType<typeof open>) => (await db.read.introspection.getTables()).map(({ name, columns }) => ({ name, columns }))
const creating =
  (name: string): Migration =>
  async (tx) => {
    await tx.schema.createTable(name).addColumn('id', 'integer').execute()
  }

test('migrations are applied in their order, and a second time none', async () => {
  const db = open(await freshDatabase())
  const two = { '001-a': creating('a'), '002-b': creating('b') }
  expect(await migrate(db, two, now)).toEqual(['001-a', '002-b'])
  const schema = await schemaOf(db)
  expect(await migrate(db, two, now)).toEqual([])
  expect(await schemaOf(db)).toEqual(schema)
})

test('two that start at once apply each migration once', async () => {
  const file = await freshDatabase()
  const applied = await Promise.all([open(file), open(file)].map((db) => migrate(db, { ...migrations, '999-more': creating('more') }, now)))
  expect(applied.flat().sort()).toEqual([...Object.keys(migrations), '999-more'].sort())
})

test('one that fails leaves nothing of itself and all before it, and is tried again', async () => {
  const db = open(await freshDatabase())
  const failing: Migration = async (tx) => {
    await creating('half')(tx, db.dialect)
    throw new Error('out of luck')
  }
  await expect(migrate(db, { '001-a': creating('a'), '002-b': failing }, now)).rejects.toThrow('out of luck')
  expect((await schemaOf(db)).map(({ name }) => name)).not.toContain('half')
  expect(await migrate(db, { '001-a': creating('a'), '002-b': creating('b') }, now)).toEqual(['002-b'])
})

test('a database of a newer version is refused by name, before anything is applied', async () => {
  const db = open(await freshDatabase())
  await migrate(db, { ...migrations, '999-of-tomorrow': creating('tomorrow') }, now)
  const schema = await schemaOf(db)
  await expect(migrate(db, { ...migrations, '002-ours': creating('ours') }, now)).rejects.toThrow('(999-of-tomorrow)')
  expect(await schemaOf(db)).toEqual(schema)
})

test('a migration that this version lacks is told from what every object has', async () => {
  const db = open(await freshDatabase())
  await migrate(db, { constructor: creating('a') }, now)
  await expect(migrate(db, migrations, now)).rejects.toThrow('(constructor)')
})
