import { OperatorError } from '../../spec/node/operator-error.ts'
import { forgetChoices } from './choose.ts'
import { dropAllTokens, dropToken, isOfTask, listHeld } from './held.ts'
import { misuse } from './options.ts'
import { asJson } from './print.ts'
import { type Opened, type Outside, openUser } from './trip.ts'

export type ForgetOptions = { all?: boolean; json?: boolean; config?: string }

/** `agentpass forget`: drops what is held of a task (by id or description), or everything, remembered choices too. Nobody is told: that is `end`. */
export async function forget(o: Outside, task: string | undefined, options: ForgetOptions): Promise<number> {
  if ((task === undefined) === !options.all) throw misuse('forget what?', 'name one task, by its id or description, or give --all')
  const opened = await openUser(o, options.config)
  const forgotten = task === undefined ? await forgetAll(opened) : await forgetTask(o, opened, task)
  if (options.json) await o.io.out(asJson({ forgotten }))
  else await o.io.out(`forgot ${forgotten} ${forgotten === 1 ? 'token' : 'tokens'}\n`)
  if (forgotten > 0) o.io.err('no service was told: the delegation itself goes on until it is ended at its authority or expires\n')
  return 0
}

async function forgetAll({ folder }: Opened): Promise<number> {
  await forgetChoices(folder)
  return dropAllTokens(folder)
}

async function forgetTask(o: Outside, { folder }: Opened, task: string): Promise<number> {
  const { held } = await listHeld(folder, o.now())
  const ids = new Set(held.filter((each) => isOfTask(each, task)).map((each) => each.task.id))
  if (/^task-[\w-]{1,95}$/.test(task)) ids.add(task) // its file may be garbled
  const dropped = await Promise.all([...ids].map((id) => dropToken(folder, id)))
  const forgotten = dropped.filter(Boolean).length
  if (forgotten === 0) throw new OperatorError(`no token is held for the task ${task}`, { hint: 'agentpass status shows what is held' })
  return forgotten
}
