import { printable } from '../failure.ts'
import { describeBrokerTask, type HeldByBroker, heldByBroker } from './broker/held.ts'
import { listHeld } from './held.ts'
import { asJson, describeHeld, heldAsJson } from './print.ts'
import { describeFailure, printFailure } from './report.ts'
import { type Outside, openUser, warn } from './trip.ts'

export type StatusOptions = { brief?: boolean; json?: boolean; config?: string }

/** `agentpass status`: what is held, by this command and by a running broker, never a token. `brief` is a line each of the first: the task's id, a tab, its sentence. Exit 1 where the broker does not say. */
export async function status(o: Outside, options: StatusOptions): Promise<number> {
  const opened = await openUser(o, options.config)
  const { held, ignored } = await listHeld(opened.folder, o.now())
  warn(o.io, ignored)
  const { tasks, failure }: HeldByBroker = options.brief && !options.json ? { tasks: [] } : await heldByBroker(o, opened)
  const error = failure === undefined ? {} : { error: describeFailure(failure) }
  if (options.json) await o.io.out(asJson({ tokens: held.map(heldAsJson), tasks, ignored, ...error }))
  else if (options.brief) await o.io.out(held.map(({ task }) => `${task.id}\t${printable(task.description)}\n`).join(''))
  else await o.io.out([...held.map((each) => describeHeld(each, o.now())), ...tasks.map(describeBrokerTask)].join('\n'))
  if (failure !== undefined) printFailure(o.io, failure)
  else if (held.length + tasks.length === 0) o.io.err('no tokens are held\n')
  return failure === undefined ? 0 : 1
}
