import type { Browser } from './actors/browser.ts'
import type { Clients, Observed } from './actors/client.ts'
import type { Ground } from './actors/ground.ts'
import type { Received } from './actors/hosts.ts'
import type { Profile } from './adapter.ts'
import type { createRedactor } from './report/redact.ts'
import type { Exchange } from './report/report.ts'
import { type Stage, skip, type Watch, waitMs } from './stage.ts'

/** Exchanges kept of one case: the last ones, for what showed a fault came last. */
const MOST_EXCHANGES = 8

/** A case's stage, with what was said while it stood there. */
export type Observing = { stage: Stage; exchanges: () => Exchange[]; warnings: string[] }
type Redactor = ReturnType<typeof createRedactor>

/** Sets up a stage for one case. What is said on it is watched for the whole run, and kept for the report, redacted when it is read. */
export function observe(
  name: string,
  d: { ground: Ground; profile: Profile; connect: Clients['observed']; watch: Watch; redactor: Redactor; browser?: () => Promise<Browser> },
): Observing {
  const said: (() => Exchange)[] = []
  const warnings: string[] = []
  const keep = (exchange: () => Exchange): void => {
    said.push(exchange)
    if (said.length > MOST_EXCHANGES) said.shift()
  }
  const client = d.connect((observed) => {
    if ((observed.reply?.status ?? 0) >= 400 && !observed.sent.hook && !observed.sent.raw) d.watch.refusals.push(observed)
    if (isEnvelope(observed.reply?.json, 'response')) d.watch.enveloped = 'response'
    keep(() => exchangeOf(observed, d.redactor))
  })
  const hosts: Ground['hosts'] = {
    ...d.ground.hosts,
    serve: (host, serve, tls) =>
      d.ground.hosts.serve(
        host,
        async (request) => {
          if (isEnvelope(request.json, 'request')) d.watch.enveloped = 'request'
          const answer = await serve(request)
          keep(() => servedExchange(request, answer, d.redactor))
          return answer
        },
        tls,
      ),
  }
  const stage: Stage = {
    profile: d.profile,
    ground: { ...d.ground, hosts },
    client,
    chance: d.ground.chance.stream(name),
    watch: d.watch,
    warn: (message) => void warnings.push(message),
    secret: (value) => {
      d.watch.secrets.add(value)
      d.redactor.add(value)
      return value
    },
    wait: waitMs,
    browser: d.browser ?? (async () => skip('it needs a real browser: --browser')),
  }
  return { stage, exchanges: () => said.map((exchange) => exchange()), warnings }
}

function exchangeOf({ sent, reply, failure, ms }: Observed, redactor: Redactor): Exchange {
  return {
    between: `suite → ${originOf(sent.url)}`,
    request: { line: `${sent.method} ${redactor.url(sent.url)}`, headers: redactor.headers(sent.headers), body: redactor.body(sent.body) },
    response: reply && { status: reply.status, headers: redactor.headers(reply.headers), body: redactor.body(reply.text) },
    ...(failure !== undefined && { failure }),
    ms,
  }
}

function servedExchange(
  request: Received,
  answer: { status?: number; json?: unknown; body?: string | Buffer; raw?: unknown },
  redactor: Redactor,
): Exchange {
  const body = answer.raw ? 'written by hand' : answer.json === undefined ? (answer.body ?? '').toString() : JSON.stringify(answer.json)
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]))
  return {
    between: `peer → ${originOf(request.url)} (the suite)`,
    request: { line: `${request.method} ${redactor.url(request.url)}`, headers: redactor.headers(headers), body: redactor.body(request.text) },
    response: { status: answer.status ?? 200, headers: {}, body: redactor.body(body) },
    ms: 0,
  }
}

/** Whether a body is wrapped in a member that the draft uses to name a direction, and nothing else. */
const isEnvelope = (json: unknown, name: string): boolean =>
  typeof json === 'object' && json !== null && Object.keys(json).join() === name && typeof Object.values(json)[0] === 'object'

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url)
