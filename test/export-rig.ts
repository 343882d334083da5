/** An Authority's trail on its way to receivers of a test's own. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { expect, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { openAuthority } from '../authority/node/open.ts'
import { type AuditEvent, createAudit } from '../spec/node/audit.ts'
import type { Exporting } from '../spec/node/export/exports.ts'
import { createLog } from '../spec/node/log.ts'
import type { Effects } from '../spec/node/party.ts'
import { APPROVING, authorityWorld, callers } from './authority-rig.ts'
import { temporaryFolder } from './folders.ts'
import { AUTHORITY } from './parties.ts'
import { listen } from './spec/tls-fixture.ts'

type Exporter = Exporting['exporters'][number]
type Redacted = { omit?: string[]; pseudonymize?: string[]; from?: 'beginning' | 'now' }
const common = (name: string, more: Redacted) => ({ name, from: 'beginning' as const, omit: [], pseudonymize: [], ...more })

export const toFile = (path: string, { name = 'file', ...more }: Redacted & { name?: string } = {}): Exporter => ({
  ...common(name, more),
  to: 'file',
  path,
})
export const toSyslog = (
  port: number,
  { name = 'syslog', tls, host = '127.0.0.1', ...more }: Redacted & { name?: string; host?: string; tls?: Tls } = {},
): Exporter => ({
  ...common(name, more),
  ...{ to: 'syslog', host, port },
  tls: tls && { cert: undefined, key: undefined, serverName: undefined, ...tls },
})
type Tls = { ca: string; cert?: string; key?: string; serverName?: string }
export const toHttps = (url: string, secret: string, { name = 'https', ...more }: Redacted & { name?: string } = {}): Exporter => ({
  ...common(name, more),
  ...{ to: 'https', url, secret },
})

export const Event = z.looseObject({
  id: z.string(),
  seq: z.int(),
  source: z.url(),
  at: z.int(),
  event: z.string(),
  outcome: z.string(),
})
export type Event = z.infer<typeof Event>

/** An Authority that makes events, and instances beside it that export. */
export async function exportingWorld() {
  const w = await authorityWorld(APPROVING)
  const db = w.database()
  return {
    ...w,
    db,
    /** So many events more, all of them numbered. */
    happen: async (requests = 3) => {
      for (let i = 0; i < requests; i++) await w.requested()
      await w.manage('/ready')
    },
    /** Events that nobody made, numbered. */
    note: async (events: AuditEvent[]) => {
      const unsigned = () => {
        throw new Error('nothing is signed here')
      }
      const audit = createAudit({ db, now: w.now, log: createLog('test', 'silent'), count: () => {}, signingKey: unsigned })
      for (const event of events) audit.note(event)
      await audit.number()
    },
    /** The ids of the numbered rows, in their order. */
    trail: async () => {
      const rows = await db.read.selectFrom('audit').select('hash').where('seq', 'is not', null).orderBy('seq').execute()
      return rows.map(({ hash }) => hash)
    },
    cursor: (name: string) => db.read.selectFrom('export_cursor').selectAll().where('name', '=', name).executeTakeFirst(),
    /** An instance that exports. `log` is what it logs. */
    exporting: async (exporters: Exporter[], { confirmSeconds, effects = {} }: { confirmSeconds?: number; effects?: Partial<Effects> } = {}) => {
      const log: { event: string; exporter?: string; level: string; reason?: string }[] = []
      const instance = await openAuthority({
        ...w.authority.opening,
        exporting: { source: AUTHORITY, party: 'authority', exporters, ...(confirmSeconds !== undefined && { confirmSeconds }) },
        effects: { ...w.authority.opening.effects, log: createLog('test', 'info', (line) => void log.push(JSON.parse(line))), ...effects },
      })
      let stopped: Promise<void> | undefined
      const stop = () => {
        stopped ??= instance.stop()
        return stopped
      }
      onTestFinished(stop)
      const told = () => log.filter(({ event }) => event.startsWith('export_')).map(({ event, exporter, level }) => ({ event, exporter, level }))
      return { ...callers(instance, w.authority.opening.adminToken), stop, log, told }
    },
  }
}

export type ExportingWorld = Awaited<ReturnType<typeof exportingWorld>>

/** A file to export to, and its lines. */
export function fileReceiver(source = AUTHORITY) {
  const path = join(temporaryFolder(), 'audit.jsonl')
  return { path, events: () => readEvents(path).filter((event) => event.source === source) }
}

/** The lines of a file, each an event. */
export const readEvents = (path: string): Event[] =>
  existsSync(path) ? linesOf(readFileSync(path, 'utf8')).map((line) => Event.parse(JSON.parse(line))) : []

function linesOf(text: string): string[] {
  expect(text === '' || text.endsWith('\n')).toBe(true)
  return text.split('\n').slice(0, -1)
}

/** A syslog receiver that counts octets as RFC 6587 has it, on loopback; with TLS where it has a certificate. `hear: false`: it never reads. */
export async function syslogReceiver({ tls, hear = true, port = 0 }: { tls?: TlsOptions; hear?: boolean; port?: number } = {}) {
  const messages: string[] = []
  const take = (socket: Socket) => {
    let buffer = Buffer.alloc(0)
    if (!hear) return
    socket.on('data', (chunk) => {
      buffer = Buffer.concat([buffer, chunk])
      for (let frame = frameOf(buffer); frame; frame = frameOf(buffer)) {
        if (frame === 'no octet count') return void socket.destroy()
        messages.push(frame.message)
        buffer = buffer.subarray(frame.end)
      }
    })
  }
  const server: Server = tls ? createTlsServer(tls, (socket) => take(socket.on('error', () => {}))) : createServer(take)
  server.on('tlsClientError', () => {})
  const { port: own, sockets } = await listen(server, port, '127.0.0.1')
  return { port: own, sockets, messages, server, events: () => messages.map((message) => Event.parse(JSON.parse(parseSyslog(message).msg))) }
}

function frameOf(buffer: Buffer): { message: string; end: number } | 'no octet count' | undefined {
  const space = buffer.indexOf(' ')
  if (space === -1) return undefined
  const [, digits] = /^([1-9]\d{0,9})$/.exec(buffer.subarray(0, space).toString('latin1')) ?? []
  if (digits === undefined) return 'no octet count'
  const end = space + 1 + Number(digits)
  return end > buffer.length ? undefined : { message: buffer.subarray(space + 1, end).toString('latin1'), end }
}

/** A message by the grammar of RFC 5424 §6, without structured data. */
export function parseSyslog(message: string) {
  const [, priority, timestamp, hostname, app, procid, msgid, msg = ''] =
    /^<(\d{1,3})>1 (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) - (.*)$/.exec(
      message,
    ) ?? []
  expect(priority, message).toBeDefined()
  return { facility: Number(priority) >> 3, severity: Number(priority) & 7, timestamp, hostname, app, procid, msgid, msg }
}

export const idsOf = (events: Event[]) => events.map(({ id }) => id)
/** Each once, in the order in which they first came. */
export const distinct = <T>(values: T[]): T[] => [...new Set(values)]
/** Waits for a fact. */
export const eventually = (fact: () => void | Promise<void>) => vi.waitFor(fact, { timeout: 30_000, interval: 50 })
