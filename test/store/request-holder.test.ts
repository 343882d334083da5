/** Requests that were made before it was kept whose they are. */
import { expect, onTestFinished, test } from 'vitest'
import { core } from '../../authority/store/migrations/001-core.ts'
import { migrations } from '../../authority/store/migrations/all.ts'
import type { AuthorityTables } from '../../authority/store/schema.ts'
import { migrate } from '../../spec/node/migrate.ts'
import { openDatabase } from '../../spec/node/open-database.ts'
import { freshDatabase } from '../databases.ts'

const now = () => 1_700_000_000
const COUNT = 1201 // more than is looked at in one go

/** A request as the first version wrote it; what the agent says of its task is any text. */
const old = (i: number) => ({
  ...{ digest: `d${i}`, ref: `r${i}`, status: 'pending' as const, type: 'bearer_token' as const, service_origin: 'https://desk.example' },
  ...{
    user_email: i % 2 ? 'Zoë@BÜCHER.example' : 'ada@acme.example',
    agent_id: 'a',
    harness_id: 'h',
    task_id: 't',
    shown_digest: 's',
    pass_digest: 'p',
  },
  ...{ cnf: i % 3 ? '{}' : null, master_key_id: 'm', created_at: now(), expires_at: now() + 60 },
  shown: JSON.stringify({ harness: { id: 'h\ud800', ...(i % 3 && { key_thumbprint: `key ${i}` }) }, task: { description: '\u0000\ud800' } }),
})

test('they get the thumbprint of their holder key, and their user the form in which addresses are compared', async () => {
  const db = openDatabase<AuthorityTables>(await freshDatabase())
  onTestFinished(db.close)
  await migrate(db, { '001-core': core }, now)
  const rows = Array.from({ length: COUNT }, (_, i) => old(i))
  await db.write(async (tx) => void (await Promise.all(rows.map((row) => tx.insertInto('request').values(row).execute()))))
  expect(await migrate(db, migrations, now)).toContain('003-request-holder')
  const filled = await db.read.selectFrom('request').select(['digest', 'user_email', 'key_thumbprint']).execute()
  expect(filled).toHaveLength(COUNT)
  for (const { digest, user_email, key_thumbprint } of filled) {
    const i = Number(digest.slice(1))
    expect([user_email, key_thumbprint]).toEqual([i % 2 ? 'Zoë@xn--bcher-kva.example' : 'ada@acme.example', i % 3 ? `key ${i}` : null])
  }
})
