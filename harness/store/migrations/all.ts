import type { Migration } from '../../../spec/node/migrate.ts'
import { tasks } from './001-tasks.ts'

export const migrations: Record<string, Migration> = {
  '001-tasks': tasks,
}
