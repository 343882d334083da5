import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError, Option } from 'commander'
import { z } from 'zod'
import { ProtocolError } from '../error.ts'
import { type ExitCode, messageOf, OperatorError } from './operator-error.ts'

/** A command line in the house style: help shows a worked example first, and what goes wrong is told by `run`. */
export function createProgram(name: string, about: string, examples: string[]): Command {
  const program = new Command(name)
    .description(about)
    .version(packageVersion(), '--version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: () => {} })
  return withExample(program, ...examples.map((example) => `${name} ${example}`))
}

/** Puts a worked example before a command's help. */
export const withExample = (command: Command, ...lines: string[]): Command =>
  command.addHelpText('before', `Example:\n${lines.map((line) => `  ${line}`).join('\n')}\n`)

/** `--config FILE`, also from the environment. */
export const configOption = (file: string, variable: string): Option => new Option('--config <file>', 'settings file').default(file).env(variable)

/** `--json`: the result for programs. */
export const jsonOption = (): Option => new Option('--json', 'print the result as JSON')

/** Collects an option that may be given several times. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value]

/** Prints a result on stdout. */
export const print = (text: string): void => void process.stdout.write(`${text}\n`)

/** Writes a part of a long result on stdout, and resolves when it was taken. Whether it was: who reads may have gone. Throws OperatorError for anything else. */
export async function writeOut(text: string): Promise<boolean> {
  try {
    await new Promise<void>((resolve, reject) => process.stdout.write(text, (failure) => (failure ? reject(failure) : resolve())))
    return true
  } catch (failure) {
    const cause = process.stdout.errored ?? failure // the first tells why; what is written after it is only told that there was one
    if (hasReaderGone(cause)) return false
    throw new OperatorError(`stdout cannot be written: ${messageOf(cause)}`, { cause, hint: 'is the disk full? what was written is only a part' })
  }
}

const READER_GONE = ['EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']
const hasReaderGone = (failure: unknown): boolean => failure instanceof Error && 'code' in failure && READER_GONE.includes(String(failure.code))

const TOLD_EACH = 100_000

/** Counts on stderr, where that is a terminal and there is much to count. */
export function createProgress(what: string): { add: (count: number) => void; end: () => void } {
  let sum = 0
  let told = 0
  return {
    add(count) {
      sum += count
      if (!process.stderr.isTTY || sum < told + TOLD_EACH) return
      told = sum
      process.stderr.write(`\r${sum} ${what}`)
    },
    end() {
      if (told > 0) process.stderr.write('\n')
      told = 0
    },
  }
}

/** Prints a result for programs on stdout; characters that a terminal acts upon are escaped. */
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeUnlessNewline))

const escapeUnlessNewline = (char: string): string =>
  char === '\n' ? char : Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')

/** Rows under their titles, in columns as wide as what is in them. What others wrote in them is visible already. */
export function table(head: string[], rows: string[][]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Talks to the person on stderr. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** Runs a command line. What it throws becomes sentences on stderr, `NAME: error: …` and `NAME: hint: …`, and the exit code: 1 refused or failed, 2 misuse. */
export async function run(program: Command, argv: string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {}) // who reads us has gone: there is nobody left to tell
  try {
    await program.parseAsync(argv)
  } catch (failure) {
    const told = tell(failure)
    for (const problem of told.problems) say(`${program.name()}: error: ${problem}`)
    if (told.hint !== undefined) say(`${program.name()}: hint: ${told.hint}`)
    process.exitCode = told.exitCode
  }
}

type Told = { problems: string[]; hint?: string | undefined; exitCode: 0 | ExitCode }

function tell(failure: unknown): Told {
  if (failure instanceof OperatorError) return failure
  if (failure instanceof CommanderError) return tellMisuse(failure)
  if (failure instanceof ProtocolError)
    return { problems: [failure.message], hint: failure.cause === undefined ? undefined : messageOf(failure.cause), exitCode: 1 }
  return { problems: [messageOf(failure)], hint: 'this should not happen: please report it', exitCode: 1 }
}

/** Commander ends by throwing, also after it has shown help. */
function tellMisuse({ code, exitCode, message }: CommanderError): Told {
  if (exitCode === 0) return { problems: [], exitCode: 0 }
  if (code === 'commander.help') return { problems: [], exitCode: 2 }
  const [problem = '', suggestion] = message.replace(/^error: /, '').split('\n')
  const hint = suggestion?.replace(/^\(Did you mean (.*)\?\)$/, 'did you mean $1?')
  const dashed = code === 'commander.unknownOption' ? ': what begins with a dash and is no option comes after --' : ''
  return { problems: [problem.replace(/\.$/, '')], hint: hint ?? `see --help${dashed}`, exitCode: 2 }
}

const Package = z.looseObject({ version: z.string() })

/** The package's version, from the nearest package.json: this file is at another depth once it is built. Throws Error where there is none. */
export function packageVersion(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder)
  return Package.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).version
}
