import type { Migration } from '../../../spec/node/migrate.ts'
import { core } from './001-core.ts'

export const migrations: Record<string, Migration> = { '001-core': core }
