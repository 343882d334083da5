import { sql } from 'kysely'
import type { Migration } from '../../../spec/node/migrate.ts'

/** Browser sessions: a type for each credential, and the one-time tokens that begin one. */
export const browser: Migration = async (tx) => {
  await tx.schema
    .alterTable('credential')
    .addColumn('type', 'text', (c) => c.notNull().defaultTo('bearer_token'))
    .execute()
  await tx.schema
    .createTable('initialization')
    .addColumn('digest', 'text', (c) => c.primaryKey())
    .addColumn('authorization_id', 'text', (c) => c.notNull())
    .addColumn('authority', 'text', (c) => c.notNull())
    .addColumn('authority_configuration_url', 'text', (c) => c.notNull())
    .addColumn('user_email', 'text', (c) => c.notNull())
    .addColumn('agent_id', 'text', (c) => c.notNull())
    .addColumn('task', 'text')
    .addColumn('harness_id', 'text')
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('destination', 'text', (c) => c.notNull())
    .addColumn('session_expires_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('spent_at', 'bigint')
    .execute()
  await tx.schema.createIndex('initialization_by_authorization').on('initialization').columns(['authority', 'authorization_id']).execute()
  await tx.schema.createIndex('initialization_by_expiry').on('initialization').column('expires_at').execute()
  await tx.schema.createIndex('initialization_unspent').on('initialization').column('expires_at').where(sql`spent_at`, 'is', null).execute()
}
