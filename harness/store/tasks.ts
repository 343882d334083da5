import { statement } from '../../spec/node/statement.ts'
import { type BrokerTables, LIVE, type TaskRow, type Tx } from './schema.ts'

const MOST_ENDED = 100

export async function addTask(tx: Tx, task: TaskRow): Promise<void> {
  await tx.insertInto('task').values(task).execute()
}

const selectTask = statement<BrokerTables, { id: string; agent: string }>()((db, given) =>
  db.selectFrom('task').selectAll().where('id', '=', given('id')).where('agent', '=', given('agent')),
)

/** A task of this agent; another agent's is as good as none. */
export async function findTask(db: Tx, id: string, agent: string): Promise<TaskRow | undefined> {
  const [row] = await selectTask(db, { id, agent })
  return row
}

/** An agent's tasks, newest first: all that live, and after them the newest of the others. */
export async function listTasks(db: Tx, agent: string): Promise<TaskRow[]> {
  const own = db.selectFrom('task').selectAll().where('agent', '=', agent).orderBy('created_at', 'desc').orderBy('id')
  return [...(await own.where('status', 'in', LIVE).execute()), ...(await own.where('status', 'not in', LIVE).limit(MOST_ENDED).execute())]
}

/** How many tasks of an agent live. */
export async function countLive(db: Tx, agent: string): Promise<number> {
  const { count } = await db
    .selectFrom('task')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('agent', '=', agent)
    .where('status', 'in', LIVE)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Deletes tasks that ended long ago and left nothing to be done. Gives how many went. */
export async function deleteTasksEndedBefore(tx: Tx, before: number, limit: number): Promise<number> {
  const due = tx
    .selectFrom('task')
    .select('id')
    .where('status', 'not in', LIVE)
    .where('changed_at', '<', before)
    .where('sealed_status_url', 'is', null)
    .limit(limit)
  const { numDeletedRows } = await tx.deleteFrom('task').where('id', 'in', due).executeTakeFirst()
  return Number(numDeletedRows)
}
