import { readFileSync } from 'node:fs'
import { z } from 'zod'

export const LEVELS = ['MUST', 'SHOULD', 'MAY'] as const
export const ORIGINS = ['draft-0.1', 'hardening', 'derived'] as const
export const PARTIES = ['authority', 'service', 'harness'] as const
export type Party = (typeof PARTIES)[number]

const Requirement = z.object({
  id: z.string(),
  group: z.string(),
  party: z.string(),
  level: z.enum(LEVELS),
  /** Where it comes from: the published draft, a later revision of it, or derived from it and from the standards it stands on. */
  origin: z.enum(ORIGINS),
  section: z.string(),
  statement: z.string(),
  how: z.string(),
  expect: z.string(),
})
export type Requirement = z.infer<typeof Requirement>

/** Every requirement of `spec/requirements.json`, read from beside the program, in a clone as in an installed package. */
export const requirements: readonly Requirement[] = z
  .array(Requirement)
  .parse(JSON.parse(readFileSync(new URL('../spec/requirements.json', import.meta.url), 'utf8')))

const byId = new Map(requirements.map((requirement) => [requirement.id, requirement]))

/** The requirement that a case judges: its id is the part before the slash. Throws Error for an id that is none. */
export function requirementOf(caseId: string): Requirement {
  const [id = ''] = caseId.split('/')
  const requirement = byId.get(id)
  if (!requirement) throw new Error(`${caseId} judges no requirement`)
  return requirement
}
