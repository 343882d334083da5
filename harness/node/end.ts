import { OperatorError } from '../../spec/node/operator-error.ts'
import { endTask } from '../revoke.ts'
import { dropToken, type Held, isOfTask, listHeld, returnable } from './held.ts'
import type { Network } from './network.ts'
import { misuse } from './options.ts'
import { asJson } from './print.ts'
import { describeFailure, printFailure } from './report.ts'
import { type Outside, openUser, warn } from './trip.ts'

export type EndOptions = { all?: boolean; json?: boolean; config?: string }
/** What became of one token or session. `isTold`: its Service knows, and the delegation is over. `failure`: it should know, and does not. */
type Ended = { held: Held; isTold: boolean; failure?: unknown }

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
    const ended: Ended[] = []
    for (const token of meant) {
      o.signal.throwIfAborted()
      ended.push(await endOne(network, token))
      await dropToken(folder, token.task.id)
    }
    return await tell(o, ended, options)
  } finally {
    await network.close()
  }
}

async function endOne(network: Network, held: Held): Promise<Ended> {
  const back = returnable(held)
  if (!back) return { held, isTold: false }
  return endTask(network, back).then(
    (isTold) => ({ held, isTold }),
    (failure) => ({ held, isTold: false, failure }),
  )
}

async function tell({ io }: Outside, ended: Ended[], { json }: EndOptions): Promise<number> {
  const told = ended.filter(({ isTold }) => isTold).length
  const failures = ended.flatMap(({ failure }) => (failure === undefined ? [] : [failure]))
  const untold = ended.filter(({ isTold }) => !isTold)
  for (const { held, failure } of untold)
    if (failure === undefined)
      io.err(`${whyUntold(held)}: the delegation for ${held.task.id} goes on until it is ended at its authority or expires\n`)
  for (const failure of failures) printFailure(io, failure)
  if (json) await io.out(asJson({ ended: told, dropped: ended.length, untold: untold.map(describeUntold) }))
  else await io.out(`ended ${told} of ${ended.length}, and dropped ${ended.length === 1 ? 'it' : 'all'}\n`)
  return failures.length > 0 ? 1 : 0
}

const whyUntold = (held: Held): string =>
  returnable(held) ? `${held.service} takes nothing back` : `the session at ${held.service} is known to the browser alone`

const describeUntold = ({ held: { service, task }, failure }: Ended) => ({
  service,
  task: { id: task.id, description: task.description },
  ...(failure !== undefined && { error: describeFailure(failure) }),
})
