import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../../spec/node/database.ts'
import type { Tx } from './schema.ts'

/** Which of the requests wait no more: decided by whatever instance, or past their deadline. One statement, however many they are. */
export async function findDecided(db: Tx, dialect: Dialect, { digests, at }: { digests: string[]; at: number }): Promise<string[]> {
  const rows = await db
    .selectFrom('request')
    .select('digest')
    .where('digest', 'in', LISTED[dialect](JSON.stringify(digests)))
    .where((e) => e.or([e('status', '!=', 'pending'), e('expires_at', '<=', at)]))
    .execute()
  return rows.map(({ digest }) => digest)
}

/** Many values in a statement of one shape: they come as JSON. */
const LISTED: Record<Dialect, (values: string) => RawBuilder<string>> = {
  sqlite: (values) => sql`(select value from json_each(${values}))`,
  postgres: (values) => sql`(select value from json_array_elements_text(${values}::json))`,
}
