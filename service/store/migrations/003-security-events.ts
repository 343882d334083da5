import type { Migration } from '../../../spec/node/migrate.ts'

/** The security events of Authorities that have been acted on. */
export const securityEvents: Migration = async (tx) => {
  await tx.schema
    .createTable('security_event_seen')
    .addColumn('issuer', 'text', (c) => c.notNull())
    .addColumn('jti', 'text', (c) => c.notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('security_event_seen_key', ['issuer', 'jti'])
    .execute()
  await tx.schema.createIndex('security_event_seen_by_age').on('security_event_seen').column('seen_at').execute()
}
