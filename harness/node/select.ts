import { OperatorError } from '../../spec/node/operator-error.ts'
import { type HeldToken, isToken, listHeld } from './held.ts'
import type { Network } from './network.ts'
import { misuse, requireTask } from './options.ts'
import { acquireToken, type Opened, type Outside, warn } from './trip.ts'

/** Which token is meant: of a Service, and where they were named, a user, a task (by id or description), a scope that it covers as far as the Service said. */
export type Meant = {
  service: string
  user: string | undefined
  task: string | undefined
  scope: string[] | undefined
  authority: string | undefined
}

const TASK_ID = /^task-[\w-]{22}$/

/** The one live token that is meant, or a new one where user and task are known. Throws OperatorError when it is not clear which, or there is none. */
export async function tokenFor(o: Outside, opened: Opened, network: Network, meant: Meant): Promise<{ held: HeldToken; isNew: boolean }> {
  const { held: all, ignored } = await listHeld(opened.folder, o.now())
  warn(o.io, ignored)
  const held = all.filter(isToken)
  const fitting = held.filter((token) => fits(token, meant))
  const kinds = new Map(fitting.map((token) => [kindOf(token), token])) // of equal tokens, the newest
  const [only, ...others] = kinds.values()
  if (others.length > 0) throw ambiguous(meant.service, [...kinds.values()])
  if (only) return { held: only, isNew: false }
  const { service, user, task, scope, authority } = meant
  if (user === undefined || task === undefined || TASK_ID.test(task))
    throw noneHeld(
      meant,
      held.filter((token) => token.service === service),
    )
  const wanted = { service, user, task: requireTask(task), ...(scope && { scope }), ...(authority !== undefined && { authority }) }
  return { held: await acquireToken(o, opened, network, wanted), isNew: true }
}

/** The Service that is meant where none is named: that of the live tokens that are meant otherwise. Throws OperatorError where there is not exactly one. */
export async function serviceFor(o: Outside, { folder }: Opened, meant: Omit<Meant, 'service'>): Promise<string> {
  const { held } = await listHeld(folder, o.now())
  const services = new Set(held.filter((token) => isToken(token) && fits(token, { ...meant, service: token.service })).map(({ service }) => service))
  const [only, ...others] = services
  if (only !== undefined && others.length === 0) return only
  const why = only === undefined ? 'no live token is held for the task' : `tokens are held for it at ${[...services].join(', ')}`
  throw misuse(`which service? ${why}`, 'name it with --service, such as --service https://desk.example')
}

const fits = (token: HeldToken, { service, user, task, scope, authority }: Meant): boolean =>
  token.service === service &&
  (user === undefined || token.user === user) &&
  (task === undefined || token.task.id === task || token.task.description === task) &&
  (authority === undefined || token.authority === authority) &&
  (scope === undefined || token.scope === undefined || scope.every((name) => token.scope?.includes(name)))

const kindOf = ({ user, task, authority, scope }: HeldToken): string => JSON.stringify([user, task.description, authority, scope?.toSorted()])

const describe = ({ user, task, scope }: HeldToken): string => `${task.id} (${user}, ${task.description}, ${scope?.join(' ') ?? 'scope not said'})`

function ambiguous(service: string, tokens: HeldToken[]): OperatorError {
  const message = `several tokens are held for ${service}: ${tokens.map(describe).join('; ')}`
  return misuse(message, `choose with --task, --user or --scope: for example --task ${tokens[0]?.task.id}`)
}

function noneHeld({ service, user, task }: Meant, others: HeldToken[]): OperatorError {
  const whose = [task === undefined ? '' : ` and the task ${task}`, user === undefined ? '' : ` and the user ${user}`].join('')
  const held = others.length > 0 ? `; held are ${others.map(describe).join('; ')}` : ''
  return new OperatorError(`no live token is held for ${service}${whose}${held}`, {
    hint: 'give --user and --task with a sentence to get one, or run agentpass token',
  })
}
