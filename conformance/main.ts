#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { z } from 'zod'

const PARTIES = ['authority', 'service', 'harness'] as const
const LEVELS = ['MUST', 'SHOULD', 'MAY'] as const
const Requirement = z.object({
  id: z.string(),
  party: z.string(),
  level: z.enum(LEVELS),
  origin: z.string(),
  section: z.string(),
  statement: z.string(),
  how: z.string(),
  expect: z.string(),
})
type Options = { party?: (typeof PARTIES)[number]; level?: (typeof LEVELS)[number]; only?: string[]; json?: true }

const program = new Command('agentpass-conformance')
  .description('Conformance of any Authority, Service or Harness with AgentPass: the requirements that a peer is judged by.')
  .addHelpText('before', 'example: agentpass-conformance list --party service --level MUST\n')

program
  .command('list')
  .description('list the requirements: id, level, party, what is required')
  .addOption(new Option('--party <party>', 'of one party').choices(PARTIES))
  .addOption(new Option('--level <level>', 'of one level').choices(LEVELS))
  .option('--only <prefix...>', 'whose id begins with one of these, such as AUTH-VAL')
  .option('--json', 'print them as JSON, with how each is tested and what is expected')
  .action((options: Options) => list(options))

function list({ party, level, only, json }: Options): void {
  const found = requirements().filter(
    (r) =>
      (!party || r.party === 'all' || r.party.toLowerCase().includes(party)) &&
      (!level || r.level === level) &&
      (!only || only.some((prefix) => r.id.startsWith(prefix))),
  )
  const lines = found.map((r) => `${r.id.padEnd(14)} ${r.level.padEnd(6)} ${r.party.padEnd(17)} ${r.statement}\n`)
  process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : lines.join(''))
  if (found.length > 0) return
  process.stderr.write(
    'agentpass-conformance: error: no requirement is like that\nagentpass-conformance: hint: list without options shows all of them\n',
  )
  process.exitCode = 1
}

/** Read from beside the program, in a clone as in an installed package. */
function requirements(): z.infer<typeof Requirement>[] {
  return z.array(Requirement).parse(JSON.parse(readFileSync(new URL('../spec/requirements.json', import.meta.url), 'utf8')))
}

process.stdout.on('error', () => process.exit()) // whoever read the list has seen enough
program.exitOverride()
try {
  program.parse()
} catch (failure) {
  const isMisuse = failure instanceof Error && 'exitCode' in failure && failure.exitCode !== 0
  process.exitCode = isMisuse ? 2 : 0
}
