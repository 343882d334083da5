import { type Command, CommanderError, Option } from 'commander'
import { collect, createProgram, jsonOption, withExample } from '../../spec/node/cli.ts'
import { VERSION } from '../../spec/wire/configuration.ts'
import { addBrowser, browser } from './browser.ts'
import { type CallOptions, call } from './call.ts'
import { addCompletions } from './completions.ts'
import { addDoctor, doctor } from './doctor.ts'
import { type EndOptions, end } from './end.ts'
import { type ForgetOptions, forget } from './forget.ts'
import { type KeyOptions, key } from './key.ts'
import { addLogout, logout } from './logout.ts'
import { misuse, shared } from './options.ts'
import { report } from './report.ts'
import { addRun } from './run/command.ts'
import { run } from './run/run.ts'
import { type StatusOptions, status } from './status.ts'
import { type TokenOptions, token } from './token.ts'
import type { Outside } from './trip.ts'

const ABOUT = 'Gets an agent exactly the access that one task needs, and calls services with it.'
const EXAMPLES = [
  'call GET https://desk.example/api/tickets/17 --user ada@acme.example --task "Answer ticket 17"',
  `call POST https://desk.example/api/tickets/17/replies --data '{"text":"Try oil."}'`,
  'run --task "Answer ticket 17" -- curl https://desk.example/api/tickets/17',
  'end "Answer ticket 17"',
]

const AFTER = `
The first call gets a token for the task: the user's own company, or whom the service trusts, decides. Later calls use it while it lives.
When the task is done, agentpass end gives it back; agentpass logout gives everything back. Where something fails, agentpass doctor says what.
With attestation in the settings, a CI runner, a cluster or a vendor vouches for this harness, and an approver sees that.
Results go to standard output, talk to standard error; --json makes the results, and errors, JSON.
Exit: 0 done, 1 refused or failed, 2 misuse (arguments, settings), 130 canceled.
Environment: AGENTPASS_USER, AGENTPASS_RESOLVER (DNS servers), AGENTPASS_CA (PEM file to trust), AGENTPASS_ALLOW_PRIVATE (networks)
override the settings in $XDG_CONFIG_HOME/agentpass/config.yaml. What is held lies in $XDG_STATE_HOME/agentpass.
Speaks AgentPass ${VERSION}.
`

/** Runs one command line and gives its exit code: 0 done, 1 refused or failed, 2 misuse, 130 canceled. */
export async function runAgentpass(argv: string[], o: Outside): Promise<number> {
  const said = { out: '', err: '', exitCode: 0 }
  const program = createCommands(o, said)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return said.exitCode
  } catch (failure) {
    if (failure instanceof CommanderError && failure.exitCode === 0) {
      await o.io.out(said.out)
      return 0
    }
    o.io.err(said.err)
    const own = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined) // what follows is another program's
    return report(o.io, asMisuse(failure, program), { json: own.includes('--json'), isCanceled: o.signal.aborted })
  }
}

function asMisuse(failure: unknown, { commands }: Command): unknown {
  if (!(failure instanceof CommanderError)) return failure
  if (failure.code === 'commander.help') return misuse('there is no command', `name one: ${commands.map((command) => command.name()).join(', ')}`)
  const [message = '', suggestion] = failure.message.replace(/^error: /, '').split('\n')
  const dashed = failure.code === 'commander.unknownOption' ? ': what begins with a dash and is no option comes after --' : ''
  return misuse(message, suggestion?.replace(/^\(Did you mean (.*)\?\)$/, 'did you mean $1?') ?? `see agentpass --help${dashed}`)
}

function createCommands(o: Outside, said: { out: string; err: string; exitCode: number }): Command {
  const program = createProgram('agentpass', ABOUT, EXAMPLES)
    .addHelpText('after', AFTER)
    .configureOutput({
      writeOut: (text) => {
        said.out += text
      },
      writeErr: (text) => {
        said.err += text
      },
    })
  const ends = (exitCode: number) => {
    said.exitCode = exitCode
  }
  addToken(program, async (options) => ends(await token(o, options)))
  addCall(program, async (method, url, options) => ends(await call(o, { method, url }, options)))
  addRun(program, async (command, options) => ends(await run(o, command, options)))
  addBrowser(program, async (options) => ends(await browser(o, options)))
  addStatus(program, async (options) => ends(await status(o, options)))
  addEnd(program, async (task, options) => ends(await end(o, task, options)))
  addForget(program, async (task, options) => ends(await forget(o, task, options)))
  addLogout(program, async (options) => ends(await logout(o, options)))
  addDoctor(program, async (options) => ends(await doctor(o, options)))
  addKey(program, async (file, options) => ends(await key(o, file, options)))
  addMcp(program, async (options) => ends(await (await import('./mcp.ts')).mcp(o, options))) // a server is not loaded for a call
  addBroker(program, async (args) =>
    (await import('./broker/command.ts')).createBrokerCommands(o).configureOutput(program.configureOutput()).parseAsync(args, { from: 'user' }),
  )
  addCompletions(program, (script) => o.io.out(script))
  return program
}

function addToken(program: Command, act: (options: TokenOptions) => Promise<void>): void {
  const command = program
    .command('token')
    .description('get a token for one task and keep it')
    .requiredOption('--service <origin>', 'the service, such as https://desk.example')
    .requiredOption('--task <sentence>', 'what is to be done: an approver reads it')
    .addOption(shared.user())
    .addOption(shared.scope('no more than this scope'))
    .addOption(shared.authority())
    .option('--print', 'print the token itself, and nothing else')
    .addOption(jsonOption())
    .addOption(shared.config())
    .action(act)
  withExample(command, 'agentpass token --service https://desk.example --user ada@acme.example --task "Answer ticket 17"')
}

function addCall(program: Command, act: (method: string, url: string, options: CallOptions) => Promise<void>): void {
  const command = program
    .command('call')
    .description('call a service with the token held for it, or with a new one')
    .argument('<method>', 'GET, POST, …')
    .argument('<url>', 'the URL, at the service')
    .addOption(shared.user())
    .option('--task <task>', 'the task, by its id or sentence; with --user, a token is got where none is held')
    .addOption(shared.scope('a scope the token must have'))
    .addOption(shared.authority())
    .addOption(new Option('-H, --header <line>', "a header, as 'name: value'; may be repeated").argParser(collect))
    .option('-d, --data <text>', 'the body: text, @file, or - for standard input')
    .option('-i, --include', 'print status and headers before the body')
    .addOption(jsonOption())
    .addOption(shared.config())
    .action(act)
  withExample(command, `agentpass call POST https://desk.example/api/tickets/17/replies --data '{"text":"Try oil."}'`)
}

function addStatus(program: Command, act: (options: StatusOptions) => Promise<void>): void {
  const command = program
    .command('status')
    .description('what is held: never a token')
    .option('--brief', 'a line for each: the id of its task, a tab, and its sentence')
    .addOption(jsonOption())
    .addOption(shared.config())
    .action(act)
  withExample(command, 'agentpass status --json')
}

function addEnd(program: Command, act: (task: string | undefined, options: EndOptions) => Promise<void>): void {
  const command = program
    .command('end')
    .description('end a task: give back at the service what is held of it, and drop it')
    .argument('[task]', 'the task, by its id or sentence')
    .option('--all', 'everything that is held')
    .addOption(jsonOption())
    .addOption(shared.config())
    .action(act)
  withExample(command, 'agentpass end "Answer ticket 17"')
}

function addForget(program: Command, act: (task: string | undefined, options: ForgetOptions) => Promise<void>): void {
  const command = program
    .command('forget')
    .description('drop what is held of a task, or everything, on this machine alone')
    .argument('[task]', 'the task, by its id or sentence')
    .option('--all', 'every token, and which authorities were chosen')
    .addOption(jsonOption())
    .addOption(shared.config())
    .action(act)
  withExample(command, 'agentpass forget "Answer ticket 17"')
}

function addKey(program: Command, act: (file: string | undefined, options: KeyOptions) => Promise<void>): void {
  const command = program
    .command('key')
    .description('the key that an authority registers: made where it is missing, and its public part printed')
    .argument('[file]', 'the private key, a JWK (default: holder_key of the settings)')
    .addOption(jsonOption())
    .addOption(shared.config())
    .action(act)
  withExample(command, 'agentpass key ~/.config/agentpass/holder-key.json')
}

function addMcp(program: Command, act: (options: { broker?: boolean; config?: string }) => Promise<void>): void {
  const command = program
    .command('mcp')
    .description('an MCP server on standard input and output, for one client')
    .option('--broker', 'let your running broker hold the tasks: they outlive the client')
    .addOption(shared.config())
    .action(act)
  withExample(command, 'agentpass mcp', 'agentpass mcp --broker')
}

/** A program of its own, with its own help. */
function addBroker(program: Command, act: (args: string[]) => Promise<unknown>): void {
  program
    .command('broker')
    .description('hold keys and tokens for agents that never see them: for yourself, or for a fleet')
    .argument('[args...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action((args: string[]) => act(args).then(() => undefined))
}
