import type { Migration } from '../../../spec/node/migrate.ts'

/** What people and webhooks are still to be told of requests, and what they were told; and how far the trail was read for it. */
export const notifications: Migration = async (tx) => {
  await tx.schema
    .createTable('notification')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('channel', 'text', (c) => c.notNull())
    .addColumn('recipient', 'text', (c) => c.notNull())
    .addColumn('request_ref', 'text', (c) => c.notNull())
    .addColumn('event_at', 'bigint', (c) => c.notNull())
    .addColumn('due_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('tries', 'bigint', (c) => c.notNull())
    .addColumn('taken_at', 'bigint')
    .addColumn('mail', 'text')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('last_error', 'text')
    .addColumn('ended_at', 'bigint')
    .addUniqueConstraint('notification_once', ['request_ref', 'kind', 'channel', 'recipient'])
    .execute()
  const index = (name: string, columns: string[]) => tx.schema.createIndex(name).on('notification').columns(columns).execute()
  await index('notification_due', ['state', 'channel', 'due_at', 'recipient'])
  await index('notification_due_to', ['recipient', 'channel', 'state', 'due_at'])
  await index('notification_taken', ['channel', 'taken_at', 'recipient'])
  await index('notification_by_state_and_age', ['state', 'event_at'])
  await index('notification_by_age', ['event_at'])
  await tx.schema
    .createTable('notification_cursor')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('seq', 'bigint', (c) => c.notNull())
    .execute()
}
