import type { Wait } from '../../spec/effects.ts'
import { openEventStream } from '../../spec/node/event-stream.ts'
import type { TaskRow } from '../store/schema.ts'
import { untilChanged } from './changes.ts'
import { isOver } from './task.ts'
import type { Tasks } from './tasks.ts'

type Watched = { id: string; find: () => Promise<TaskRow>; present: (row: TaskRow) => object; closing: AbortSignal | undefined }

const BEAT_MS = 15_000

/** A stream of a task: how it stands now, and again whenever that changes, until it is over or nobody reads any more. */
export function watchTask(d: { tasks: Pick<Tasks, 'changes'>; wait: Wait }, watched: Watched): ReadableStream<Uint8Array> {
  const gone = new AbortController()
  const leave = () => gone.abort()
  const stream = openEventStream(() => {
    watched.closing?.removeEventListener('abort', leave)
    leave()
  })
  watched.closing?.addEventListener('abort', leave)
  if (watched.closing?.aborted) leave()
  void tell(d, watched, { stream, signal: gone.signal })
  return stream.body
}

type Telling = { stream: ReturnType<typeof openEventStream>; signal: AbortSignal }

async function tell(d: { tasks: Pick<Tasks, 'changes'>; wait: Wait }, { id, find, present }: Watched, { stream, signal }: Telling): Promise<void> {
  let last = ''
  while (!signal.aborted) {
    const changed = untilChanged({ changes: d.tasks.changes, wait: d.wait }, id, { ms: BEAT_MS, signal }) // before it is read, so that nothing falls between
    const row = await find().catch(() => undefined) // swept, or not to be read now: the next reading is the watcher's
    if (!row) break
    const document = JSON.stringify(present(row))
    if (document === last) stream.beat()
    else stream.send(JSON.parse(document))
    last = document
    if (isOver(row)) break
    await changed
  }
  stream.end()
}
