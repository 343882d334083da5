#!/usr/bin/env node
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { consoleUrl } from './console.ts'
import { playMatrix } from './matrix.ts'
import { openPage } from './page/open.ts'
import { createRecord, type Recording } from './page/record.ts'
import { type Hops, play } from './play.ts'
import { printMatrix } from './print-matrix.ts'
import { startSubjects } from './subjects/subjects.ts'
import { Suite } from './subjects/suite.ts'
import { startWorld, type World } from './world.ts'

type Options = {
  once?: true
  all?: true
  json?: true
  authorityPort?: number
  servicePort?: number
  pagePort?: number
  log?: true
  suite?: string
  database?: string
}

const port = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new InvalidArgumentError('a port is a number from 1 to 65535')
  return value
}

const program = new Command('agentpass-world')
  .description(
    'A whole AgentPass world on this machine: DNS, certificates, Authorities, a Service in front of a ticket desk, and a Harness that plays one task. ' +
      'Then it stays up, with a page that shows what they say to each other.',
  )
  .addHelpText('before', 'example: agentpass-world --once\n')
  .option('--once', 'play the task, show the revocation, and end')
  .option('--all', 'play who may decide for whom, each row of protocol 3, and end; exit code 1 when one is not as it demands')
  .option('--json', 'play nothing; print where everything is as one line of JSON, and stay up until stopped; with --all, print its matrix as JSON')
  .option('--authority-port <port>', 'the port of the Authority (default: a free one)', port)
  .option('--service-port <port>', 'the port of the Service (default: a free one)', port)
  .option('--page-port <port>', 'the port of the page that shows what the parties say (default: a free one)', port)
  .option('--log', "the parties' logs on stderr")
  .option(
    '--suite <json>',
    'with --json: parties for a conformance suite to judge, which tells here of itself; its adapter is what is printed; they end with the standard input',
  )
  .option('--database <url>', 'with --suite: keep their state on this PostgreSQL server')
  .action((options: Options) => (options.all ? runMatrix(options) : options.suite === undefined ? run(options) : runSubjects(options.suite, options)))

/** Plays a task, and where it is to go on, with the neighbours and a page that shows all of it. */
async function run(options: Options): Promise<void> {
  const staysUp = !options.once && !options.json
  const hops: Hops = []
  const recording = createRecord(Date.now)
  const world = await startWorld({
    ports: { ...(options.authorityPort && { authority: options.authorityPort }), ...(options.servicePort && { service: options.servicePort }) },
    console: true,
    broker: true,
    logLevel: options.log ? 'info' : 'silent',
    onHop: (hop) => void hops.push(hop),
    ...(staysUp && { neighbours: true, onAsk: recording.onAsk, onDecision: recording.onDecision }),
  })
  try {
    if (staysUp) return await playOnPage(world, { hops, recording, pagePort: options.pagePort })
    if (!options.json) return await play(world, hops, say)
    const where = JSON.stringify(whereEverythingIs(world))
    if (options.once) say(where)
    else await stayUp(where)
  } finally {
    await world.stop()
  }
}

type Stage = { hops: Hops; recording: Recording; pagePort: number | undefined }

async function playOnPage(world: World, { hops, recording, pagePort }: Stage): Promise<void> {
  const page = await openPage(pagePort)
  try {
    recording.begin(`A task for ${world.user}`)
    await play(world, hops, say)
    page.show(world, recording) // from here on tasks are played there, one at a time
    await stayUp(invitation(world, page.url))
  } finally {
    await page.stop()
  }
}

/** Says where everything is; whoever has read it may end the world. */
async function stayUp(where: string): Promise<void> {
  const stopped = untilStopped()
  say(where)
  await stopped
}

const untilStopped = () => Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])

async function runMatrix({ json }: Options): Promise<void> {
  const matrix = await playMatrix()
  if (json) say(JSON.stringify(matrix))
  else printMatrix(matrix, say)
  if (matrix.wrong.length > 0) throw new Error(`protocol 3 demands otherwise: ${matrix.wrong.length} wrong, such as ${matrix.wrong[0]}`)
}

async function runSubjects(suite: string, { database }: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'agentpass-subjects-'))
  const stops: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true, force: true })]
  try {
    say(JSON.stringify(await startSubjects({ folder, suite: Suite.parse(JSON.parse(suite)), stops, database })))
    process.stdin.resume()
    await Promise.race([untilStopped(), once(process.stdin, 'end')]) // whoever judges them may end without a word
    process.stdin.destroy()
  } finally {
    for (const undo of stops.reverse()) await undo()
  }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const whereEverythingIs = ({ authority, service, provider, user, resolver, caFile, env }: World) => ({
  authority,
  service,
  console: consoleUrl(authority),
  provider,
  user,
  resolver,
  ca_file: caFile,
  env,
})

const invitation = ({ env, service, authority, caFile }: World, page: string): string => `
The world stays up (Ctrl-C here ends it). What its parties say to each other, message by message, with what the protocol demands of each:

  ${page}

Play the agent yourself, from another terminal:

${Object.entries(env)
  .map(([name, value]) => `  export ${name}=${value}`)
  .join('\n')}
  npx agentpass call GET ${service.origin}/api/tickets --task "Look for open tickets"

and, while that waits, decide in a browser (the world's certificate authority, for it to trust, is ${caFile}):

  Console: ${consoleUrl(authority)} (sign in as Ada, whose agent it is, or as Cleo, who decides for support)

or on the command line:

  npx agentpass-authority requests --config ${authority.settingsFile}
  npx agentpass-authority approve REF --config ${authority.settingsFile}
`

program.parseAsync().catch((failure: unknown) => {
  process.stderr.write(`agentpass-world: error: ${failure instanceof Error ? failure.message : String(failure)}\n`)
  process.exitCode = 1
})
