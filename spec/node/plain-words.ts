import type { z } from 'zod'

const UNNAMED = 'is not valid'
const NAMES: Record<string, string> = { array: 'list', object: 'mapping', int: 'whole number', boolean: 'true or false' }

/** What a schema says of a value, for a person who reads settings and not schemas: an error map for `safeParse`. The schema's own words go before these. */
export const inPlainWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined || issue.input === null ? 'is missing' : `is no ${NAMES[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `is none of ${issue.values.join(', ')}`
    case 'too_small':
      return isNumber(issue.origin) ? `is less than ${issue.minimum}` : 'is empty'
    case 'too_big':
      return isNumber(issue.origin) ? `is more than ${issue.maximum}` : 'is too long'
    case 'invalid_union':
      return issue.errors.flat().findLast((inner) => inner.message !== UNNAMED)?.message ?? UNNAMED
    default:
      return UNNAMED
  }
}

const isNumber = (origin: string) => origin === 'number' || origin === 'int'

/** One line a member: a member's last issue says most, because the schema's own words come after zod's. */
export const describeIssues = (error: z.ZodError): string[] =>
  [...new Map(error.issues.flatMap(describe))].map(([member, problem]) => `${member} ${problem}`)

function describe(issue: z.core.$ZodIssue): [string, string][] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [[...path, key].join('.'), 'is no setting'])
  if (path.length === 0) return [['the file', issue.code === 'invalid_type' ? 'is no mapping of settings: is it empty, or cut off?' : issue.message]]
  return [[path.join('.'), issue.message]]
}
