/** What one process announces on a PostgreSQL database, the others hear, and they are told when they may have missed something. */
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../../spec/node/open-database.ts'
import { freshDatabase } from '../../databases.ts'

/** Another process's view of a database, and what it heard; undefined is a gap. */
async function listening(url: string) {
  const db = openDatabase(url)
  onTestFinished(db.close)
  const heard: (string | undefined)[] = []
  await db.listen((message) => void heard.push(message))
  return { db, heard }
}

test('an announcement reaches every other process, whatever is in it, and a taken back one nobody', async () => {
  const url = await freshDatabase()
  const [here, there, elsewhere] = [await listening(url), await listening(url), await listening(url)]
  const undone = here.db.write(async (_, announce) => {
    announce('undone')
    throw new Error('no')
  })
  await expect(undone).rejects.toThrow()
  const said = ['plain', `it's "quoted"`, 'ü', 'x'.repeat(7000)]
  await here.db.write(async (_, announce) => said.forEach(announce))
  for (const one of [there, elsewhere]) await expect.poll(() => one.heard).toEqual(said)
})

test('a listener whose connection is cut makes another, and is told that there was a gap', async () => {
  const url = await freshDatabase()
  const [here, there] = [await listening(url), await listening(url)]
  const administrator = new pg.Client(url)
  await administrator.connect()
  await administrator.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'agentpass listener'",
  )
  await administrator.end()
  await expect.poll(() => there.heard).toEqual([undefined])
  await here.db.write(async (_, announce) => announce('after'))
  await expect.poll(() => there.heard).toEqual([undefined, 'after'])
})

test('one that listens to a database that is away is told nothing, and closes at once', async () => {
  const nowhere = await listening('postgres://agentpass@127.0.0.1:1/nothing')
  await nowhere.db.close()
  expect(nowhere.heard).toEqual([])
})
