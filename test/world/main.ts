#!/usr/bin/env node
import { once } from 'node:events'
import { Command, InvalidArgumentError } from 'commander'
import { playMatrix } from './matrix.ts'
import { type Hops, play } from './play.ts'
import { printMatrix } from './print-matrix.ts'
import { startWorld, type World } from './world.ts'

type Options = { once?: true; all?: true; json?: true; authorityPort?: number; servicePort?: number; log?: true }

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
  .option('--all', 'play who may decide for whom, each row of protocol 3, and end; exit code 1 when one is not as it demands')
  .option('--json', 'play nothing; print where everything is as one line of JSON, and stay up until stopped; with --all, print its matrix as JSON')
  .option('--authority-port <port>', 'the port of the Authority (default: a free one)', port)
  .option('--service-port <port>', 'the port of the Service (default: a free one)', port)
  .option('--log', "the parties' logs on stderr")
  .action((options: Options) => (options.all ? runMatrix(options) : run(options)))

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

async function runMatrix({ json }: Options): Promise<void> {
  const matrix = await playMatrix()
  if (json) say(JSON.stringify(matrix))
  else printMatrix(matrix, say)
  if (matrix.wrong.length > 0) throw new Error(`protocol 3 demands otherwise: ${matrix.wrong.length} wrong, such as ${matrix.wrong[0]}`)
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
