import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import type { Random } from '../../spec/effects.ts'
import type { Cookie } from '../cookies.ts'
import { writeWhole } from './folder.ts'
import { misuse } from './options.ts'

/** A file that can be written, before anybody is asked. Throws OperatorError (misuse). Gives its absolute path. */
export async function requireWritableFile(file: string): Promise<string> {
  const path = resolve(file)
  const found = await stat(path).catch(() => undefined) // it need not be there
  if (found && !found.isFile()) throw misuse(`--storage-state ${file} is no file`, 'name a file, such as state.json')
  await access(dirname(path), constants.W_OK | constants.X_OK).catch(() => {
    throw misuse(`--storage-state ${file} cannot be written`, 'does its folder exist, and may this user write there?')
  })
  return path
}

/** Writes cookies as Playwright reads them (`storageState`), whole or not at all, for the eyes of this user. */
export async function writeStorageState(d: { random: Random }, file: string, cookies: Cookie[]): Promise<void> {
  await writeWhole(d, dirname(file), { name: basename(file), text: `${JSON.stringify({ cookies, origins: [] }, undefined, 2)}\n` })
}
