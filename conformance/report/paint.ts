import type { Verdict } from './report.ts'

const CODES = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const
type Look = keyof typeof CODES

/** Words in a look, for a terminal that has any. */
export type Paint = (look: Look | undefined, text: string) => string

/** Paints, or leaves words as they are. */
export const createPaint =
  (hasColour: boolean): Paint =>
  (look, text) =>
    hasColour && look !== undefined && text !== '' ? `\u001b[${CODES[look]}m${text}\u001b[0m` : text

/** The look of a verdict. */
export const LOOKS: Record<Verdict, Look> = { PASS: 'green', FAIL: 'red', WARN: 'yellow', SKIP: 'dim', 'N-A': 'dim' }

/** Whether colour is wanted: a person looks on, and has not set `NO_COLOR` (no-color.org), nor has a terminal that knows none. */
export const wantsColour = (stream: { isTTY?: boolean | undefined }, env: Record<string, string | undefined>): boolean =>
  stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
