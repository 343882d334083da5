/** The cases of a requirement that have these slugs. */
export const ids = (requirement: string, ...slugs: string[]): string[] => slugs.map((slug) => `${requirement}/${slug}`)

/** The same, of the faults of a table, and of slugs beside them. */
export const idsOf = (requirement: string, faults: readonly (string | { slug: string })[]): string[] =>
  faults.map((fault) => `${requirement}/${typeof fault === 'string' ? fault : fault.slug}`)
