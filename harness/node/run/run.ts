import { isIP } from 'node:net'
import { hostOf } from '../../../spec/origin.ts'
import { dropToken, type HeldToken } from '../held.ts'
import type { Network } from '../network.ts'
import { misuse, readScope, requireAddress, requireAuthority, requireService } from '../options.ts'
import { serviceFor, tokenFor } from '../select.ts'
import { type Opened, type Outside, openUser, takeBack } from '../trip.ts'
import { cannotStart, findFault, runChild } from './child.ts'
import { childEnvironment } from './environment.ts'
import { createNotes } from './notes.ts'
import { openProxy } from './proxy.ts'
import { createRelay } from './relay.ts'
import { writeTrust } from './trust.ts'

/** `proxy`: the hosts of --no-proxy, as NO_PROXY has them. */
export type RunOptions = { service?: string; user?: string; task: string; scope?: string[]; authority?: string; proxy: string; config?: string }
type Run = { opened: Opened; network: Network; held: HeldToken; command: string[]; noProxy: string }

const DAY_SECONDS = 86_400

/** `agentpass run`: runs a program that reaches a Service through a proxy that has the token. Gives the program's exit code; a token that was got for the run ends with it. */
export async function run(o: Outside, command: string[], options: RunOptions): Promise<number> {
  const named = options.service === undefined ? undefined : requireService(options.service)
  const authority = options.authority === undefined ? undefined : requireAuthority(options.authority)
  const scope = readScope(options.scope)
  const opened = await openUser(o, options.config)
  const user = options.user === undefined ? opened.settings.user : requireAddress(options.user)
  const [program = ''] = command
  const fault = await findFault(program, o.environment)
  if (fault) return cannotStart(o.io, program, fault)
  const meant = { user, task: options.task, scope, authority }
  const service = named ?? (await serviceFor(o, opened, meant))
  const noProxy = requireElsewhere(options.proxy, service)
  const network = o.openNetwork(opened.settings.network)
  try {
    const { held, isNew } = await tokenFor(o, opened, network, { service, ...meant })
    try {
      return await runWith(o, { opened, network, held, command, noProxy })
    } finally {
      if (isNew) await takeBack(o, opened, network, held)
    }
  } finally {
    await network.close()
  }
}

/** The Service itself is never reached around the proxy: there the program has no token. */
function requireElsewhere(hosts: string, service: string): string {
  const host = hostOf(service)
  const covers = (entry: string) => entry === '*' || entry === host || host.endsWith(entry.startsWith('.') ? entry : `.${entry}`)
  const entries = hosts.split(',').map((entry) => entry.trim().toLowerCase().replace(/:\d+$/, ''))
  if (entries.some((entry) => entry !== '' && covers(entry)))
    throw misuse(`--no-proxy ${hosts} names the service itself`, `name hosts other than ${host}, with commas between them`)
  return hosts
}

async function runWith(o: Outside, { opened, network, held, command, noProxy }: Run): Promise<number> {
  const { service, token, scope } = held
  const notes = createNotes()
  const { tls, pem } = await createIdentity(o, service)
  const trust = await writeTrust(pem, opened.settings.network.ca_file)
  try {
    const relay = createRelay({ fetch: network.callService, credential: { service, token, scope }, notes })
    const proxy = await openProxy(o, { service, tls, relay, onRefused: notes.wanted })
    try {
      o.signal.throwIfAborted()
      return await runChild(o, command, childEnvironment(o.environment, { proxy: proxy.url, bundle: trust.file, noProxy }))
    } finally {
      await proxy.close()
    }
  } finally {
    await trust.remove()
    if (notes.isTokenEnded()) await dropToken(opened.folder, held.task.id)
    for (const line of notes.lines({ service, expiresAt: held.expires_at, now: o.now() })) o.io.err(`agentpass: warning: ${line}\n`)
  }
}

/** A certificate of the Service's name for this run, and the authority that signed it: for that name alone, and its key is gone when this returns. */
async function createIdentity(o: Outside, service: string) {
  const { createCa } = await import('../../../spec/node/ca.ts') // takes 100 ms: for this command alone
  const host = hostOf(service).replace(/^\[|\]$/g, '')
  const onlyFor = isIP(host) === 0 ? { onlyFor: host } : {}
  const ca = await createCa({ ...o, organisation: 'agentpass run', lifetimeSeconds: DAY_SECONDS, ...onlyFor })
  return { tls: await ca.issue([host]), pem: ca.pem }
}
