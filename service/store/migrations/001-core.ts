import type { Migration } from '../../../spec/node/migrate.ts'
import { createSharedTables } from '../../../spec/node/shared-tables.ts'

/** Credentials, and what replay defence remembers. */
export const core: Migration = async (tx, dialect) => {
  await createSharedTables(tx, dialect)
  await tx.schema
    .createTable('credential')
    .addColumn('digest', 'text', (c) => c.primaryKey())
    .addColumn('authorization_id', 'text', (c) => c.notNull())
    .addColumn('authority', 'text', (c) => c.notNull())
    .addColumn('authority_configuration_url', 'text', (c) => c.notNull())
    .addColumn('user_email', 'text', (c) => c.notNull())
    .addColumn('agent_id', 'text', (c) => c.notNull())
    .addColumn('task', 'text')
    .addColumn('harness_id', 'text')
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('ended_because', 'text')
    .execute()
  await tx.schema.createIndex('credential_by_authorization').on('credential').columns(['authority', 'authorization_id']).execute()
  await tx.schema.createIndex('credential_by_expiry').on('credential').column('expires_at').execute()
  await tx.schema
    .createTable('proof_seen')
    .addColumn('thumbprint', 'text', (c) => c.notNull())
    .addColumn('jti', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('proof_seen_key', ['thumbprint', 'jti'])
    .execute()
  await tx.schema.createIndex('proof_seen_by_expiry').on('proof_seen').column('expires_at').execute()
}
