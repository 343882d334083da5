import { existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { toRfc3339 } from '../time.ts'
import { flush } from './backup.ts'
import { takeAlone } from './in-use.ts'
import { messageOf, OperatorError } from './operator-error.ts'
import { systemNow } from './settings.ts'

/** What of a SQLite database is in its file, and what may be in files beside it that were not folded in. */
const PARTS = ['', '-wal', '-journal']

const partsOf = (file: string): string[] => PARTS.filter((part) => (statSync(`${file}${part}`, { throwIfNoEntry: false })?.size ?? 0) > 0)

/** Whether a database, or what is left of one, is where a SQLite file is to be. */
export const isTaken = (file: string): boolean => existsSync(file) || partsOf(file).length > 0

/**
 * Puts a finished SQLite file where the database is to be; what is there is kept beside it under another name, which it gives.
 * Throws OperatorError where somebody has that open; a kill between the two steps leaves no database, and the next call finishes.
 */
export function putInPlace(made: string, file: string): string | undefined {
  const old = existsSync(file) ? takeAlone(file) : undefined
  try {
    if (old) rmSync(`${file}-journal`, { force: true }) // nothing is left in it
    const kept = setAside(file)
    linkSync(made, file) // and not renamed: what somebody else has put there meanwhile stays
    rmSync(made)
    flush(dirname(file))
    return kept
  } catch (cause) {
    throw new OperatorError(`cannot put the database in place as ${file}: ${messageOf(cause)}`, { cause, hint: 'run restore again' })
  } finally {
    old?.close() // until here nobody could open the old one
  }
}

/** A log that stayed behind would be taken for the new database's. */
function setAside(file: string): string | undefined {
  const parts = partsOf(file)
  const kept = freeName(`${file}.before-restore-${toRfc3339(systemNow()).replace(/\.\d+|[:-]/g, '')}`)
  for (const part of parts) renameSync(`${file}${part}`, `${kept}${part}`)
  for (const part of [...PARTS, '-shm']) rmSync(`${file}${part}`, { force: true }) // empty, or an index of the log
  return parts.length > 0 ? kept : undefined
}

function freeName(name: string, count = 1): string {
  const candidate = count === 1 ? name : `${name}-${count}`
  return isTaken(candidate) ? freeName(name, count + 1) : candidate
}
