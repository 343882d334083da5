import { toRfc3339 } from '../../time.ts'
import type { ExportedEvent } from './event.ts'

/** The columns, in this order for ever: a new one comes before `other`, which has the rest as JSON. */
export const CSV_COLUMNS = [
  ...[
    'seq',
    'id',
    'time',
    'event',
    'outcome',
    'code',
    'type',
    'user',
    'agent',
    'harness',
    'tier',
    'service',
    'authority',
    'task',
    'authorization_id',
  ],
  ...['request_ref', 'scope', 'act', 'by', 'reason', 'address', 'vouched_by', 'key_thumbprint', 'key_name', 'kid', 'http_request', 'source'],
  ...['policy', 'policies', 'approvers', 'remembered', 'other'],
]
const TOLD = [...CSV_COLUMNS, 'at']

const CRLF = '\r\n'

/** The first line (RFC 4180). */
export const csvHead = (): string => CSV_COLUMNS.join(',') + CRLF

/** An event as one line, whatever is in it. */
export function csvLine(event: ExportedEvent): string {
  const other = Object.fromEntries(Object.entries(event).filter(([member]) => !TOLD.includes(member)))
  const values: Record<string, unknown> = {
    ...event,
    time: event.at > 0 ? toRfc3339(event.at) : undefined,
    other: Object.keys(other).length > 0 ? JSON.stringify(other) : undefined,
  }
  return CSV_COLUMNS.map((column) => cell(values[column])).join(',') + CRLF
}

function cell(value: unknown): string {
  const text = inert(textOf(value))
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.join(' ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** A spreadsheet, where it takes a semicolon for the end of a cell too, would run these as formulas, a terminal act on those: the first get a quote before them, the second are written as in JSON. */
const inert = (text: string): string =>
  text
    .replace(/(^|;)(?=[=+\-@\t\r\n＝＋－＠])/g, "$1'")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (c) =>
      Array.from({ length: c.length }, (_, i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
    )
