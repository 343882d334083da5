import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js'
import type { Now, Wait } from '../../spec/effects.ts'
import type { Agent } from '../broker/agents.ts'
import { untilChanged } from '../broker/changes.ts'
import { describeTask } from '../broker/task.ts'
import type { Tasks } from '../broker/tasks.ts'
import type { TaskRow } from '../store/schema.ts'
import { tellTask } from './words.ts'

/** What the SDK says of the call that a tool answers. */
export type Call = RequestHandlerExtra<ServerRequest, ServerNotification>

const NEWS_MS = 5000

/** Waits while a task's trip is under way, for so many seconds, and tells a client that wants to know how far it is. Throws the signal's reason when the call is canceled. */
export async function untilDecided(
  d: { tasks: Pick<Tasks, 'find' | 'changes'>; wait: Wait; now: Now },
  { agent, id, seconds }: { agent: Agent; id: string; seconds: number },
  call: Call,
): Promise<TaskRow> {
  const began = d.now()
  for (;;) {
    const changed = untilChanged({ changes: d.tasks.changes, wait: d.wait }, id, { ms: NEWS_MS, signal: call.signal })
    const row = await d.tasks.find(agent, id)
    const isUnderWay = row.status === 'asking' || row.status === 'redeeming'
    if (!isUnderWay || d.now() - began >= seconds) return row
    await tellProgress(call, { progress: d.now() - began, message: tellTask(describeTask(row)) })
    await changed
    call.signal.throwIfAborted()
  }
}

async function tellProgress({ _meta, sendNotification }: Call, { progress, message }: { progress: number; message: string }): Promise<void> {
  const progressToken = _meta?.progressToken
  if (progressToken === undefined) return
  await sendNotification({ method: 'notifications/progress', params: { progressToken, progress, message } }).catch(() => undefined) // it has gone: the wait goes on
}
