import type { Migration } from '../../../spec/node/migrate.ts'
import { tasks } from './001-tasks.ts'
import { exports } from './002-export.ts'

export const migrations: Record<string, Migration> = {
  '001-tasks': tasks,
  '002-export': exports,
}
