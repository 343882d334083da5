import type { Audit, AuditEvent } from '../../spec/node/audit.ts'
import type { Announce } from '../../spec/node/database.ts'
import type { TaskRow, Tx } from '../store/schema.ts'

/** Audits what became of a task, in the transaction of the change, and tells those who watch it when that is on disk. */
export async function recordTask(d: { audit: Audit }, tx: Tx, { row, announce, outcome, because }: Recording): Promise<void> {
  const event: AuditEvent = {
    ...{ event: 'task', outcome, type: row.type, task: row.id, agent: row.agent, user: row.user_email, service: row.service },
    ...{ authority: row.authority ?? undefined, reason: because },
  }
  await d.audit.record(tx, event)
  announceTask(announce, row.id)
}

type Recording = { row: TaskRow; announce: Announce; outcome: string; because?: string | undefined }

/** Tells those who watch a task that it has changed. */
export const announceTask = (announce: Announce, id: string): void => announce(`task ${id}`)

/** Which task an announcement is about; undefined for any other. */
export const taskAnnounced = (message: string): string | undefined => /^task (\S+)$/.exec(message)?.[1]
