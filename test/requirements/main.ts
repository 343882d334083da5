import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { createProgram, jsonOption, print, printJson, run } from '../../spec/node/cli.ts'
import { OperatorError } from '../../spec/node/operator-error.ts'
import { account, Remark, Requirement, type Row } from './account.ts'
import { collectTests } from './collect.ts'
import { describeClaims, describeRows, summarise } from './report.ts'

type Options = { json?: true; id?: string[] }

const HOME = resolve(import.meta.dirname, '..', '..')
const read = <T>(schema: z.ZodType<T>, ...path: string[]): T => schema.parse(JSON.parse(readFileSync(join(HOME, ...path), 'utf8')))

const program = createProgram('requirements', 'Which tests show which requirement of spec/requirements.json, and which rows are open.', [
  '--id AUTH-VAL-03 SVC-HB-06',
])
  .option('--id <ids...>', 'the tests that claim these requirements')
  .addOption(jsonOption())
  .action(async ({ json, id }: Options) => {
    const requirements = read(z.array(Requirement), 'spec', 'requirements.json')
    for (const one of id ?? [])
      if (!requirements.some((requirement) => requirement.id === one)) throw new OperatorError(`${one} is no requirement`, { exitCode: 2 })
    const { rows, problems } = account(requirements, {
      tests: await collectTests(HOME),
      humanChecked: read(z.array(Remark), 'test', 'requirements', 'human-checked.json'),
    })
    if (problems.length > 0) throw new OperatorError(problems)
    tell(rows, { ...(json && { json }), ...(id && { id }) })
  })

function tell(rows: Row[], { json, id }: Options): void {
  if (json) printJson(summarise(rows))
  else print(id ? describeClaims(rows.filter((row) => id.includes(row.id))) : describeRows(rows))
}

await run(program, process.argv)
