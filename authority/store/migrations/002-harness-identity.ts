import type { Migration } from '../../../spec/node/migrate.ts'

/** The keys of Harnesses that people registered. */
export const harnessIdentity: Migration = async (tx) => {
  await tx.schema
    .createTable('harness_key')
    .addColumn('thumbprint', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('added_by', 'text', (c) => c.notNull())
    .addColumn('added_at', 'bigint', (c) => c.notNull())
    .execute()
}
