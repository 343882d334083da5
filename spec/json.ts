/** How deep a message may nest; deeper ones are hostile, not messages. */
const MAX_DEPTH = 64

/** Parses JSON text of bounded depth. Throws SyntaxError, which quotes nothing: the engine's own tells a piece of the text, and that could be a secret. */
export function parseJson(text: string): unknown {
  requireShallow(text)
  try {
    return JSON.parse(text)
  } catch {
    throw new SyntaxError('not JSON')
  }
}

/** Parses JSON text of bounded depth in which no object names a member twice (protocol 9: readers differ on which one counts). Throws SyntaxError. */
export function parseUniqueJson(text: string): unknown {
  const value = parseJson(text)
  requireUniqueMembers(text)
  return value
}

/** Strict UTF-8. Throws TypeError. */
export const decodeUtf8 = (bytes: Uint8Array): string => utf8.decode(bytes)
const utf8 = new TextDecoder('utf-8', { fatal: true })

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d]

function requireShallow(text: string): void {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) i = endOfString(text, i)
    else if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      if (++depth > MAX_DEPTH) throw new SyntaxError('JSON nests too deep')
    } else if (c === CLOSE_OBJECT || c === CLOSE_ARRAY) depth--
  }
}

/** The text is known to be JSON: a string that follows `{` or `,` inside an object is a member's name. */
function requireUniqueMembers(text: string): void {
  const open: (Set<string> | undefined)[] = [] // the names of each object that is open; an array has none
  let nameNext = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) {
      const end = endOfString(text, i)
      const names = open.at(-1)
      if (nameNext && names) addName(names, text.slice(i, end + 1))
      nameNext = false
      i = end
    } else if (c === COMMA) nameNext = open.at(-1) !== undefined
    else if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      nameNext = c === OPEN_OBJECT
      open.push(nameNext ? new Set() : undefined)
    } else if (c === CLOSE_OBJECT || c === CLOSE_ARRAY) open.pop()
  }
}

function addName(names: Set<string>, literal: string): void {
  const name = literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1) // two spellings of one name are one name
  if (names.has(name)) throw new SyntaxError('JSON names a member twice')
  names.add(name)
}

function endOfString(text: string, start: number): number {
  let end = start + 1
  for (let c = text.charCodeAt(end); end < text.length && c !== QUOTE; c = text.charCodeAt(end)) end += c === BACKSLASH ? 2 : 1
  return end
}
