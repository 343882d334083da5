import { sql } from 'kysely'
import type { Migration } from './migrate.ts'

/** The tables of `spec/node/` that every server party has: audit, signing keys, clock. Part of each party's first migration. */
export const createSharedTables: Migration = async (tx, dialect) => {
  await tx.schema
    .createTable('audit')
    .addColumn('id', dialect === 'sqlite' ? 'integer' : 'bigserial', (c) => (dialect === 'sqlite' ? c.primaryKey().autoIncrement() : c.primaryKey()))
    .addColumn('event', 'text', (c) => c.notNull())
    .addColumn('seq', 'bigint', (c) => c.unique())
    .addColumn('hash', 'text')
    .execute()
  // SQLite finds rows without a number by the index of the numbers; PostgreSQL might rather read the whole trail.
  if (dialect === 'postgres') await tx.schema.createIndex('audit_unnumbered').on('audit').column('id').where(sql`seq`, 'is', null).execute()
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

/** When a key signs and until when it is published, in a database of before keys were rotated. A migration of its own in each party. */
export const addKeyTimes: Migration = async (tx) => {
  await tx.schema.alterTable('signing_key').addColumn('signs_from', 'bigint').execute()
  await tx.schema.alterTable('signing_key').addColumn('published_until', 'bigint').execute()
}

/** How far each exporter has handed the audit trail over, and the key of the pseudonyms in exports. A migration of its own in each party. */
export const addExports: Migration = async (tx) => {
  await tx.schema
    .createTable('export_cursor')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('seq', 'bigint', (c) => c.notNull())
    .addColumn('holder', 'text')
    .addColumn('held_until', 'bigint', (c) => c.notNull())
    .addColumn('failing_since', 'bigint')
    .addColumn('last_error', 'text')
    .addColumn('succeeded_at', 'bigint')
    .execute()
  await tx.schema
    .createTable('export_key')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('sealed_key', 'text', (c) => c.notNull())
    .execute()
}
