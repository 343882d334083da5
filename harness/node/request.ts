import { readFile } from 'node:fs/promises'
import { decodeUtf8, parseJson } from '../../spec/json.ts'
import { messageOf } from '../../spec/node/operator-error.ts'
import { browserUrl } from '../../spec/origin.ts'
import type { Call } from '../use.ts'
import type { Io } from './io.ts'
import { misuse } from './options.ts'

export type RequestOptions = { header?: string[]; data?: string }

/** Headers that say who calls, whom, or how: they are ours or the connection's. */
const RESERVED = /^(?:authorization|host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*)$/i
const HEADER = /^([^:]+):\s*(.*)$/s

/** The request a command line describes, checked before any token is looked at. Throws OperatorError (misuse). */
export async function readRequest(
  { io, signal }: { io: Io; signal: AbortSignal },
  { method, url }: { method: string; url: string },
  options: RequestOptions,
): Promise<Call> {
  if (!browserUrl.safeParse(url).success) throw misuse(`${url} is no https URL`, 'give one such as https://desk.example/api/tickets')
  const headers = readHeaders(options.header ?? [])
  const body = options.data === undefined ? undefined : await readData(options.data, () => io.readInput(signal))
  if (body && !headers.has('content-type')) headers.set('content-type', isJson(body) ? 'application/json' : 'application/octet-stream')
  const call = { url: new URL(url).href.replace(/#.*$/, ''), method: method.toUpperCase(), headers, body }
  requirePossible(call)
  return call
}

function readHeaders(lines: string[]): Headers {
  const headers = new Headers()
  for (const line of lines) {
    const [, name = '', value = ''] = HEADER.exec(line) ?? []
    if (RESERVED.test(name.trim())) throw misuse(`the header ${name.trim()} cannot be given`, 'the token and the connection take care of it')
    try {
      headers.append(name.trim(), value)
    } catch {
      throw misuse('--header is no header', "give one such as --header 'accept: text/csv'") // its text may be a secret of the caller's
    }
  }
  return headers
}

/** `--data`: text, `@file`, or `-` for the standard input. */
async function readData(data: string, readInput: () => Promise<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  if (data === '-') return readInput()
  if (!data.startsWith('@')) return new TextEncoder().encode(data)
  return readFile(data.slice(1)).then(
    (bytes) => Uint8Array.from(bytes),
    (cause) => {
      throw misuse(`--data ${data} cannot be read: ${messageOf(cause)}`, 'does the file exist, and may this user read it?')
    },
  )
}

function isJson(body: Uint8Array): boolean {
  try {
    parseJson(decodeUtf8(body))
    return true
  } catch {
    return false // anything else is sent as it is
  }
}

function requirePossible({ url, method, body }: Call): void {
  try {
    new Request(url, { method, ...(body && { body }) })
  } catch {
    throw misuse(`${method} cannot be sent${body ? ' with --data' : ''}`, 'use GET or HEAD without --data, or POST, PUT, PATCH or DELETE')
  }
}
