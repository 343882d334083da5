import type { Now, Random } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Initialization } from '../initialize.ts'
import type { TaskRow } from '../store/schema.ts'

/** Browser sessions that have yet to begin, each at an address that nobody can guess and that is given out once. In the memory of this instance alone. */
export type Openings = {
  /** Gives the path at which a browser begins the session, until `expiresAt` (epoch seconds). */
  add: (task: Pick<TaskRow, 'id' | 'agent'>, initialization: Initialization, expiresAt: number) => string
  /** The path of a task's session that has yet to begin. */
  pathOf: (taskId: string) => string | undefined
  /** Whose task it is, while its session has yet to begin. */
  agentOf: (taskId: string) => string | undefined
  /** Takes a session to begin it, once. Throws initialization_gone. */
  take: (token: string) => { taskId: string; initialization: Initialization }
  drop: (taskId: string) => void
}

type Opening = { token: string; taskId: string; agent: string; initialization: Initialization; expiresAt: number }

/** That a session can no longer begin. */
export const initializationGone = (): ProtocolError =>
  new ProtocolError('initialization_gone', 'this page was loaded already, or its time is over: start a new task')

export function createOpenings({ now, random }: { now: Now; random: Random }): Openings {
  const openings = new Map<string, Opening>()
  const live = () => {
    for (const [token, { expiresAt }] of openings) if (expiresAt <= now()) openings.delete(token)
    return [...openings.values()]
  }
  const findOf = (taskId: string) => live().find((one) => one.taskId === taskId)
  return {
    add({ id: taskId, agent }, initialization, expiresAt) {
      const token = random(32)
      openings.set(token, { token, taskId, agent, initialization, expiresAt })
      return pathFor(token)
    },
    pathOf(taskId) {
      const opening = findOf(taskId)
      return opening && pathFor(opening.token)
    },
    agentOf: (taskId) => findOf(taskId)?.agent,
    take(token) {
      live()
      const opening = openings.get(token)
      openings.delete(token)
      if (!opening) throw initializationGone()
      return opening
    },
    drop(taskId) {
      for (const [token, opening] of openings) if (opening.taskId === taskId) openings.delete(token)
    },
  }
}

const pathFor = (token: string): string => `/open/${token}`
