#!/usr/bin/env node
import { Argument, Command, CommanderError, Option } from 'commander'
import { PROFILES } from './adapter.ts'
import { readAdapter } from './adapter-file.ts'
import { examine } from './doctor/doctor.ts'
import { init } from './init.ts'
import { type JudgeOptions, judgePeer, judgeSelf, onlyParty } from './judging.ts'
import { coverage, HUMAN_CHECKED, type Listed, listCases } from './list.ts'
import { Misuse } from './misuse.ts'
import { visible } from './report/visible.ts'
import { LEVELS, PARTIES, type Party } from './requirements.ts'
import { version } from './version.ts'

const NAME = 'agentpass-conformance'
const EXAMPLES = ['init service', 'doctor service adapter.yaml', 'service adapter.yaml --only SVC-RED --html report.html', 'self']

const program = new Command(NAME)
  .description('Judges anybody’s Authority, Service or Harness by the requirements of AgentPass: a verdict for each.')
  .version(version(), '--version', 'print the version')
  .addHelpText('before', `Example:\n${EXAMPLES.map((line) => `  ${NAME} ${line}`).join('\n')}\n`)
  .addHelpText('after', '\nExit: 0 all that is required passed, 1 otherwise, 2 misuse.')
  .exitOverride()
  .configureOutput({ outputError: () => {} })

/** Options of everything that judges. */
const judging = (command: Command): Command =>
  command
    .option('--only <id...>', 'cases whose id is one of these, or begins with it, such as SVC-RED or AUTH-VAL-07')
    .addOption(new Option('--profile <profile>', 'what is asked of the peer (default: as the adapter says)').choices(PROFILES))
    .option('--seed <text>', 'repeats the choices of a run: its report names the seed')
    .option('--verbose', 'a line for each case that passed, too')
    .option('--browser [program]', 'the cases that need a real browser too: a Chromium, by default the one on the PATH')
    .option('--json [file]', 'the report as JSON; without a file on standard output')
    .option('--junit <file>', 'the report as JUnit XML')
    .option('--html <file>', 'the report as one page')

for (const party of PARTIES)
  judging(program.command(party).description(`judge ${party === 'authority' ? 'an Authority' : party === 'service' ? 'a Service' : 'a Harness'}`))
    .argument('<adapter>', 'the adapter file: how the suite reaches the peer (init writes one)')
    .option('--insecure-loopback', 'allow plain http to a peer on a loopback address; the report says so')
    .action((file: string, options: JudgeOptions) => end(judgePeer(party, file, options)))

judging(program.command('self').description('judge our own three parties: starts them, no adapter needed'))
  .option('--database <url>', 'keep their state on this PostgreSQL server')
  .action((options: JudgeOptions & { database?: string }) => end(judgeSelf(options)))

const party = () => new Argument('<party>', 'the kind of peer').choices(PARTIES)

program
  .command('init')
  .description('write a commented adapter, and the certificate authority of the suite')
  .addArgument(party())
  .option('--dir <folder>', 'where to', '.')
  .action(async (kind: Party, { dir }: { dir: string }) => {
    const made = await init(kind, dir)
    print(`made\n${made.map((file) => `  ${file}`).join('\n')}\n\nthen fill in what is yours, and\n  ${NAME} doctor ${kind} ${made[0]}`)
  })

program
  .command('doctor')
  .description('walk the way of every case once, and say which hop does not work yet')
  .addArgument(party())
  .argument('<adapter>', 'the adapter file')
  .option('--insecure-loopback', 'allow plain http to a peer on a loopback address')
  .action((kind: Party, file: string, options: { insecureLoopback?: true }) => end(doctor(kind, file, options)))

async function doctor(kind: Party, file: string, { insecureLoopback = false }: { insecureLoopback?: boolean }): Promise<number> {
  const { works, missing } = await examine(
    onlyParty(readAdapter(file, process.env), kind, file),
    insecureLoopback,
    ({ says, works: did, actual, hint }) => {
      print(`${did ? '✔' : '✘'} ${visible(says)}`)
      if (!did) print(`    ${visible(actual ?? '')}\n    ${hint ?? ''}`)
    },
  )
  if (missing.length > 0) print(`⊘ not named in the adapter, so that cases are skipped: ${missing.join(', ')}`)
  return works ? 0 : 1
}

type ListOptions = { party?: Party; level?: string; only?: string[]; coverage?: true; json?: true }
program
  .command('list')
  .description('list the cases: id, level, party, what is required and what is done')
  .addOption(new Option('--party <party>', 'of one party').choices(PARTIES))
  .addOption(new Option('--level <level>', 'of one level').choices(LEVELS))
  .option('--only <id...>', 'whose id is one of these, or begins with it, such as AUTH-VAL')
  .option('--coverage', 'how many there are, and which requirements no case judges')
  .option('--json', 'as JSON')
  .action((options: ListOptions) => (options.coverage ? printCoverage(options) : printCases(options)))

function printCases({ json, ...choice }: ListOptions): void {
  const found = listCases(choice)
  if (found.length === 0) throw new Misuse(['no case is like that'], 'list without options shows all of them')
  const line = ({ id, level, party, statement, about }: Listed) => `${id.padEnd(24)} ${level.padEnd(6)} ${party.padEnd(9)} ${statement} · ${about}\n`
  print(json ? JSON.stringify(found, null, 2) : found.map(line).join('').trimEnd())
}

function printCoverage({ json }: ListOptions): void {
  const all = coverage()
  if (json) print(JSON.stringify(all, null, 2))
  else printTallies(all)
}

function printTallies(all: ReturnType<typeof coverage>): void {
  const tally = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')
  print(
    [
      `${all.cases} cases, ${all.negative} of them negative (${Math.round((100 * all.negative) / all.cases)} %)`,
      `by party: ${tally(all.byParty)}`,
      `by origin: ${tally(all.byOrigin)}`,
      `MUSTs that no case judges: ${all.uncovered.length === 0 ? 'none' : all.uncovered.join(' ')}`,
      'for people to check:',
      ...Object.entries(HUMAN_CHECKED).map(([id, question]) => `  ${id.padEnd(12)} ${question}`),
    ].join('\n'),
  )
}

const print = (text: string): void => void process.stdout.write(`${text}\n`)

async function end(judged: Promise<number>): Promise<void> {
  process.exitCode = await judged
}

function tell(failure: unknown): void {
  if (failure instanceof CommanderError && failure.exitCode === 0) return
  const misuse = failure instanceof Misuse || failure instanceof CommanderError
  const problems =
    failure instanceof Misuse ? failure.problems : [failure instanceof Error ? failure.message.replace(/^error: /, '') : String(failure)]
  const hint = failure instanceof Misuse ? failure.hint : misuse ? 'see --help' : undefined
  if (!(failure instanceof CommanderError && failure.code === 'commander.help'))
    for (const problem of problems) process.stderr.write(`${NAME}: error: ${problem}\n`)
  if (hint !== undefined) process.stderr.write(`${NAME}: hint: ${hint}\n`)
  process.exitCode = misuse ? 2 : 1
}

for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit()) // whoever read us has seen enough
await program.parseAsync().catch(tell)
