import type { Wait } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { openEventStream } from '../../spec/node/event-stream.ts'
import type { TaskRow } from '../store/schema.ts'
import { untilChanged } from './changes.ts'
import { isOver } from './task.ts'
import type { Tasks } from './tasks.ts'

type Watched = { id: string; find: () => Promise<TaskRow>; present: (row: TaskRow) => object; closing: AbortSignal | undefined }

const BEAT_MS = 15_000
const MOST_OF_A_TASK = 8

/** Opens streams of tasks: how one stands now, and again whenever that changes, until it is over or nobody reads any more. Throws rate_limited where enough are open. */
export function createWatches(d: { tasks: Pick<Tasks, 'changes'>; wait: Wait }): (watched: Watched) => ReadableStream<Uint8Array> {
  const open = new Map<string, number>()
  const count = (id: string, by: 1 | -1) => {
    const left = (open.get(id) ?? 0) + by
    if (left === 0) open.delete(id)
    else open.set(id, left)
  }
  return (watched) => {
    const { id, closing } = watched
    if ((open.get(id) ?? 0) >= MOST_OF_A_TASK)
      throw new ProtocolError('rate_limited', 'enough streams of this task are open', { retryAfterSeconds: 5 })
    const gone = new AbortController()
    const leave = () => gone.abort()
    const stream = openEventStream(() => {
      count(id, -1)
      closing?.removeEventListener('abort', leave)
      leave()
    })
    count(id, 1)
    closing?.addEventListener('abort', leave)
    if (closing?.aborted) leave()
    void tell(d, watched, { stream, signal: gone.signal })
    return stream.body
  }
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
