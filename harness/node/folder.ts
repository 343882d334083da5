import { constants } from 'node:fs'
import { type FileHandle, link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Now, Random } from '../../spec/effects.ts'
import { messageOf, OperatorError } from '../../spec/node/operator-error.ts'

/** A folder of files that this user alone may read and write. */
export type PrivateFolder = {
  path: string
  names: () => Promise<string[]>
  /** A file's text; undefined when it is gone. Throws Error with the reason when it is not ours to trust. */
  read: (name: string) => Promise<string | undefined>
  /** Writes a file whole or not at all, for the eyes of this user. */
  write: (name: string, text: string) => Promise<void>
  /** The same, where there is none yet: one that is there, or that another process makes meanwhile, stays. */
  add: (name: string, text: string) => Promise<void>
  /** Whether there was one to remove. */
  remove: (name: string) => Promise<boolean>
}

const TEMPORARY = '.tmp-'
const TEMPORARY_SECONDS = 60
const MAX_BYTES = 256 * 1024
const OTHERS = 0o077
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Opens the folder, and makes it where it is missing. Throws OperatorError when others may read or write it, or it is not this user's. */
export async function openPrivateFolder(d: { now: Now; random: Random }, path: string): Promise<PrivateFolder> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((cause) => {
    throw new OperatorError(`the state folder ${path} cannot be made`, { hint: 'set XDG_STATE_HOME to a folder of your own', cause })
  })
  const folder = await stat(path)
  if (!isOwn(folder))
    throw new OperatorError(`the state folder ${path} belongs to somebody else`, { hint: 'set XDG_STATE_HOME to a folder of your own' })
  if (isOpenToOthers(folder)) throw new OperatorError(`others may read or write the state folder ${path}`, { hint: `chmod 700 ${path}` })
  return {
    path,
    names: () => listNames(d.now, path),
    read: (name) => readOwn(join(path, name)),
    write: (name, text) => writeWhole(d, path, { name, text }),
    add: (name, text) => addWhole(d, path, { name, text }),
    remove: (name) => remove(join(path, name)),
  }
}

const isOwn = ({ uid }: { uid: number }): boolean => process.getuid === undefined || uid === process.getuid()
const isOpenToOthers = ({ mode }: { mode: number }): boolean => process.getuid !== undefined && (mode & OTHERS) !== 0 // Windows has no modes

/** What lies in the folder. What a crashed write left behind may hold a secret, and goes. */
async function listNames(now: Now, path: string): Promise<string[]> {
  const names = await readdir(path)
  for (const name of names.filter((each) => each.startsWith(TEMPORARY))) {
    const left = await stat(join(path, name)).catch(() => undefined) // its writer was faster
    if (left && left.mtimeMs / 1000 < now() - TEMPORARY_SECONDS) await remove(join(path, name))
  }
  return names.filter((name) => !name.startsWith(TEMPORARY)).sort()
}

/** A file's text; undefined when there is none. Throws Error with the reason when it is not this user's alone. */
export async function readOwn(file: string): Promise<string | undefined> {
  let handle: FileHandle
  try {
    handle = await open(file, READ_FLAGS)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw codeOf(cause) === 'ELOOP' ? new Error('it is a link', { cause }) : cause
  }
  try {
    const found = await handle.stat()
    if (!found.isFile()) throw new Error('it is no file')
    if (!isOwn(found)) throw new Error('it belongs to somebody else')
    if (isOpenToOthers(found)) throw new Error('others may read or write it')
    if (found.size > MAX_BYTES) throw new Error('it is too large')
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

type Named = { name: string; text: string }

/** Writes a file whole or not at all, for the eyes of this user. Throws OperatorError. */
export const writeWhole = (d: { random: Random }, folder: string, { name, text }: Named): Promise<void> =>
  placeWhole(d, folder, text, (written) => rename(written, join(folder, name)))

/** The same, and replaces none. */
const addWhole = (d: { random: Random }, folder: string, { name, text }: Named): Promise<void> =>
  placeWhole(d, folder, text, async (written) => {
    await link(written, join(folder, name)).catch((cause) => {
      if (codeOf(cause) !== 'EEXIST') throw cause
    })
    await remove(written)
  })

async function placeWhole(d: { random: Random }, folder: string, text: string, place: (written: string) => Promise<void>): Promise<void> {
  const path = join(folder, `${TEMPORARY}${d.random(9)}`)
  try {
    const handle = await open(path, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await place(path)
  } catch (cause) {
    await remove(path)
    throw new OperatorError(`nothing can be kept in ${folder}: ${messageOf(cause)}`, { hint: 'is the disk full?', cause })
  }
}

async function remove(file: string): Promise<boolean> {
  return unlink(file).then(
    () => true,
    (cause) => {
      if (codeOf(cause) === 'ENOENT') return false
      throw new OperatorError(`${file} cannot be removed`, { hint: 'remove it by hand: it may hold a token', cause })
    },
  )
}

/** The code of a failure of the system's, such as ENOENT. */
export const codeOf = (cause: unknown): unknown => (cause instanceof Error && 'code' in cause ? cause.code : undefined)
