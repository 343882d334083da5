import { OperatorError } from '../../spec/node/operator-error.ts'
import { endTask } from '../revoke.ts'
import type { PrivateFolder } from './folder.ts'
import { dropToken, type Held, isOfTask, listHeld, returnable } from './held.ts'
import type { Io } from './io.ts'
import type { Network } from './network.ts'
import { misuse } from './options.ts'
import { asJson, duration, instant } from './print.ts'
import { describeFailure, printFailure } from './report.ts'
import { type Outside, openUser, warn } from './trip.ts'

export type EndOptions = { all?: boolean; json?: boolean; config?: string }
/** What became of one token or session. `isTold`: its Service knows, and the delegation is over. `failure`: it should know, and does not. */
export type Ended = { held: Held; isTold: boolean; failure?: unknown }

/** `agentpass end`: gives back what is held of a task (by id or description), or everything, and drops it whether its Service could be told or not. Exit 1 where one could not. */
export async function end(o: Outside, task: string | undefined, options: EndOptions): Promise<number> {
  if ((task === undefined) === !options.all) throw misuse('end what?', 'name one task, by its id or description, or give --all')
  const { settings, folder } = await openUser(o, options.config)
  const { held, ignored } = await listHeld(folder, o.now())
  warn(o.io, ignored)
  const meant = held.filter((token) => task === undefined || isOfTask(token, task))
  if (meant.length === 0 && task !== undefined)
    throw new OperatorError(`no token is held for the task ${task}`, { hint: 'agentpass status shows what is held' })
  const network = o.openNetwork(settings.network)
  try {
    const ended = await endHeld(o, folder, network, meant)
    tellUntold(o.io, ended, o.now())
    if (options.json) await o.io.out(asJson(endedAsJson(ended)))
    else await o.io.out(`${describeEnded(ended)}\n`)
    return isWhole(ended) ? 0 : 1
  } finally {
    await network.close()
  }
}

/** Gives back what is held, one after another, and drops it whether its Service could be told or not. Throws what ended the signal: what comes after it is left as it is. */
export async function endHeld({ signal }: Pick<Outside, 'signal'>, folder: PrivateFolder, network: Network, meant: Held[]): Promise<Ended[]> {
  const ended: Ended[] = []
  for (const held of meant) {
    signal.throwIfAborted()
    ended.push(await endOne(folder, network, held))
  }
  return ended
}

/** Gives one back and drops it, whether its Service could be told or not. */
export async function endOne(folder: PrivateFolder, network: Network, held: Held): Promise<Ended> {
  const ended = await tellService(network, held)
  await dropToken(folder, held.task.id)
  return ended
}

async function tellService(network: Network, held: Held): Promise<Ended> {
  const back = returnable(held)
  if (!back) return { held, isTold: false }
  return endTask(network, back).then(
    (isTold) => ({ held, isTold }),
    (failure) => ({ held, isTold: false, failure }),
  )
}

/** Whether no Service should know of its end, and does not. */
export const isWhole = (ended: Ended[]): boolean => ended.every(({ failure }) => failure === undefined)

/** Says of each that could not be ended why, and until when it lives. */
export function tellUntold(io: Io, ended: Ended[], now: number): void {
  for (const { held, failure } of ended.filter(({ isTold }) => !isTold)) {
    if (failure !== undefined) printFailure(io, failure)
    const until = held.expires_at === undefined ? 'it expires' : `${instant(held.expires_at)} (${duration(held.expires_at - now)} left)`
    io.err(`${whyUntold(held, failure)}: the delegation for ${held.task.id} goes on until ${until}, unless it is ended at ${held.authority} before\n`)
  }
}

function whyUntold(held: Held, failure: unknown): string {
  if (failure !== undefined) return `${held.service} could not be told`
  return returnable(held) ? `${held.service} takes nothing back` : `the session at ${held.service} is known to the browser alone`
}

/** How many were ended of how many, for people. */
export function describeEnded(ended: Ended[]): string {
  const told = ended.filter(({ isTold }) => isTold).length
  return `ended ${told} of ${ended.length}, and dropped ${ended.length === 1 ? 'it' : 'all'}`
}

/** The same for programs, with what could not be ended. */
export function endedAsJson(ended: Ended[]) {
  const untold = ended.filter(({ isTold }) => !isTold)
  return { ended: ended.length - untold.length, dropped: ended.length, untold: untold.map(describeUntold) }
}

const describeUntold = ({ held: { service, authority, task, expires_at: expiresAt }, failure }: Ended) => ({
  service,
  authority,
  task: { id: task.id, description: task.description },
  ...(expiresAt !== undefined && { expires_at: instant(expiresAt) }),
  ...(failure !== undefined && { error: describeFailure(failure) }),
})
