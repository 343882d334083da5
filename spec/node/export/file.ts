import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { asciiJson } from './event.ts'
import type { Sink } from './sink.ts'

const MAX_LINE_BYTES = 1_048_576
/** Of every line. */
const BEGINNING = '{"at":'
/** Reading too, for the end of what is there; without waiting for a reader where it is a pipe. */
const APPENDING = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

/** JSON Lines in a file that its owner alone can read. What `send` took is on disk. A file that was renamed is left for a new one of its name. */
export function createFileSink(path: string): Sink {
  let file: FileHandle | undefined
  let last = 0
  const close = async () => {
    const opened = file
    file = undefined
    await opened?.close()
  }
  const current = async (): Promise<FileHandle> => {
    if (file && !(await isAt(path, file))) await close()
    file ??= await openToAppend(path)
    return file
  }
  return {
    form: (event) => `${asciiJson(event)}\n`,
    async open(handedOver) {
      await current()
      last = handedOver
      return handedOver
    },
    async send(events) {
      await append(await current(), events.map(({ text }) => text).join(''))
      last = events.at(-1)?.seq ?? last
    },
    handedOver: () => last,
    close,
  }
}

/** Whether the path still leads to what is open. One look after the other: on a dead disk each holds a thread of the process. */
async function isAt(path: string, file: FileHandle): Promise<boolean> {
  const there = await stat(path).catch(() => undefined)
  const ours = await file.stat()
  return there?.ino === ours.ino && there.dev === ours.dev
}

async function openToAppend(path: string): Promise<FileHandle> {
  const file = await open(path, APPENDING, 0o600)
  try {
    if (!(await file.stat()).isFile()) throw new Error(`${path} is no file`)
    await cutPartOfLine(file, path)
    return file
  } catch (failure) {
    await file.close()
    throw failure
  }
}

/** A crash may have left a part of a line, whose event is sent again. */
async function cutPartOfLine(file: FileHandle, path: string): Promise<void> {
  const { size } = await file.stat()
  const length = Math.min(size, MAX_LINE_BYTES)
  const { buffer } = await file.read({ buffer: Buffer.alloc(length), position: size - length })
  const end = buffer.lastIndexOf('\n') + 1
  if (end === 0 && size > MAX_LINE_BYTES) throw new Error(`${path} ends in a line that is none of ours`)
  const part = buffer.toString('latin1', end, length)
  if (!part.startsWith(BEGINNING.slice(0, part.length))) throw new Error(`${path} ends in a line that is none of ours`)
  if (part !== '') await file.truncate(size - length + end)
}

/** All of it on disk, or, as far as that can be undone, none of it. What somebody else appended meanwhile is never cut off. */
async function append(file: FileHandle, text: string): Promise<void> {
  const { size } = await file.stat()
  const bytes = Buffer.from(text)
  let written = 0
  try {
    while (written < bytes.length) written += (await file.write(bytes, written)).bytesWritten
    await file.sync()
  } catch (failure) {
    if ((await file.stat()).size <= size + written) await file.truncate(size)
    throw failure
  }
}
