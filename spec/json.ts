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
export const decodeUtf8 = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes)

function requireShallow(text: string): void {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '"') i = endOfString(text, i)
    else if (c === '{' || c === '[') {
      if (++depth > MAX_DEPTH) throw new SyntaxError('JSON nests too deep')
    } else if (c === '}' || c === ']') depth--
  }
}

/** The text is known to be JSON: a string that follows `{` or `,` inside an object is a member's name. */
function requireUniqueMembers(text: string): void {
  const open: (Set<string> | 'array')[] = []
  let nameNext = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '{' || c === '[') {
      open.push(c === '{' ? new Set() : 'array')
      nameNext = c === '{'
    } else if (c === '}' || c === ']') open.pop()
    else if (c === ',') nameNext = open.at(-1) !== 'array'
    else if (c === '"') {
      const end = endOfString(text, i)
      const names = open.at(-1)
      if (nameNext && names instanceof Set) addName(names, text.slice(i, end + 1))
      nameNext = false
      i = end
    }
  }
}

function addName(names: Set<string>, literal: string): void {
  const name: unknown = JSON.parse(literal) // two spellings of one name are one name
  if (names.has(String(name))) throw new SyntaxError('JSON names a member twice')
  names.add(String(name))
}

function endOfString(text: string, start: number): number {
  let end = start + 1
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
  return end
}
