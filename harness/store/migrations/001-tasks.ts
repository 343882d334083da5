import type { Migration } from '../../../spec/node/migrate.ts'
import { addKeyTimes, createSharedTables } from '../../../spec/node/shared-tables.ts'

/** The broker's tasks. */
export const tasks: Migration = async (tx, dialect) => {
  await createSharedTables(tx, dialect)
  await addKeyTimes(tx, dialect)
  await tx.schema
    .createTable('task')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('agent', 'text', (c) => c.notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('service', 'text', (c) => c.notNull())
    .addColumn('user_email', 'text', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('wanted', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('step', 'text', (c) => c.notNull())
    .addColumn('peer', 'text', (c) => c.notNull())
    .addColumn('authority', 'text')
    .addColumn('waiting', 'text')
    .addColumn('failure', 'text')
    .addColumn('scope', 'text')
    .addColumn('expires_at', 'bigint')
    .addColumn('sealed_status_url', 'text')
    .addColumn('sealed_token', 'text')
    .addColumn('revoke_url', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('changed_at', 'bigint', (c) => c.notNull())
    .addColumn('runner', 'text', (c) => c.notNull())
    .addColumn('lease_until', 'bigint', (c) => c.notNull())
    .execute()
  await tx.schema.createIndex('task_by_agent').on('task').columns(['agent', 'created_at']).execute()
  await tx.schema.createIndex('task_by_status').on('task').columns(['status', 'lease_until']).execute()
}
