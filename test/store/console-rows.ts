/** An Authority's database with rows that nobody asked for. */
import { CompiledQuery as Compiled, type CompiledQuery, type KyselyPlugin } from 'kysely'
import { onTestFinished } from 'vitest'
import { migrations } from '../../authority/store/migrations/all.ts'
import type { AuthorityTables, AuthorizationRow, RequestRow, Tx } from '../../authority/store/schema.ts'
import type { Database } from '../../spec/node/database.ts'
import { openMigrated } from '../../spec/node/party.ts'
import { freshDatabase } from '../databases.ts'
import { SERVICE, USER } from '../parties.ts'

export const NOW = 1_700_000_000

export async function consoleDatabase(): Promise<Database<AuthorityTables>> {
  const db = await openMigrated<AuthorityTables>(await freshDatabase(), migrations, () => NOW)
  onTestFinished(db.close)
  return db
}

/** A request as it is kept, but for what is given; `name` is its digest and reference. */
export const requestRow = (name: string, more: Partial<RequestRow> = {}): RequestRow => ({
  ...{ digest: `d-${name}`, ref: name, status: 'pending', type: 'bearer_token', service_origin: SERVICE, user_email: USER },
  ...{ agent_id: 'agent', harness_id: 'harness', key_thumbprint: null, task_id: 'task', shown: '{}', shown_digest: 's', cnf: null, pass_digest: 'p' },
  ...{ master_key_id: 'm', created_at: NOW, expires_at: NOW + 900, decided_at: null, decided_by: null, reason: null, wrong_numbers: 0 },
  ...more,
})

export const addRequests = (db: Database<AuthorityTables>, rows: RequestRow[]): Promise<void> =>
  db.write(async (tx) => {
    for (let i = 0; i < rows.length; i += 500)
      await tx
        .insertInto('request')
        .values(rows.slice(i, i + 500))
        .execute()
  })

/** An authorization that such a request led to. */
export const addAuthorization = (db: Database<AuthorityTables>, name: string, more: Partial<AuthorizationRow> = {}): Promise<void> =>
  db.write(async (tx) => {
    const { service_origin } = await tx.selectFrom('request').select('service_origin').where('ref', '=', name).executeTakeFirstOrThrow()
    const pass = { answer: '{}', expires_at: NOW + 120, authorization_seconds: 3600, consumed_at: NOW, revoked_at: null }
    await tx
      .insertInto('pass')
      .values({ digest: `p-${name}`, request_digest: `d-${name}`, service_origin, authorization_id: `a-${name}`, ...pass })
      .execute()
    const authorization = { id: `a-${name}`, service_origin, scope: '["tickets:read"]', opened_at: NOW, expires_at: NOW + 3600 }
    await tx
      .insertInto('authorization')
      .values({ ...authorization, state: 'active', closed_at: null, reason: null, checked_at: null, ...more })
      .execute()
  })

/** How SQLite goes about one statement: a line for each table or index that it walks through. */
export async function planOf(db: Database<AuthorityTables>, act: (read: Tx) => Promise<unknown>): Promise<string[]> {
  const asked: CompiledQuery[] = []
  const listening: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      asked.push(db.read.getExecutor().compileQuery(node, queryId))
      return node
    },
    transformResult: async ({ result }) => result,
  }
  await act(db.read.withPlugin(listening))
  const { sql, parameters } = asked.at(-1)! // after its own parts
  const { rows } = await db.read.executeQuery<{ detail: string }>(Compiled.raw(`explain query plan ${sql}`, [...parameters]))
  return rows.map(({ detail }) => detail)
}
