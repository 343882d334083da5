import type { Now } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import { addHarnessKey, removeHarnessKey } from '../store/harness-keys.ts'
import type { AuthorityTables, HarnessKeyRow } from '../store/schema.ts'

export type RegisterDeps = { now: Now; db: Database<AuthorityTables>; audit: Audit }

/** Registers the key of a Harness under a name for people (protocol 4): requests bound to it are of the tier registered from now on. Throws unprocessable when it is registered already. */
export async function register(d: RegisterDeps, key: { thumbprint: string; name: string }, by: string): Promise<HarnessKeyRow> {
  const { thumbprint, name } = key
  const row = { thumbprint, name, added_by: by, added_at: d.now() }
  await d.db.write(async (tx) => {
    if (!(await addHarnessKey(tx, row))) throw new ProtocolError('unprocessable', 'this key is registered already')
    await d.audit.record(tx, { event: 'registration', outcome: 'added', by, ...aboutKey(row) })
  })
  return row
}

/** Removes a registered key: requests from now on are of a lower tier; what was asked for before stays as it was shown. Throws not_found when it is not registered. */
export async function unregister(d: RegisterDeps, thumbprint: string, by: string): Promise<HarnessKeyRow> {
  return d.db.write(async (tx) => {
    const row = await removeHarnessKey(tx, thumbprint)
    if (!row) throw new ProtocolError('not_found', 'there is no registered key of this thumbprint')
    await d.audit.record(tx, { event: 'registration', outcome: 'removed', by, ...aboutKey(row) })
    return row
  })
}

const aboutKey = ({ thumbprint, name }: HarnessKeyRow) => ({ key_thumbprint: thumbprint, key_name: name })
