/** A large PostgreSQL database takes its time to be migrated. */
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Migration } from '../../../spec/node/migrate.ts'
import { migrateDatabase, openMigrated } from '../../../spec/node/party.ts'
import { systemNow } from '../../../spec/node/settings.ts'
import { freshDatabase } from '../../databases.ts'

const LONG_SECONDS = 9 // beyond what a statement of a request may take, and what its answer is waited for

test('a migration is given the time it needs, other instances wait for it, and statements are bounded afterwards', async () => {
  const url = await freshDatabase()
  const large: Migration = async (tx) => void (await sql`select pg_sleep(${LONG_SECONDS})`.execute(tx))
  const migrations = { '001-large': large }
  const instances = [1, 2].map(() => migrateDatabase(url, migrations, systemNow))
  expect((await Promise.all(instances)).flat()).toEqual(['001-large'])
  const db = await openMigrated(url, migrations, systemNow)
  const { rows } = await sql`show statement_timeout`.execute(db.read)
  await db.close()
  expect(rows).toEqual([{ statement_timeout: '5s' }])
})
