import type { Migration } from '../../../spec/node/migrate.ts'

/** What policy adds to a decision: who alone may approve, approvals that wait for another, approvals that are remembered, and what a pass tells the audit trail. */
export const policyTables: Migration = async (tx) => {
  await tx.schema
    .createTable('request_approver')
    .addColumn('ref', 'text', (c) => c.notNull())
    .addColumn('who', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('request_approver_key', ['who', 'ref'])
    .execute()
  await tx.schema.createIndex('request_approver_by_request').on('request_approver').column('ref').execute()
  await tx.schema
    .createTable('approval')
    .addColumn('request_digest', 'text', (c) => c.notNull())
    .addColumn('by', 'text', (c) => c.notNull())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('approval_key', ['request_digest', 'by'])
    .execute()
  await tx.schema
    .createTable('remembered')
    .addColumn('ref', 'text', (c) => c.primaryKey())
    .addColumn('user_email', 'text', (c) => c.notNull())
    .addColumn('service_origin', 'text', (c) => c.notNull())
    .addColumn('agent_id', 'text', (c) => c.notNull())
    .addColumn('tier', 'text', (c) => c.notNull())
    .addColumn('vouched_by', 'text', (c) => c.notNull())
    .addColumn('key_thumbprint', 'text')
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('destination', 'text')
    .addColumn('task_pattern', 'text', (c) => c.notNull())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('by', 'text', (c) => c.notNull())
    .addColumn('request_ref', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('used_at', 'bigint')
    .addColumn('uses', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute()
  await tx.schema.createIndex('remembered_by_agent').on('remembered').columns(['user_email', 'service_origin', 'agent_id', 'expires_at']).execute()
  await tx.schema.createIndex('remembered_by_request').on('remembered').column('request_ref').execute()
  await tx.schema.createIndex('remembered_by_expiry').on('remembered').column('expires_at').execute()
  await tx.schema.alterTable('pass').addColumn('about', 'text').execute()
}
