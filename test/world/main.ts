#!/usr/bin/env node
import { once } from 'node:events'
import { Command, InvalidArgumentError } from 'commander'
import { type Hops, play } from './play.ts'
import { startWorld, type World } from './world.ts'

type Options = { once?: true; json?: true; authorityPort?: number; servicePort?: number; log?: true }

const port = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new InvalidArgumentError('a port is a number from 1 to 65535')
  return value
}

const program = new Command('agentpass-world')
  .description(
    'A whole AgentPass world on this machine: DNS, certificates, an Authority, a Service in front of a ticket desk, and a Harness that plays one task.',
  )
  .addHelpText('before', 'example: agentpass-world --once\n')
  .option('--once', 'play the task, show the revocation, and end')
  .option('--json', 'play nothing; print where everything is as one line of JSON, and stay up until stopped')
  .option('--authority-port <port>', 'the port of the Authority (default: a free one)', port)
  .option('--service-port <port>', 'the port of the Service (default: a free one)', port)
  .option('--log', "the parties' logs on stderr")
  .action((options: Options) => run(options))

async function run(options: Options): Promise<void> {
  const hops: Hops = []
  const world = await startWorld({
    ports: { ...(options.authorityPort && { authority: options.authorityPort }), ...(options.servicePort && { service: options.servicePort }) },
    logLevel: options.log ? 'info' : 'silent',
    onHop: (hop) => void hops.push(hop),
  })
  try {
    if (options.json) process.stdout.write(`${JSON.stringify(whereEverythingIs(world))}\n`)
    else await play(world, hops, say)
    if (options.once) return
    if (!options.json) say(invitation(world))
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  } finally {
    await world.stop()
  }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const whereEverythingIs = ({ authority, service, user, resolver, caFile, env }: World) => ({
  authority,
  service,
  user,
  resolver,
  ca_file: caFile,
  env,
})

const invitation = ({ env, service, authority }: World): string => `
The world stays up: try it from another terminal (Ctrl-C here ends it).

${Object.entries(env)
  .map(([name, value]) => `  export ${name}=${value}`)
  .join('\n')}
  npx agentpass call GET ${service.origin}/api/tickets --task "Look for open tickets"

and, while that waits, as the approver:

  npx agentpass-authority requests --config ${authority.settingsFile}
  npx agentpass-authority approve REF --config ${authority.settingsFile}
`

program.parseAsync().catch((failure: unknown) => {
  process.stderr.write(`agentpass-world: error: ${failure instanceof Error ? failure.message : String(failure)}\n`)
  process.exitCode = 1
})
