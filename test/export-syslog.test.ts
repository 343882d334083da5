/** The trail as syslog: one message of RFC 5424 an event, sent again when nobody can know that it arrived. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { distinct, eventually, exportingWorld, idsOf, parseSyslog, syslogReceiver, toSyslog } from './export-rig.ts'
import { AUTHORITY } from './parties.ts'
import { createCa, createSelfSigned } from './spec/tls-fixture.ts'

test('an event is one message of the audit facility, from this authority, of its kind; what was refused is a warning', async () => {
  const w = await exportingWorld()
  const receiver = await syslogReceiver()
  await w.requested()
  await w.check('nothing', w.desk.bearer())
  await w.manage('/ready')
  await w.exporting([toSyslog(receiver.port)])
  await eventually(() => expect(receiver.messages).toHaveLength(3))
  const [first, , refused] = receiver.messages.map(parseSyslog)
  expect(first).toMatchObject({ facility: 13, severity: 6, timestamp: '2023-11-14T22:13:20Z', hostname: new URL(AUTHORITY).hostname })
  expect(first).toMatchObject({ app: 'agentpass-authority', procid: '-', msgid: 'issuance' })
  expect(refused).toMatchObject({ severity: 4, msgid: 'check' })
  expect(idsOf(receiver.events())).toEqual(await w.trail())
})

test.each([10_000_000_000_000, -1, 1e300])(
  'a row whose time was changed to %f, which is none, holds up nothing: it comes as unreadable',
  async (at) => {
    const w = await exportingWorld()
    const receiver = await syslogReceiver()
    await w.requested()
    await w.manage('/ready')
    const { event } = await w.db.read.selectFrom('audit').select('event').where('seq', '=', 1).executeTakeFirstOrThrow()
    await w.db.write((tx) =>
      tx
        .updateTable('audit')
        .set({ event: JSON.stringify({ ...JSON.parse(event), at }) })
        .where('seq', '=', 1)
        .execute(),
    )
    await w.exporting([toSyslog(receiver.port)])
    await eventually(() => expect(receiver.messages).toHaveLength(2))
    expect(parseSyslog(receiver.messages[0]!)).toMatchObject({ timestamp: '-', msgid: 'unreadable' })
  },
)

test('an event counts as handed over half a minute after it was written, while the connection stands', async () => {
  const w = await exportingWorld()
  const receiver = await syslogReceiver()
  await w.happen()
  await w.exporting([toSyslog(receiver.port)])
  await eventually(() => expect(receiver.messages).toHaveLength(6))
  w.pass(29)
  await w.happen(1)
  await eventually(() => expect(receiver.messages).toHaveLength(8))
  expect(await w.cursor('syslog')).toMatchObject({ seq: 0 })
  w.pass(1)
  await eventually(async () => expect(await w.cursor('syslog')).toMatchObject({ seq: 6 }))
  w.pass(29)
  await eventually(async () => expect(await w.cursor('syslog')).toMatchObject({ seq: 8 }))
  expect(receiver.messages).toHaveLength(8)
})

test('when a connection breaks, what was written in its last half minute is sent again, and nothing older', async () => {
  const w = await exportingWorld()
  const receiver = await syslogReceiver()
  await w.happen()
  const x = await w.exporting([toSyslog(receiver.port)])
  await eventually(() => expect(receiver.messages).toHaveLength(6))
  w.pass(30)
  await eventually(async () => expect(await w.cursor('syslog')).toMatchObject({ seq: 6 }))
  await w.happen()
  await eventually(() => expect(receiver.messages).toHaveLength(12))
  w.pass(29)
  receiver.sockets[0]?.destroy()
  await eventually(() => expect(x.told()).toEqual([{ event: 'export_failed', exporter: 'syslog', level: 'warn' }]))
  w.pass(2)
  await eventually(() => expect(receiver.messages).toHaveLength(18))
  expect(receiver.events().map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 7, 8, 9, 10, 11, 12])
  w.pass(30)
  await eventually(async () => expect(await w.cursor('syslog')).toMatchObject({ seq: 12, failing_since: null, last_error: null }))
  expect(x.told().map(({ event }) => event)).toEqual(['export_failed', 'export_recovered'])
})

test('a receiver that closes politely has not said that it has everything', async () => {
  const w = await exportingWorld()
  const receiver = await syslogReceiver()
  await w.happen()
  await w.exporting([toSyslog(receiver.port)])
  await eventually(() => expect(receiver.messages).toHaveLength(6))
  receiver.sockets[0]?.end()
  await eventually(async () => expect(await w.cursor('syslog')).toMatchObject({ seq: 0, last_error: 'the receiver closed the connection' }))
  w.pass(60)
  await eventually(() => expect(receiver.messages).toHaveLength(12))
  expect(distinct(idsOf(receiver.events()))).toEqual(await w.trail())
})

test('a receiver that reads nothing holds up neither the party nor its stop', async () => {
  const w = await exportingWorld()
  const receiver = await syslogReceiver({ hear: false })
  for (let i = 0; i < 40; i++) await Promise.all(Array.from({ length: 50 }, () => w.check('x'.repeat(1000), w.desk.bearer())))
  await w.manage('/ready')
  const x = await w.exporting([toSyslog(receiver.port)])
  await eventually(() => expect(receiver.sockets).toHaveLength(1))
  receiver.sockets[0]?.pause()
  expect((await x.issue()).status).toBe(200)
  const before = performance.now()
  await x.stop()
  expect(performance.now() - before).toBeLessThan(5000)
  expect(await w.cursor('syslog')).toMatchObject({ seq: 0, holder: null })
})

const NAME = 'siem.example'

/** A receiver with TLS, and how an export that trusts `ca` ends there. */
async function overTls(tls: Parameters<typeof syslogReceiver>[0], ours: NonNullable<Parameters<typeof toSyslog>[1]>['tls']) {
  const w = await exportingWorld()
  const receiver = await syslogReceiver(tls)
  await w.happen()
  await w.exporting([toSyslog(receiver.port, ours && { tls: { serverName: NAME, ...ours } })])
  return { w, receiver }
}

test('over TLS the receiver proves who it is, and we do where we have a certificate', async () => {
  const [ca, clients] = [await createCa(), await createCa()]
  const [server, client] = [await ca.issue(NAME), await clients.issue('authority')]
  const { w, receiver } = await overTls(
    { tls: { ...server, ca: clients.pem, requestCert: true, rejectUnauthorized: true } },
    { ca: ca.pem, ...client },
  )
  await eventually(async () => expect(idsOf(receiver.events())).toEqual(await w.trail()))
})

test.each<[string, string, (ca: Awaited<ReturnType<typeof createCa>>) => Promise<{ key: string; cert: string }>]>([
  ['of another name', 'not match', (ca) => ca.issue('other.example')],
  ['of another authority', 'certificate signature failure', async () => (await createCa()).issue(NAME)],
  ['that nobody signed', 'self-signed', () => createSelfSigned(NAME)],
  ['that has ended', 'expired', (ca) => ca.issue(NAME, -1)],
])('a receiver with a certificate %s is told nothing', async (_, why, issue) => {
  const ca = await createCa()
  const { w, receiver } = await overTls({ tls: await issue(ca) }, { ca: ca.pem })
  await eventually(async () => expect(await w.cursor('syslog')).toMatchObject({ seq: 0, last_error: expect.stringContaining(why) }))
  expect(receiver.messages).toEqual([])
})

test('a server_name that is an address is what the certificate has to be for, and not the address that is called', async () => {
  const ca = await createCa()
  const OTHER = '192.0.2.7'
  const right = await overTls({ tls: await ca.issue(OTHER) }, { ca: ca.pem, serverName: OTHER })
  await eventually(async () => expect(idsOf(right.receiver.events())).toEqual(await right.w.trail()))
  const wrong = await overTls({ tls: await ca.issue('127.0.0.1') }, { ca: ca.pem, serverName: OTHER })
  await eventually(async () =>
    expect(await wrong.w.cursor('syslog')).toMatchObject({ seq: 0, last_error: expect.stringContaining('not in the cert') }),
  )
  expect(wrong.receiver.messages).toEqual([])
})

test('a receiver that speaks no TLS is told nothing, and one that takes no certificate of ours says so', async () => {
  const ca = await createCa()
  const plain = await overTls({}, { ca: ca.pem })
  await eventually(async () => expect(await plain.w.cursor('syslog')).toMatchObject({ seq: 0, last_error: expect.any(String) }))
  const strict = await overTls({ tls: { ...(await ca.issue(NAME)), ca: ca.pem, requestCert: true, rejectUnauthorized: true } }, { ca: ca.pem })
  await once(strict.receiver.server, 'tlsClientError')
  await eventually(async () => expect(await strict.w.cursor('syslog')).toMatchObject({ seq: 0, last_error: expect.any(String) }))
  expect(strict.receiver.messages).toEqual([])
})
