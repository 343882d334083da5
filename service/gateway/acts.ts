import { ProtocolError } from '../../spec/error.ts'

/** One line of a scope's `allows`: a method and a path pattern in which `*` is one segment and a last `**` is the rest, however deep. */
export type Act = { method: string; segments: string[]; rest: boolean }

const LINE = /^(?<method>[A-Z]+) (?<path>\/[^\s?#\\]*)$/

/** Reads `GET /api/tickets/*`. Undefined when it is no such line. */
export function readAct(line: string): Act | undefined {
  const { method, path } = LINE.exec(line)?.groups ?? {}
  if (method === undefined || path === undefined) return undefined
  const segments = path.slice(1).split('/')
  const rest = segments.at(-1) === '**'
  if (segments.slice(0, -1).includes('**')) return undefined
  return { method, segments: rest ? segments.slice(0, -1) : segments, rest }
}

/** Whether an act allows a method on a path, which `requirePlainPath` has seen. `GET` allows `HEAD`. */
export function allows(act: Act, method: string, path: string): boolean {
  if (act.method !== method && !(act.method === 'GET' && method === 'HEAD')) return false
  const segments = path.slice(1).split('/')
  if (act.rest ? segments.length < act.segments.length : segments.length !== act.segments.length) return false
  return act.segments.every((wanted, i) => wanted === segments[i] || (wanted === '*' && segments[i] !== ''))
}

/** Encoded slashes, backslashes and NUL, dot segments (with parameters too) and empty ones: what the app behind might read as another path than the one that was judged. */
const AMBIGUOUS = /\\|%(?:2f|5c|00|2e)|\/\/|\/\.{1,2}(?:\/|;|%3b|$)/i

/** Throws malformed_request for a path that two readers may read differently. */
export function requirePlainPath(path: string): void {
  if (AMBIGUOUS.test(path)) throw new ProtocolError('malformed_request', 'the path has encoded slashes, empty or dot segments')
}
