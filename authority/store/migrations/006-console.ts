import type { Migration } from '../../../spec/node/migrate.ts'

/** What the console keeps: who is signed in, who is in which group, passkeys, wrong numbers, last checks, and where an audit event is found. */
export const consoleTables: Migration = async (tx) => {
  await tx.schema
    .createTable('console_session')
    .addColumn('digest', 'text', (c) => c.primaryKey())
    .addColumn('email', 'text', (c) => c.notNull())
    .addColumn('name', 'text')
    .addColumn('groups', 'text', (c) => c.notNull())
    .addColumn('authenticated_at', 'bigint')
    .addColumn('sealed_id_token', 'text', (c) => c.notNull())
    .addColumn('client', 'text', (c) => c.notNull())
    .addColumn('opened_at', 'bigint', (c) => c.notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute()
  await tx.schema.createIndex('console_session_by_person').on('console_session').column('email').execute()
  await tx.schema.createIndex('console_session_by_expiry').on('console_session').column('expires_at').execute()
  await tx.schema
    .createTable('person_group')
    .addColumn('email', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('person_group_key', ['email', 'name'])
    .execute()
  await tx.schema.createIndex('person_group_by_name').on('person_group').columns(['name', 'email']).execute()
  await tx.schema
    .createTable('passkey')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('email', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('public_key', 'text', (c) => c.notNull())
    .addColumn('uses', 'bigint', (c) => c.notNull())
    .addColumn('added_at', 'bigint', (c) => c.notNull())
    .addColumn('used_at', 'bigint')
    .execute()
  await tx.schema.createIndex('passkey_by_person').on('passkey').column('email').execute()
  await tx.schema
    .alterTable('request')
    .addColumn('wrong_numbers', 'integer', (c) => c.notNull().defaultTo(0))
    .execute()
  // In the order of a list, with all by which it is chosen: who looks through many requests reads only these.
  const chosenBy = ['created_at desc', 'ref', 'user_email', 'service_origin', 'expires_at']
  await tx.schema
    .createIndex('request_by_status_and_age')
    .on('request')
    .columns(['status', ...chosenBy])
    .execute()
  await tx.schema.dropIndex('request_by_age').execute()
  await tx.schema.createIndex('request_by_age').on('request').columns(chosenBy).execute()
  await tx.schema
    .createIndex('request_by_user_and_age')
    .on('request')
    .columns(['user_email', 'status', 'created_at desc', 'ref', 'expires_at'])
    .execute()
  await tx.schema.alterTable('authorization').addColumn('checked_at', 'bigint').execute()
  await tx.schema
    .createTable('audit_term')
    .addColumn('term', 'text', (c) => c.notNull())
    .addColumn('seq', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('audit_term_key', ['term', 'seq'])
    .execute()
  await tx.schema
    .createTable('audit_indexed')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('seq', 'bigint', (c) => c.notNull())
    .execute()
  await tx.insertInto('audit_indexed').values({ id: 1, seq: 0 }).execute()
}
