import type { Migration } from './migrate.ts'

/** The tables of `spec/node/` that every server party has: audit, signing keys, clock. Part of each party's first migration. */
export const createSharedTables: Migration = async (tx) => {
  await tx.schema
    .createTable('audit')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('event', 'text', (c) => c.notNull())
    .addColumn('seq', 'bigint', (c) => c.unique())
    .addColumn('hash', 'text')
    .execute()
  await tx.schema
    .createTable('signing_key')
    .addColumn('key_id', 'text', (c) => c.primaryKey())
    .addColumn('public_jwk', 'text', (c) => c.notNull())
    .addColumn('sealed_private_jwk', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await tx.schema
    .createTable('clock')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('latest_at', 'bigint', (c) => c.notNull())
    .execute()
}
