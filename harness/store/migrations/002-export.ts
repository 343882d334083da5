import type { Migration } from '../../../spec/node/migrate.ts'
import { addExports } from '../../../spec/node/shared-tables.ts'

export const exports: Migration = addExports
