import { asciiJson, type ExportedEvent } from './event.ts'

/** Who speaks: `host` is the name of the party, `app` which kind of party it is. */
export type FrameAbout = { host: string; app: string }

const LOG_AUDIT = 13
const WARNING = 4
const INFORMATIONAL = 6
const MAX_HOST_CHARS = 255
const MAX_APP_CHARS = 48
const MAX_MSGID_CHARS = 32
/** What every receiver should take whole (RFC 5425 §4.3.1). */
const MAX_MESSAGE_BYTES = 8192
const MAX_CUT_CHARS = 128

/** One event as RFC 5424 has it, with its length in front (RFC 6587 §3.4.1). All of it is printable ASCII, so a character is a byte and nothing in it can look like a frame's end. */
export function syslogFrame(event: ExportedEvent, { host, app }: FrameAbout): string {
  const priority = LOG_AUDIT * 8 + (event.outcome === 'refused' ? WARNING : INFORMATIONAL)
  const names = [printable(host, MAX_HOST_CHARS), printable(app, MAX_APP_CHARS), '-', printable(event.event, MAX_MSGID_CHARS)]
  const head = `<${priority}>1 ${timeOf(event.at)} ${names.join(' ')} - `
  const message = head + fitting(event, MAX_MESSAGE_BYTES - head.length)
  return `${message.length} ${message}`
}

const timeOf = (at: number): string => (at > 0 ? new Date(at * 1000).toISOString().replace('.000Z', 'Z') : '-')

/** PRINTUSASCII of RFC 5424, or its word for nothing. */
const printable = (text: string, max: number): string => text.replace(/[^!-~]/g, '_').slice(0, max) || '-'

/** The whole event where there is room for it; else its texts cut short, and if even that is too long, what says where to find it. */
function fitting(event: ExportedEvent, room: number): string {
  const whole = asciiJson(event)
  if (whole.length <= room) return whole
  const cut = asciiJson({ ...event, truncated: true }, shorten)
  if (cut.length <= room) return cut
  const { id, seq, source, at, outcome } = event
  return asciiJson({ at, event: event.event.slice(0, MAX_CUT_CHARS), outcome: outcome.slice(0, MAX_CUT_CHARS), id, seq, source, truncated: true })
}

/** What tells receivers which event it is stays whole. */
const shorten = (member: string, value: unknown): unknown =>
  typeof value === 'string' && value.length > MAX_CUT_CHARS && member !== 'source' ? `${value.slice(0, MAX_CUT_CHARS)}…` : value
