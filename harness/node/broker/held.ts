import { printable } from '../../failure.ts'
import { describeFailure } from '../report.ts'
import type { Opened, Outside } from '../trip.ts'
import { type Askable, type BrokerTask, endBrokerTask, findOwnBroker, hasBrokerState, listBrokerTasks } from './own.ts'

/** What a broker holds, or why that is not known. */
export type HeldByBroker = { tasks: BrokerTask[]; failure?: unknown }

/** What this user's running broker holds; nothing where none runs. Throws what ended the signal. */
export async function heldByBroker(o: Outside, opened: Pick<Opened, 'folder'>): Promise<HeldByBroker> {
  try {
    const broker = await findOwnBroker(o, opened)
    if (!broker) return { tasks: [] }
    try {
      return { tasks: await listBrokerTasks(broker) }
    } finally {
      await broker.close()
    }
  } catch (failure) {
    o.signal.throwIfAborted()
    return { tasks: [], failure }
  }
}

/** What was ended of a broker: how each of its tasks stands then, and why it could not be asked at all. */
export type EndedOfBroker = { tasks: BrokerTask[]; failure?: unknown }

/** Ends whatever this user's broker holds, a stopped one too. What cannot be ended keeps nothing else from it. Throws what ended the signal. */
export async function endAllOfBroker(o: Outside, opened: Opened): Promise<EndedOfBroker> {
  const tasks: BrokerTask[] = []
  try {
    const broker = (await findOwnBroker(o, opened)) ?? (await openStopped(o, opened))
    if (!broker) return { tasks }
    try {
      for (const task of await listBrokerTasks(broker)) {
        o.signal.throwIfAborted()
        const left = (failure: unknown) => {
          o.signal.throwIfAborted()
          return { ...task, failure: describeFailure(failure) }
        }
        tasks.push(await endBrokerTask(broker, task).catch(left))
      }
    } finally {
      await broker.close()
    }
    return { tasks }
  } catch (failure) {
    o.signal.throwIfAborted()
    return { tasks, failure }
  }
}

/** A server is not loaded where there is nothing to serve. */
const openStopped = async (o: Outside, opened: Opened): Promise<Askable | undefined> =>
  hasBrokerState(opened) ? (await import('./stopped.ts')).openStoppedBroker(o, opened) : undefined

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
