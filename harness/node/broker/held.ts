import { printable } from '../../failure.ts'
import type { Opened, Outside } from '../trip.ts'
import { type BrokerTask, endBrokerTask, findOwnBroker, listBrokerTasks } from './own.ts'

/** What this user's running broker holds; nothing where none runs. */
export async function heldByBroker(o: Outside, opened: Pick<Opened, 'folder'>): Promise<BrokerTask[]> {
  const broker = await findOwnBroker(o, opened)
  if (!broker) return []
  try {
    return await listBrokerTasks(broker)
  } finally {
    await broker.close()
  }
}

/** Ends whatever this user's running broker holds. Gives how each task stands then; nothing where no broker runs. */
export async function endAllOfBroker(o: Outside, opened: Pick<Opened, 'folder'>): Promise<BrokerTask[]> {
  const broker = await findOwnBroker(o, opened)
  if (!broker) return []
  try {
    const ended: BrokerTask[] = []
    for (const task of await listBrokerTasks(broker)) ended.push(await endBrokerTask(broker, task))
    return ended
  } finally {
    await broker.close()
  }
}

/** A broker's task for people. */
export function describeBrokerTask({ id, status, service, user, authority, description, scope, expires_at: until, failure }: BrokerTask): string {
  const rows = {
    service,
    user,
    ...(authority !== undefined && { authority }),
    task: `${id}  ${description}`,
    broker: status,
    ...(scope && { scope: scope.join(' ') }),
    ...(until !== undefined && { until }),
    ...(failure && { failure: `${failure.message}: ${failure.hint}` }),
  }
  return Object.entries(rows)
    .map(([name, value]) => `${name.padEnd(9)} ${printable(value)}\n`)
    .join('')
}
