import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { asProtocolError } from '../../spec/error.ts'
import type { Log } from '../../spec/node/log.ts'
import { describeTask } from '../broker/task.ts'
import type { TaskRow } from '../store/schema.ts'
import { tellTask } from './words.ts'

/** A tool's answer: the words for a model, and the same for programs. */
export const result = (text: string, structuredContent: Record<string, unknown>, isError: boolean): CallToolResult => ({
  content: [{ type: 'text', text }],
  structuredContent,
  ...(isError && { isError }),
})

/** An answer for the model from what was done, or why it was not, in words that it can act upon. */
export async function answering(d: { log: Log }, act: () => Promise<TaskRow | TaskRow[] | CallToolResult>): Promise<CallToolResult> {
  try {
    const done = await act()
    if (Array.isArray(done)) {
      const tasks = done.map(describeTask)
      return result(tasks.map(tellTask).join('\n') || 'There are no tasks.', { tasks }, false)
    }
    if ('content' in done) return done
    const document = describeTask(done)
    return result(tellTask(document), { ...document }, ['failed', 'lost', 'expired'].includes(document.status))
  } catch (failure) {
    if (failure instanceof z.ZodError) {
      const issue = failure.issues[0]
      return result(`${issue?.path.join('.') || 'the request'} cannot be used: ${issue?.message ?? 'it is invalid'}`, {}, true)
    }
    const refusal = asProtocolError(failure)
    if (refusal.code === 'internal') d.log.error('tool_failed', { failure })
    return result(`${refusal.message} (${refusal.code})`, { error: { code: refusal.code, message: refusal.message } }, true)
  }
}
