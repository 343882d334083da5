import type { Command } from 'commander'
import { jsonOption, withExample } from '../../spec/node/cli.ts'
import { printable } from '../failure.ts'
import { type EndedOfBroker, endAllOfBroker } from './broker/held.ts'
import { forgetChoices } from './choose.ts'
import { describeEnded, endedAsJson, endHeld, isWhole, tellUntold } from './end.ts'
import { dropAllTokens, listHeld } from './held.ts'
import type { Io } from './io.ts'
import { shared } from './options.ts'
import { asJson } from './print.ts'
import { describeFailure, printFailure } from './report.ts'
import { type Outside, openUser, warn } from './trip.ts'

export type LogoutOptions = { json?: boolean; config?: string }

/**
 * `agentpass logout`: gives everything back at the Services and drops it, what the broker holds too, running or stopped, with what cannot be read, and forgets which Authorities were chosen.
 * Exit 1 where something lives on that should not: a Service could not be told, or nobody knows whom to tell.
 */
export async function logout(o: Outside, options: LogoutOptions): Promise<number> {
  const opened = await openUser(o, options.config)
  const { settings, folder } = opened
  const { held, ignored } = await listHeld(folder, o.now())
  warn(o.io, ignored)
  const network = o.openNetwork(settings.network)
  try {
    const ended = await endHeld(o, folder, network, held)
    const unread = await dropAllTokens(folder)
    await forgetChoices(folder)
    tellUntold(o.io, ended, o.now())
    if (unread > 0) o.io.err(`dropped ${unread} that could not be read: what it was for goes on until it expires, or is ended at its authority\n`)
    const { tasks, failure } = await endAllOfBroker(o, opened)
    tellLeft(o.io, { tasks, failure })
    const ofBroker = tasks.length > 0 ? `, ${tasks.length} of the broker` : ''
    if (options.json)
      await o.io.out(asJson({ ...endedAsJson(ended), unread, tasks, ...(failure !== undefined && { error: describeFailure(failure) }) }))
    else await o.io.out(`${describeEnded(ended)}${ofBroker}; which authorities were chosen is forgotten\n`)
    const isBrokerDone = failure === undefined && tasks.every(({ status }) => status === 'ended')
    return isWhole(ended) && unread === 0 && isBrokerDone ? 0 : 1
  } finally {
    await network.close()
  }
}

/** Says what the broker may hold still, and why. */
function tellLeft(io: Io, { tasks, failure }: EndedOfBroker): void {
  if (failure !== undefined) printFailure(io, failure)
  if (failure !== undefined)
    io.err('what your broker holds was not ended, or not all of it: it goes on until it expires, or is ended at its authority\n')
  for (const { id, status, failure: left } of tasks.filter((task) => task.status !== 'ended' || task.failure))
    io.err(`of the broker's task ${id}: ${printable(left ? `${left.message}: ${left.hint}` : status)}\n`)
}

/** Adds the command to a program. */
export function addLogout(program: Command, act: (options: LogoutOptions) => Promise<void>): void {
  const command = program
    .command('logout')
    .description('end everything, at the services too, and forget which authorities were chosen')
    .addOption(jsonOption())
    .addOption(shared.config())
    .action(act)
  withExample(command, 'agentpass logout')
}
