/** A JWT in any text, also one that is misshapen: padded, unsigned, with a part too many. `ew` and `eyA` begin one whose header is written with spaces. */
const COMPACT = /e[wy][\w+/=-]{6,2048}\.[\w+/=-]*\.[\w+/=-]*(?:\.[\w+/=-]*)*/g
const SHOWN = /^\[JWT [^\]"\\]*\]$/
const MEMBERS = ['alg', 'typ', 'kid', 'iss', 'sub', 'aud', 'iat', 'nbf', 'exp', 'jti', 'htm', 'htu']
const MAX_VALUE = 80

/**
 * Every JWT in a text, replaced by what of it is no secret, such as `[JWT alg=ES256 kid=1 iss=https://desk.example … signed]`.
 * Without its signature it is worth nothing, and what was wrong with one is often in its header.
 */
export const hideJwts = (text: string): string =>
  text.replace(COMPACT, (token) => describeJwt(token) ?? (token.startsWith('eyJ') ? '[JWT unreadable]' : token))

/** What may be said of one JWT; undefined for what is none. What was said already is said again. */
export function describeJwt(token: string): string | undefined {
  if (SHOWN.test(token)) return token
  const [header = '', claims = '', ...rest] = token.split('.')
  const decoded = decode(header)
  if (!decoded || rest.length === 0) return undefined
  const parts = MEMBERS.flatMap((name) => describe(name, decoded[name] ?? decode(claims)?.[name]))
  const parity = rest.length > 1 ? `${rest.length + 2} parts` : rest[0] === '' ? 'unsigned' : 'signed'
  return `[JWT ${[...parts, parity].join(' ')}]`
}

function describe(name: string, value: unknown): string[] {
  if (value === undefined) return []
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const clean = text.replace(/[\s"\\[\]\p{C}]+/gu, '·') // it stands inside JSON strings, and inside our brackets
  return [`${name}=${clean.length > MAX_VALUE ? `${clean.slice(0, MAX_VALUE)}…` : clean}`]
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isRecord(value) ? value : undefined
  } catch {
    return undefined // no JSON: no JWT either
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
