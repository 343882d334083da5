import { z } from 'zod'
import { print, printJson, say, table } from '../../spec/node/cli.ts'
import { visible } from '../approve/visible.ts'
import { POLICY_SCHEMA } from '../policy/schema.ts'
import { type ManagementOptions, withManagement } from './management.ts'

/** A policy as it is listed. */
export const Listed = z.looseObject({
  name: z.string(),
  line: z.number(),
  effect: z.string(),
  reason: z.string().optional(),
  approvers: z.array(z.string()).optional(),
  approvals: z.number().optional(),
})

const InForce = z.discriminatedUnion('source', [
  z.looseObject({ source: z.literal('settings') }),
  z.looseObject({
    source: z.literal('file'),
    file: z.string(),
    version: z.string(),
    in_force_since: z.string(),
    policies: z.array(Listed),
    warnings: z.array(z.string()),
    broken: z.looseObject({ since: z.string(), problems: z.array(z.string()) }).optional(),
  }),
])

/** Prints the schema that policy files are validated against. */
export const printSchema = (): void => print(POLICY_SCHEMA.trimEnd())

/** Shows the policy that a running server has in force, and why the file as it is now is another where it is. */
export async function showPolicy(o: ManagementOptions & { json?: boolean }): Promise<void> {
  const state = await withManagement(o, (management) => management.get('/policy', InForce))
  if (o.json) return printJson(state)
  if (state.source === 'settings') return print('the rules of the settings decide')
  print(`${visible(state.file)}, version ${visible(state.version)}, in force since ${state.in_force_since}`)
  print(inTable(state.policies))
  for (const warning of state.warnings) say(`warning: ${visible(warning)}`)
  if (!state.broken) return
  say(`the file as it is now cannot be used, since ${state.broken.since}:`)
  for (const problem of state.broken.problems) say(`  ${visible(problem)}`)
}

/** Policies, one a line. */
export const inTable = (policies: z.infer<typeof Listed>[]): string =>
  table(
    ['LINE', 'POLICY', 'EFFECT', 'WHO APPROVES', 'REASON'],
    policies.map(({ line, name, effect, approvers = [], approvals = 1, reason = '' }) =>
      [String(line), name, effect, [...approvers, ...(approvals > 1 ? [`${approvals} people`] : [])].join(', '), reason].map(visible),
    ),
  )
