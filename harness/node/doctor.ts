import type { Command } from 'commander'
import { jsonOption, withExample } from '../../spec/node/cli.ts'
import { withoutRedirects } from '../discover.ts'
import { createChooser } from './choose.ts'
import { examineMachine, examineNetwork, serversOf } from './examine-machine.ts'
import { examineAuthority, examineService } from './examine-peers.ts'
import { createHops, FailedHop, type Hops } from './hops.ts'
import { misuse, requireAddress, requireAuthority, requireService, shared } from './options.ts'
import { asJson } from './print.ts'
import { describeFailure } from './report.ts'
import type { Outside } from './trip.ts'

export type DoctorOptions = { service?: string; user?: string; authority?: string; json?: boolean; config?: string }

/** `agentpass doctor`: looks at one hop of the trip after another, up to the first that fails, and says how to mend that. Asks for no pass. Exit 1 where one failed. */
export async function doctor(o: Outside, options: DoctorOptions): Promise<number> {
  const { json = false } = options
  const wanted = requireWanted(options)
  const hops = createHops({ ...o, isQuiet: json })
  try {
    await examine(hops, o, wanted)
  } catch (failure) {
    if (!(failure instanceof FailedHop)) throw failure
    const error = describeFailure(failure.cause)
    await o.io.out(json ? asJson({ hops: hops.seen, error }) : `to mend it: ${error.hint}\n`)
    return 1
  }
  if (json) await o.io.out(asJson({ hops: hops.seen }))
  return 0
}

type Wanted = { service: string | undefined; user: string | undefined; authority: string | undefined; config: string | undefined }

function requireWanted({ service, user, authority, config }: DoctorOptions): Wanted {
  if (service === undefined && (user ?? authority) !== undefined)
    throw misuse('at which service?', 'give --service too: who decides for a user is the service to say')
  return {
    service: service === undefined ? undefined : requireService(service),
    user: user === undefined ? undefined : requireAddress(user),
    authority: authority === undefined ? undefined : requireAuthority(authority),
    config,
  }
}

async function examine(hops: Hops, o: Outside, { service, user: named, authority, config }: Wanted): Promise<void> {
  const { settings, folder } = await examineMachine(hops, o, config)
  const network = await examineNetwork(hops, o, settings)
  try {
    if (service === undefined) return o.io.err('all of it works on this machine; with --service, the way to a service is looked at, too\n')
    const { resolveTxt } = network
    const requireDnssec = settings.network.dnssec === 'required'
    const d = { resolveTxt, fetch: withoutRedirects(network.fetch), now: o.now, profile: settings.profile, requireDnssec }
    const document = await examineService(hops, d, service, serversOf(settings.network))
    const user = named ?? settings.user
    if (user === undefined) return o.io.err('all of it works as far as the service; with --user, who decides is looked at, too\n')
    const nobody = { ...o.io, ask: undefined }
    const chooseAuthority = createChooser({ ...o, io: nobody, folder, authorities: settings.authorities, service, user })
    await examineAuthority(hops, d, document, { user, chooseAuthority, ...(authority !== undefined && { authority }) })
    o.io.err('all of it works\n')
  } finally {
    await network.close()
  }
}

/** Adds the command to a program. */
export function addDoctor(program: Command, act: (options: DoctorOptions) => Promise<void>): void {
  const command = program
    .command('doctor')
    .description('what works on the way to a pass, hop by hop, and how to mend the first that does not')
    .option('--service <origin>', 'the service to look at, such as https://desk.example; without it, this machine alone')
    .addOption(shared.user())
    .addOption(shared.authority())
    .addOption(jsonOption())
    .addOption(shared.config())
    .action(act)
  withExample(command, 'agentpass doctor --service https://desk.example --user ada@acme.example')
}
