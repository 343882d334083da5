/** How people and audit events name a request, or a remembered approval: it opens nothing. A request's is the beginning of its id's digest. */
export const REFERENCE_CHARS = 12

/** The reference of a request, from the digest of its id; of a text that is none, as much as stands in its place. */
export const referenceOf = (digest: string): string => digest.slice(0, REFERENCE_CHARS)

/** Whether a text looks as every reference does. What looks otherwise may be text that a database does not even take. */
export const isReference = (text: string): boolean => /^[\w-]{12}$/.test(text)
