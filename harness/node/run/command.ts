import { type Command, Option } from 'commander'
import { withExample } from '../../../spec/node/cli.ts'
import { shared } from '../options.ts'
import type { RunOptions } from './run.ts'

const AFTER = `
The program gets a proxy in HTTPS_PROXY that leads to the service alone and puts the token into every request, and in the usual variables a file
of certificates to trust. The token itself is in no variable, argument or file of the program's. What was got for the run is given back when it
ends. Exit: the program's own; 128 and the number of the signal that ended it; 126 it cannot be run, 127 it is not there.
`

/** Adds `agentpass run`. */
export function addRun(program: Command, act: (command: string[], options: RunOptions) => Promise<void>): void {
  const command = program
    .command('run')
    .description('run a program that reaches a service without having the token')
    .argument('<command...>', 'the program and its arguments, after --')
    .option('--service <origin>', 'the service, such as https://desk.example (default: the one of the token that is held for the task)')
    .requiredOption('--task <task>', 'the task, by its id or sentence; with --user, a token is got where none is held')
    .addOption(shared.user())
    .addOption(shared.scope('a scope the token must have'))
    .addOption(shared.authority())
    .addOption(new Option('--no-proxy <hosts>', 'hosts that the program reaches directly, without the token').default('', 'none'))
    .addOption(shared.config())
    .addHelpText('after', AFTER)
    .action(act)
  withExample(
    command,
    'agentpass run --service https://git.example --user ada@acme.example --task "Fix the typo" -- git clone https://git.example/site.git',
  )
}
