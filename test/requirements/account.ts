import { z } from 'zod'

/** A testable requirement of the protocol, as spec/requirements.json has it. */
export const Requirement = z.looseObject({ id: z.string(), level: z.enum(['MUST', 'SHOULD', 'MAY']), statement: z.string() })
export type Requirement = z.infer<typeof Requirement>

/** What people say about a requirement. The reason is a sentence. */
export const Remark = z.strictObject({ id: z.string(), reason: z.string().regex(/^\p{Lu}\S* .*\S\.$/u) })
export type Remark = z.infer<typeof Remark>

/** A test by its own name, without the names of the blocks around it. One that does not run claims nothing. */
export type NamedTest = { file: string; name: string; runs: boolean }

export type State = 'tested' | 'human-checked' | 'open'
/** A requirement, how it stands and the tests that claim it. `reason`: why people checked it. */
export type Row = Requirement & { state: State; claims: NamedTest[]; reason?: string }

export type Evidence = {
  tests: NamedTest[]
  /** What no test can show. */
  humanChecked: Remark[]
}

const BRACKETS = /\[([^[\]]*)\]/g

/**
 * The requirements a test claims: the words of each pair of brackets in its name that begins with a word like an id of `requirements`, right or wrong.
 * Brackets around anything else (an address, a list) are no tag.
 */
export function claimsOf(name: string, requirements: Requirement[]): string[] {
  const families = [...new Set(requirements.map(({ id }) => id.split('-')[0]))].join('|')
  const looksLikeId = new RegExp(`^(?:${families})(?:[-_][-_A-Z]*)?\\d*$`, 'i')
  const tags = [...name.matchAll(BRACKETS)].map(([, words = '']) => words.split(/[\s,]+/).filter((word) => word !== ''))
  return tags.filter(([first = '']) => looksLikeId.test(first)).flat()
}

/** Says of each requirement how it stands, and what is wrong with the claims: nothing of it may be believed while there are problems. */
export function account(requirements: Requirement[], evidence: Evidence): { rows: Row[]; problems: string[] } {
  const claims = evidence.tests.map((test) => ({ test, ids: claimsOf(test.name, requirements) }))
  const known = new Set(requirements.map(({ id }) => id))
  const rows = requirements.map((requirement): Row => {
    const running = claims.filter(({ test, ids }) => test.runs && ids.includes(requirement.id)).map(({ test }) => test)
    return { ...requirement, claims: running, ...judge(requirement.id, running, evidence) }
  })
  const unknownClaims = claims.flatMap(({ test, ids }) =>
    ids.filter((id) => !known.has(id)).map((id) => `${test.file}: “${test.name}” claims ${id}, which is no requirement`),
  )
  return { rows, problems: [...unknownClaims, ...findFaults(evidence, known), ...findContradictions(rows, evidence)] }
}

function judge(id: string, claims: NamedTest[], { humanChecked }: Evidence): Pick<Row, 'state' | 'reason'> {
  const checked = humanChecked.find((remark) => remark.id === id)
  if (checked) return { state: 'human-checked', reason: checked.reason }
  return { state: claims.length > 0 ? 'tested' : 'open' }
}

/** What is wrong with the list by itself. */
function findFaults({ humanChecked }: Evidence, known: Set<string>): string[] {
  const ids = humanChecked.map(({ id }) => id)
  return [
    ...ids.filter((id) => !known.has(id)).map((id) => `${id} is listed as human-checked and is no requirement`),
    ...new Set(ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `${id} is listed twice`)),
  ]
}

/** A row that people checked because no test can show it, and that a test shows. */
function findContradictions(rows: Row[], { humanChecked }: Evidence): string[] {
  return rows
    .filter(({ id, claims }) => claims.length > 0 && humanChecked.some((remark) => remark.id === id))
    .map(({ id, claims: [test] }) => `${id} is human-checked and claimed by ${test?.file}: “${test?.name}”`)
}
