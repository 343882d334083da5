import type { Migration } from '../../../spec/node/migrate.ts'

/** What Services are still to be told of their authorizations. */
export const outbox: Migration = async (tx) => {
  await tx.schema
    .createTable('outbox')
    .addColumn('jti', 'text', (c) => c.primaryKey())
    .addColumn('service_origin', 'text', (c) => c.notNull())
    .addColumn('authorization_id', 'text', (c) => c.notNull())
    .addColumn('scope', 'text')
    .addColumn('changed_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('due_at', 'bigint', (c) => c.notNull())
    .addColumn('tries', 'bigint', (c) => c.notNull())
    .execute()
  await tx.schema.createIndex('outbox_by_service').on('outbox').columns(['service_origin', 'due_at']).execute()
  await tx.schema.createIndex('outbox_due').on('outbox').columns(['due_at', 'service_origin', 'tries']).execute()
}
