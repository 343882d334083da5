import { printable } from '../failure.ts'
import { listHeld } from './held.ts'
import { asJson, describeHeld, heldAsJson } from './print.ts'
import { type Outside, openUser, warn } from './trip.ts'

export type StatusOptions = { brief?: boolean; json?: boolean; config?: string }

/** `agentpass status`: what is held, never a token. `brief` is a line each: the task's id, a tab, its sentence. */
export async function status(o: Outside, options: StatusOptions): Promise<number> {
  const { folder } = await openUser(o, options.config)
  const { held, ignored } = await listHeld(folder, o.now())
  warn(o.io, ignored)
  if (options.json) await o.io.out(asJson({ tokens: held.map(heldAsJson), ignored }))
  else if (options.brief) await o.io.out(held.map(({ task }) => `${task.id}\t${printable(task.description)}\n`).join(''))
  else await o.io.out(held.map((each) => describeHeld(each, o.now())).join('\n'))
  if (held.length === 0) o.io.err('no tokens are held\n')
  return 0
}
