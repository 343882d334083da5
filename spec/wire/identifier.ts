import { z } from 'zod'

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is the one character this is about
const WITHOUT_NUL = /^[^\u0000]*$/

/** Text that every database can hold: without U+0000, which PostgreSQL's cannot. */
export const storedText = z.string().regex(WITHOUT_NUL)

/** A name that a party invents for a thing of its own: opaque, case-sensitive, 1 to 1024 characters. */
export const identifier = storedText.min(1).max(1024)
