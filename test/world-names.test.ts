import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type Answer, type DecodedPacket, decode, encode, type Packet, streamEncode } from 'dns-packet'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Names, startNames } from './world/names.ts'

let names: Names
beforeEach(async () => {
  names = await startNames()
})
afterEach(() => names.stop())

const query = (name: string, type: 'TXT' | 'A' | 'AAAA' = 'TXT'): Packet => ({ type: 'query', id: 7, questions: [{ name, type }] })
/** The query of a resolver that says how long a datagram may be, with an option that dns2 does not know. */
const taking = (udpPayloadSize: number, packet: Packet): Packet => {
  const flags = { extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false }
  return { ...packet, additionals: [{ type: 'OPT', name: '.', udpPayloadSize, ...flags, options: [{ code: 12, length: 8 }] }] }
}
const portOf = () => Number(names.address.split(':')[1])

async function sendUdp(...datagrams: Uint8Array[]): Promise<Buffer> {
  const socket = createSocket('udp4')
  socket.connect(portOf(), '127.0.0.1')
  await once(socket, 'connect')
  const answered = once(socket, 'message')
  for (const datagram of datagrams) socket.send(datagram)
  const [answer] = await answered
  socket.close()
  return answer
}
const askUdp = async (packet: Packet): Promise<DecodedPacket> => decode(await sendUdp(encode(packet)))

async function askTcp(packet: Packet): Promise<DecodedPacket> {
  const socket = connect(portOf(), '127.0.0.1')
  socket.end(streamEncode(packet))
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  return decode(Buffer.concat(chunks).subarray(2))
}
/** What a name holds, as a resolver library sees it: each record's strings, or the code of the refusal. */
async function resolveTxt(name: string): Promise<string[][] | string> {
  const resolver = new Resolver({ timeout: 200, tries: 1 })
  resolver.setServers([names.address])
  return resolver.resolveTxt(name).catch((error) => String(error.code))
}
const stringsOf = (answer: Answer) => (answer.type === 'TXT' && Array.isArray(answer.data) ? answer.data.map(String) : [])
const codeOf = (answer: DecodedPacket) => ('rcode' in answer ? answer.rcode : undefined)
const seen = (answer: DecodedPacket) => [codeOf(answer), answer.answers?.map((a) => ('data' in a ? String(a.data) : undefined))]

for (const [transport, ask] of Object.entries({ UDP: askUdp, TCP: askTcp })) {
  test(`over ${transport} a published name has its values, one record each`, async () => {
    names.publish('_agentpass.acme.localhost', 'https://agents.acme.localhost/a', 'none')
    expect(seen(await ask(query('_agentpass.acme.localhost')))).toEqual(['NOERROR', ['https://agents.acme.localhost/a', 'none']])
  })
  test(`over ${transport} an unknown or withdrawn name does not exist, and a name without values has no data`, async () => {
    names.publish('_agentpass.acme.localhost', 'none')
    names.publish('_agentpass.corp.localhost')
    expect(seen(await ask(query('_agentpass.corp.localhost')))).toEqual(['NOERROR', []])
    expect(seen(await ask(query('_agentpass.nobody.example')))).toEqual(['NXDOMAIN', []])
    names.withdraw('_agentpass.acme.localhost')
    expect(seen(await ask(query('_agentpass.acme.localhost')))).toEqual(['NXDOMAIN', []])
  })
  test(`over ${transport} a name fails as it is told, for every type, until that ends`, async () => {
    names.publish('desk.localhost', 'v')
    for (const how of ['SERVFAIL', 'REFUSED'] as const) {
      names.fail('desk.localhost', how)
      expect(seen(await ask(query('desk.localhost')))).toEqual([how, []])
      expect(seen(await ask(query('desk.localhost', 'A')))).toEqual([how, []])
    }
    names.fail('desk.localhost', undefined)
    expect(seen(await ask(query('desk.localhost')))).toEqual(['NOERROR', ['v']])
  })
  test(`over ${transport} a host under .localhost is at 127.0.0.1 and nowhere in IPv6, and a record name is no host`, async () => {
    for (const host of ['localhost', 'desk.localhost', 'a.b.localhost']) {
      expect(seen(await ask(query(host, 'A')))).toEqual(['NOERROR', ['127.0.0.1']])
      expect(seen(await ask(query(host, 'AAAA')))).toEqual(['NOERROR', []])
    }
    expect(seen(await ask(query('_agentpass.acme.localhost', 'A')))).toEqual(['NXDOMAIN', []])
    expect(seen(await ask(query('notlocalhost', 'A')))).toEqual(['NXDOMAIN', []])
  })
}

test('a resolver library sees values, absence and outage', async () => {
  names.publish('_agentpass.acme.localhost', 'https://agents.acme.localhost/a')
  names.publish('_agentpass.corp.localhost')
  expect(await resolveTxt('_agentpass.acme.localhost')).toEqual([['https://agents.acme.localhost/a']])
  expect(await resolveTxt('_agentpass.corp.localhost')).toBe('ENODATA')
  expect(await resolveTxt('_agentpass.nobody.localhost')).toBe('ENOTFOUND')
  names.fail('_agentpass.acme.localhost', 'SERVFAIL')
  expect(await resolveTxt('_agentpass.acme.localhost')).toBe('ESERVFAIL')
  names.fail('_agentpass.acme.localhost', 'timeout')
  expect(await resolveTxt('_agentpass.acme.localhost')).toBe('ETIMEOUT')
})
test('publishing a name again replaces what it had', async () => {
  names.publish('_agentpass.acme.localhost', 'one', 'two')
  names.publish('_agentpass.acme.localhost', 'three')
  expect(await resolveTxt('_agentpass.acme.localhost')).toEqual([['three']])
})
test('a withdrawn host has no address until it is published again', async () => {
  names.withdraw('desk.localhost')
  expect(codeOf(await askUdp(query('desk.localhost', 'A')))).toBe('NXDOMAIN')
  names.publish('desk.localhost')
  expect(seen(await askUdp(query('desk.localhost', 'A')))).toEqual(['NOERROR', ['127.0.0.1']])
})
test('a long value is cut into strings of at most 255 octets between its characters, and comes back whole', async () => {
  const value = `https://agents.acme.localhost/${'ü€'.repeat(200)}`
  names.publish('_agentpass.acme.localhost', value, '')
  const [strings = [], empty] = (await askTcp(query('_agentpass.acme.localhost'))).answers?.map(stringsOf) ?? []
  expect(empty).toEqual([''])
  expect(strings.join('')).toBe(value)
  for (const string of strings) expect(Buffer.byteLength(string)).toBeLessThanOrEqual(255)
})
test('an answer too long for UDP is cut, says so, and is whole over TCP', async () => {
  names.publish('_agentpass.acme.localhost', 'x'.repeat(600))
  const cut = await askUdp(query('_agentpass.acme.localhost'))
  expect([cut.flag_tc, cut.answers]).toEqual([true, []])
  const whole = await askTcp(query('_agentpass.acme.localhost'))
  expect([whole.flag_tc, whole.answers?.length]).toEqual([false, 1])
})
test('a resolver that takes longer datagrams gets the whole answer in one', async () => {
  names.publish('_agentpass.acme.localhost', 'x'.repeat(600))
  const answer = await askUdp(taking(1232, query('_agentpass.acme.localhost')))
  expect([answer.flag_tc, answer.answers?.length, answer.additionals?.map(({ type }) => type)]).toEqual([false, 1, ['OPT']])
})
test('names are compared without case and final dot, and a question comes back as it was asked', async () => {
  names.publish('_AgentPass.Acme.localhost.', 'v')
  const answer = await askUdp(query('_aGENTpASS.aCME.localhost'))
  expect(seen(answer)).toEqual(['NOERROR', ['v']])
  expect([answer.id, answer.questions?.[0]?.name, answer.answers?.[0]?.name]).toEqual([7, '_aGENTpASS.aCME.localhost', '_aGENTpASS.aCME.localhost'])
})
test('an answer may be cached for the time to live, an absence too', async () => {
  await names.stop()
  names = await startNames({ ttlSeconds: 30 })
  names.publish('_agentpass.acme.localhost', 'v')
  expect((await askUdp(query('_agentpass.acme.localhost'))).answers).toMatchObject([{ type: 'TXT', ttl: 30 }])
  for (const name of ['desk.localhost', '_agentpass.nobody.localhost']) {
    expect((await askUdp(query(name))).authorities).toMatchObject([{ type: 'SOA', ttl: 30, data: { minimum: 30 } }])
  }
})
test('the questions asked are listed in their order', async () => {
  await askUdp(query('_agentpass.Acme.localhost'))
  await askTcp(query('desk.localhost', 'A'))
  names.fail('_agentpass.corp.localhost', 'timeout')
  await resolveTxt('_agentpass.corp.localhost')
  expect(names.queries()).toEqual([
    { name: '_agentpass.acme.localhost', type: 'TXT' },
    { name: 'desk.localhost', type: 'A' },
    { name: '_agentpass.corp.localhost', type: 'TXT' },
  ])
})
test('nothing that arrives ends the server, and an answer is not a question', async () => {
  const asked = encode(query('desk.localhost', 'A'))
  const answer = encode({ ...query('desk.localhost', 'A'), type: 'response', id: 1 })
  const cutName = asked.subarray(0, 15)
  for (const bad of [cutName, Buffer.concat([asked.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])])]) {
    expect(codeOf(decode(Buffer.concat([(await sendUdp(bad)).subarray(0, 4), Buffer.alloc(8)])))).toBe('FORMERR')
  }
  expect(decode(await sendUdp(Buffer.alloc(0), Buffer.from('nonsense'), answer, asked)).id).toBe(7)
  const notify = Buffer.from(asked)
  notify[2] = 4 << 3
  expect(codeOf(decode(await sendUdp(notify)))).toBe('NOTIMP')
  expect(codeOf(await askUdp({ type: 'query', questions: [{ name: 'desk.localhost', type: 'A', class: 'CH' }] }))).toBe('REFUSED')
})
test('an answer that cannot be written or sent is not given, and the next one is', async () => {
  names.publish('huge.localhost', 'x'.repeat(66_000)) // over what TCP can carry
  const socket = connect(portOf(), '127.0.0.1').on('error', () => undefined)
  socket.write(Buffer.concat([streamEncode(query('huge.localhost')), streamEncode(query('desk.localhost', 'A'))]))
  const [bytes] = await once(socket, 'data')
  expect(seen(decode(bytes.subarray(2)))).toEqual(['NOERROR', ['127.0.0.1']])
  names.publish('big.localhost', 'x'.repeat(65_200)) // within what the question allows, over what a datagram can carry
  const big = encode(taking(65_535, query('big.localhost')))
  expect(seen(decode(await sendUdp(big, encode(query('desk.localhost', 'A')))))).toEqual(['NOERROR', ['127.0.0.1']])
})
test('a stopped server is gone, though a connection to it was open', async () => {
  const socket = connect(portOf(), '127.0.0.1').on('error', () => undefined)
  await once(socket, 'connect')
  names.fail('desk.localhost', 'timeout')
  socket.write(streamEncode(query('desk.localhost')))
  const closed = new Promise((done) => socket.once('close', done))
  await names.stop()
  await closed
  const again = connect(portOf(), '127.0.0.1')
  await expect(once(again, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
