import { hideJwts } from './redact-jwt.ts'
import { hideMembers } from './redact-members.ts'
import { createSecrets } from './redact-secrets.ts'
import { hideForm, hideHeader, hideInputs, hideSecret, hideUrl } from './redact-wire.ts'
import type { Exchange, Report, Result } from './report.ts'

const MAX_BODY = 4_096
const MAX_READ = 65_536
const CUT = /\n… \[[\d,]+ more characters\]$/
const FORM = /^[^\s=&{}[\]<>"]+=[^\s{}<>"]*$/

/** Takes out of what a report shows whatever could be used: what the suite knows to be secret, and what looks it. Doing it twice changes nothing. */
export type Redactor = {
  /** From now on this is hidden in whatever is shown, also percent-encoded or inside JSON. Under four characters it is ignored. */
  add: (secret: string) => void
  text: (text: string) => string
  headers: (headers: Record<string, string>) => Record<string, string>
  /** Also cut after 4 KiB, saying how much was; bytes that are no text are their number. */
  body: (body: string | Uint8Array) => string
  /** The names in the query stay; relative ones too. */
  url: (url: string) => string
  /** All of a result, as it comes in. */
  result: (result: Result) => Result
  /** All of a report, once more, for what was known to be a secret only later. */
  report: (report: Report) => Report
}

/** A redactor that knows these secrets, and those it is told of. */
export function createRedactor(secrets: Iterable<string> = []): Redactor {
  const known = createSecrets()
  for (const secret of secrets) known.add(secret)
  const hide = (text: string) => hideJwts(known.hide(text))
  const text = (given: string) => hide(hideJson(given))
  const texts: Texts = {
    text,
    headers: (headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [hide(name), hide(hideHeader(name, value))])),
    body: (body) => readable(body, (shown) => hideInputs(FORM.test(shown) ? hide(hideForm(shown)) : text(shown))),
    url: (url) => hide(hideUrl(url)),
  }
  const result = (given: Result) => redactResult(texts, given)
  const report = (given: Report): Report => ({
    ...given,
    subjects: given.subjects.map(({ party, name, url }) => ({ party, name: text(name), url: url === undefined ? undefined : text(url) })),
    notices: given.notices.map(text),
    ...(given.aborted === undefined ? {} : { aborted: text(given.aborted) }),
    results: given.results.map(result),
  })
  return { add: known.add, ...texts, result, report }
}

type Texts = Pick<Redactor, 'text' | 'headers' | 'body' | 'url'>

const redactResult = (d: Texts, result: Result): Result => ({
  ...result,
  ...(result.expected === undefined ? {} : { expected: d.text(result.expected) }),
  ...(result.actual === undefined ? {} : { actual: d.text(result.actual) }),
  remarks: result.remarks.map(d.text),
  exchanges: result.exchanges.map((exchange) => redactExchange(d, exchange)),
})

const redactExchange = (d: Texts, { between, request, response, failure, ms }: Exchange): Exchange => ({
  between: d.text(between),
  request: { line: d.text(request.line).split(' ').map(d.url).join(' '), headers: d.headers(request.headers), body: d.body(request.body) },
  response: response && { status: response.status, headers: d.headers(response.headers), body: d.body(response.body) },
  ...(failure === undefined ? {} : { failure: d.text(failure) }),
  ms,
})

/** What was demanded and what came may have JSON after their first words. */
function hideJson(text: string): string {
  const at = text.search(/[{[]/)
  const address = (url: string) => hideUrl(url.replaceAll('\\/', '/'))
  return at < 0 ? text : text.slice(0, at) + hideMembers(text.slice(at), { secret: hideSecret, address })
}

/** A body that a person may read. It is bounded before it is searched; what the bound cuts through goes as a whole, as it may be a secret. */
function readable(body: string | Uint8Array, hide: (text: string) => string): string {
  const whole = typeof body === 'string' ? body : Buffer.from(body).toString()
  if (isBinary(whole)) return `[binary, ${(typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength).toLocaleString('en')} bytes]`
  if (CUT.test(whole) && whole.length < MAX_BODY + 40) return hide(whole)
  const read = whole.slice(0, endOfReading(whole))
  const shown = hide(read)
  const kept = shown.slice(0, MAX_BODY)
  const more = shown.length - kept.length + whole.length - read.length
  return more === 0 ? shown : `${kept}\n… [${more.toLocaleString('en')} more characters]`
}

/** Where the last word ends that is within the bound. */
function endOfReading(text: string): number {
  if (text.length <= MAX_READ) return text.length
  let end = MAX_READ
  while (end > 0 && !/[\s"&=]/.test(text.charAt(end - 1))) end--
  return end
}

function isBinary(text: string): boolean {
  const start = text.slice(0, 1_000)
  const odd = start.match(/[\p{Cc}\u{fffd}]/gu)?.filter((char) => !/\s/.test(char)).length ?? 0
  return odd > start.length / 10
}
