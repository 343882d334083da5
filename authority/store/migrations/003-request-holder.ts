import { type Kysely, sql } from 'kysely'
import { z } from 'zod'
import { canonicalAddress } from '../../../spec/email.ts'
import type { Migration } from '../../../spec/node/migrate.ts'

const AT_ONCE = 500

/** Whose a request is: the thumbprint of its holder key, and its user in the form in which addresses are compared; with what revocation in bulk and the caps look up. */
export const requestHolder: Migration = async (tx) => {
  await tx.schema.alterTable('request').addColumn('key_thumbprint', 'text').execute()
  await fillThumbprints(tx)
  await canonicalUsers(tx)
  for (const [name, column] of [
    ['request_by_user', 'user_email'],
    ['request_by_service', 'service_origin'],
    ['request_by_key', 'key_thumbprint'],
  ] as const)
    await tx.schema.createIndex(name).on('request').columns([column, 'status', 'expires_at']).execute()
  await tx.schema
    .createIndex('request_without_key')
    .on('request')
    .columns(['harness_id', 'status', 'expires_at'])
    .where(sql`key_thumbprint`, 'is', null)
    .execute()
  await tx.schema.createIndex('pass_by_expiry').on('pass').column('expires_at').execute()
  await tx.schema.createIndex('authorization_by_expiry').on('authorization').column('expires_at').execute()
}

const Shown = z.looseObject({ harness: z.looseObject({ key_thumbprint: z.string().optional() }) })

// Read here and not by the database: PostgreSQL's JSON does not take every text that an agent may have written.
async function fillThumbprints(tx: Kysely<any>): Promise<void> {
  for (let after = ''; ; ) {
    const keyed = tx.selectFrom('request').select(['digest', 'shown']).where('cnf', 'is not', null)
    const rows = await keyed.where('digest', '>', after).orderBy('digest').limit(AT_ONCE).execute()
    for (const { digest, shown } of rows) {
      const { key_thumbprint = null } = Shown.parse(JSON.parse(shown)).harness
      await tx.updateTable('request').set({ key_thumbprint }).where('digest', '=', digest).execute()
      after = digest
    }
    if (rows.length < AT_ONCE) return
  }
}

async function canonicalUsers(tx: Kysely<any>): Promise<void> {
  for (const { user_email } of await tx.selectFrom('request').select('user_email').distinct().execute()) {
    const canonical = canonicalAddress(user_email)
    if (canonical !== user_email) await tx.updateTable('request').set({ user_email: canonical }).where('user_email', '=', user_email).execute()
  }
}
