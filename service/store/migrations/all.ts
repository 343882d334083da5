import type { Migration } from '../../../spec/node/migrate.ts'
import { core } from './001-core.ts'
import { browser } from './002-browser.ts'
import { securityEvents } from './003-security-events.ts'
import { keyRotation } from './004-key-rotation.ts'
import { exports } from './005-export.ts'

export const migrations: Record<string, Migration> = {
  '001-core': core,
  '002-browser': browser,
  '003-security-events': securityEvents,
  '004-key-rotation': keyRotation,
  '005-export': exports,
}
