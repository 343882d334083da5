import { pino } from 'pino'
import type { LogLevel } from './log-level.ts'

/** The fields a log line may have: nothing secret has a name here. */
export type LogFields = {
  party?: string
  door?: string
  method?: string
  route?: string
  status?: number
  ms?: number
  http_request?: string
  code?: string
  request_ref?: string
  authorization_id?: string
  authority?: string
  service?: string
  address?: string
  exporter?: string
  seq?: number
  hash?: string
  count?: number
  failure?: unknown
}

export type Log = Record<'debug' | 'info' | 'warn' | 'error', (event: string, fields?: LogFields) => void>

const MAX_REASON_CHARS = 500

/** JSON lines on stderr, which is the operators' stream; audit is another. */
export function createLog(party: string, level: LogLevel, write: (line: string) => void = (line) => void process.stderr.write(line)): Log {
  const logger = pino(
    { level, base: { party }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    { write },
  )
  const at =
    (name: keyof Log) =>
    (event: string, fields: LogFields = {}) => {
      const { failure, ...rest } = fields
      logger[name]({ event, ...rest, ...(failure !== undefined && describe(failure)) })
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** Why, down the chain of causes, cut short; a stack only where it is our own fault. */
function describe(failure: unknown): { reason: string; stack?: string } {
  const reasons: string[] = []
  for (let e = failure; e instanceof Error && reasons.length < 5; e = e.cause) reasons.push(`${e.name}: ${e.message}`)
  const reason = (reasons.join(' ← ') || String(failure)).slice(0, MAX_REASON_CHARS)
  const stack = failure instanceof Error && failure.name !== 'ProtocolError' ? failure.stack?.slice(0, 2000) : undefined
  return { reason, ...(stack !== undefined && { stack }) }
}
