/** Whatever stands in an event, an export has one record for it, and nothing of it acts on who reads that (O-03). */
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { csvHead, csvLine } from '../spec/node/export/csv.ts'
import { exportedEvent, readTrail } from '../spec/node/export/event.ts'
import { eventually, exportingWorld, fileReceiver, idsOf, parseSyslog, syslogReceiver, toFile, toHttps, toSyslog } from './export-rig.ts'
import { AUTHORITY } from './parties.ts'
import { listen } from './spec/tls-fixture.ts'

const HOSTILE: Record<string, string> = {
  newline: 'one\ntwo\r\nthree\n',
  'a line of the log': '\n{"at":1,"event":"decision","outcome":"approved","user":"eve@evil.example"}\n',
  'a frame of syslog': '\n110 <110>1 - evil agentpass - decision - {"seq":1}',
  'an octet count': '5 <34>1 - - - - - - x',
  'structured data': '] [evil@1 x="y"] {"',
  ansi: '\u001b[2J\u001b[1;31mred\u001b]0;title\u0007',
  'eight bits of control': '\u009b31mred\u0085next',
  nul: 'a\u0000b',
  'line and paragraph separators': 'a\u2028b\u2029c',
  'bidirectional text': 'abc\u202edrow\u2066x',
  'half of a surrogate pair': 'a\ud800b\udc00c',
  'what looks like half of one': 'a\\ud800b',
  'characters beyond the first plane': '💩 and ü and 漢字',
  'a byte order mark': '\ufeffx',
  quotes: '"\\"\',;\t',
  markup: '<script>alert(1)</script>&amp;',
  'a field of a megabyte': 'x'.repeat(1_000_000),
  'a field of a megabyte of newlines': '\n'.repeat(1_000_000),
  'a field of a megabyte of pictures': '💩'.repeat(250_000),
}
const NAMES = Object.keys(HOSTILE)
const PRINTABLE = /^[ -~]*$/

/** As the trail keeps it, with what is half a character replaced. */
const kept = (value: string): string => (value.length > 1024 ? `${value.slice(0, 1024)}…` : value).replace(/\p{Cs}/gu, '\ufffd')

async function hostileWorld() {
  const w = await exportingWorld()
  await w.note(Object.values(HOSTILE).map((value) => ({ event: 'decision', outcome: 'refused', reason: value, user: value, scope: [value, value] })))
  return w
}

test('in JSON Lines', async () => {
  const w = await hostileWorld()
  const { path, events } = fileReceiver()
  await w.exporting([toFile(path)])
  await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
  for (const [i, name] of NAMES.entries())
    expect(events()[i], name).toMatchObject({ reason: kept(HOSTILE[name]!), scope: [kept(HOSTILE[name]!), kept(HOSTILE[name]!)] })
  for (const event of events()) expect(JSON.stringify(event)).not.toMatch(/\p{Cs}/u)
})

test('in syslog, where the longest are cut to what every receiver takes', async () => {
  const w = await hostileWorld()
  const receiver = await syslogReceiver()
  await w.exporting([toSyslog(receiver.port)])
  await eventually(async () => expect(idsOf(receiver.events())).toEqual(await w.trail()))
  for (const [i, name] of NAMES.entries()) {
    const message = receiver.messages[i] ?? ''
    expect(message, name).toMatch(PRINTABLE)
    expect(message.length, name).toBeLessThanOrEqual(8192)
    expect(parseSyslog(message)).toMatchObject({ msgid: 'decision', severity: 4 })
    const { reason, truncated } = receiver.events()[i]!
    const whole = kept(HOSTILE[name]!)
    expect(truncated === true ? whole.startsWith(String(reason).slice(0, 127)) : reason === whole, name).toBe(true)
  }
  expect(receiver.events().at(-1)).toMatchObject({ truncated: true, seq: NAMES.length, source: AUTHORITY })
})

test('by HTTPS, as OCSF', async () => {
  const w = await hostileWorld()
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    bodies.push(await text(request))
    response.writeHead(204).end()
  })
  const { port } = await listen(server, 0, '127.0.0.1')
  const fetched = (_: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}/`, init)
  await w.exporting([toHttps('https://lake.example/', `whsec_${Buffer.alloc(24, 1).toString('base64')}`)], { effects: { fetch: fetched } })
  await eventually(async () => expect(await w.cursor('https')).toMatchObject({ seq: NAMES.length }))
  for (const body of bodies) expect(body).toMatch(PRINTABLE)
  const told = bodies.flatMap((body) => Ocsf.parse(JSON.parse(body)))
  expect(told.map(({ metadata }) => metadata.uid)).toEqual(await w.trail())
  for (const [i, name] of NAMES.entries())
    expect(told[i], name).toMatchObject({ unmapped: { reason: kept(HOSTILE[name]!) }, user: { name: kept(HOSTILE[name]!) } })
})

const Ocsf = z.array(z.looseObject({ metadata: z.looseObject({ uid: z.string() }) }))

test('in CSV', async () => {
  const w = await hostileWorld()
  const rows = await readTrail(w.db.read, 0, 100)
  const csv = csvHead() + rows.map((row) => csvLine(exportedEvent(row, AUTHORITY))).join('')
  const lines = csv.split('\r\n')
  expect(lines).toHaveLength(NAMES.length + 2)
  for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
  const columns = (line: string) => [...line.matchAll(/(?:^|,)(?:"(?:[^"]|"")*"|[^",]*)/g)].length
  for (const line of lines.slice(0, -1)) expect(columns(line)).toBe(columns(csvHead().trimEnd()))
})
