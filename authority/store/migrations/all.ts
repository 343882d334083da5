import type { Migration } from '../../../spec/node/migrate.ts'
import { core } from './001-core.ts'
import { harnessIdentity } from './002-harness-identity.ts'
import { requestHolder } from './003-request-holder.ts'
import { outbox } from './004-outbox.ts'
import { keyRotation } from './005-key-rotation.ts'
import { consoleTables } from './006-console.ts'
import { policyTables } from './007-policy.ts'
import { exports } from './008-export.ts'
import { notifications } from './009-notifications.ts'

export const migrations: Record<string, Migration> = {
  '001-core': core,
  '002-harness-identity': harnessIdentity,
  '003-request-holder': requestHolder,
  '004-outbox': outbox,
  '005-key-rotation': keyRotation,
  '006-console': consoleTables,
  '007-policy': policyTables,
  '008-export': exports,
  '009-notifications': notifications,
}
