import { Argument, type Command, type Option } from 'commander'
import { collect, withExample } from '../../spec/node/cli.ts'
import { inBash, inFish, inZsh } from './completion-scripts.ts'

/** What a word of a command line may be: one of these, a file, the id of a task of which something is held, or what only the person knows. */
export type Kind = { choices: readonly string[] } | 'file' | 'task' | 'unknown'
export type DescribedOption = { names: string[]; about: string; value: Kind | undefined; isValueOptional: boolean; isRepeatable: boolean }
export type DescribedCommand = { name: string; about: string; options: DescribedOption[]; values: Kind[] }

const SCRIPTS = { bash: inBash, zsh: inZsh, fish: inFish }
type Shell = keyof typeof SCRIPTS
const isShell = (shell: string): shell is Shell => Object.hasOwn(SCRIPTS, shell)

/** The script that makes a shell complete a program's commands, options and values; undefined for another shell. What is held is asked of the program when it is wanted. */
export const completions = (program: Command, shell: string): string | undefined =>
  isShell(shell) ? SCRIPTS[shell](program.name(), program.commands.map(describeCommand)) : undefined

const describeCommand = (command: Command): DescribedCommand => ({
  name: command.name(),
  about: command.description(),
  options: [...command.options.filter(({ hidden }) => !hidden).map(describeOption), HELP],
  values: command.registeredArguments.map((argument) => kindOf(argument.name(), argument.argChoices)),
})

const HELP: DescribedOption = { names: ['--help'], about: 'show help', value: undefined, isValueOptional: false, isRepeatable: false }

function describeOption({ short, long, flags, description, required, optional, argChoices, parseArg }: Option): DescribedOption {
  const [, placeholder = ''] = /[<[]([^>\]]+)[>\]]/.exec(flags) ?? []
  return {
    names: [short, long].flatMap((name) => name ?? []),
    about: description,
    value: required || optional ? kindOf(placeholder, argChoices) : undefined,
    isValueOptional: optional,
    isRepeatable: parseArg === collect,
  }
}

function kindOf(placeholder: string, choices: readonly string[] | undefined): Kind {
  if (choices) return { choices }
  if (placeholder === 'task') return 'task'
  return placeholder === 'file' || placeholder === 'program' ? 'file' : 'unknown'
}

/** Adds the command to a program, all of which it completes. */
export function addCompletions(program: Command, act: (script: string) => Promise<void>): void {
  const command = program
    .command('completions')
    .description('the script that completes agentpass in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
    .action((shell: string) => act(completions(program, shell) ?? ''))
  withExample(command, 'eval "$(agentpass completions bash)"', 'agentpass completions fish | source', 'source <(agentpass completions zsh)')
}
