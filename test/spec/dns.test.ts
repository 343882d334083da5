import { createSocket } from 'node:dgram'
import { type Answer, AUTHENTIC_DATA, type Packet, RECURSION_DESIRED, TRUNCATED_RESPONSE } from 'dns-packet'
import { expect, onTestFinished, test } from 'vitest'
import { createResolver } from '../../spec/node/dns.ts'
import { FOUND, framed, lookUp, NAME, nameServer, type Reply, type Response, respond, type Stream, says, soa, txt, URL_VALUE } from './dns-fixture.ts'

test('no socket stays open, whatever the outcome', async () => {
  const open = () => process.getActiveResourcesInfo().filter((resource) => resource === 'UDPWrap').length
  const silent = await nameServer(() => [])
  const good = await nameServer(says(FOUND))
  const before = open()
  await createResolver({ servers: [silent.server, good.server], timeoutMs: 100 }).resolveTxt(NAME)
  await expect.poll(open).toBe(before) // a closed handle goes with the next turn
})

const wrong = (message: Buffer, edit: (message: Buffer) => void) => {
  edit(message)
  return message
}
const EVIL = [txt(NAME, 'evil')]
test.each<[string, (query: Packet) => Buffer]>([
  ['another id', (query) => respond({ ...query, id: (query.id ?? 0) ^ 1 }, EVIL)],
  ['another name', (query) => respond({ ...query, questions: [{ type: 'TXT', name: NAME.replace('kite', 'bite') }] }, EVIL)],
  ['another type', (query) => respond({ ...query, questions: [{ type: 'A', name: NAME }] }, EVIL)],
  ['another class', (query) => respond({ ...query, questions: [{ type: 'TXT', name: NAME, class: 'CH' }] }, EVIL)],
  ['no question', (query) => respond({ ...query, questions: [] }, EVIL)],
  ['two questions', (query) => respond({ ...query, questions: [...(query.questions ?? []), { type: 'TXT', name: NAME }] }, EVIL)],
  ['a query', (query) => wrong(respond(query, EVIL), (message) => message.writeUInt8(0x01, 2))],
  ['another operation', (query) => wrong(respond(query, EVIL), (message) => message.writeUInt8(0xa1, 2))],
  ['no header', (query) => respond(query).subarray(0, 3)],
])('a datagram with %s is passed over, and a stream with it refused', async (_, forge) => {
  const values = [URL_VALUE]
  expect(await lookUp((query) => [forge(query), respond(query, FOUND)])).toMatchObject({ values })
  await expect(lookUp((query) => [forge(query)], { timeoutMs: 300 })).rejects.toThrow('no answer within 300 ms')
  await expect(lookUp(says([], { flags: TRUNCATED_RESPONSE }), { tcp: (query) => framed(forge(query)) })).rejects.toThrow('another question')
})

test('a question echoed in other letters is our question', async () => {
  const echo: Reply = (query) => [respond({ ...query, questions: [{ type: 'TXT', name: NAME.toUpperCase() }] }, FOUND)]
  expect(await lookUp(echo)).toMatchObject({ values: [URL_VALUE] })
})

test('only the server asked is heard', async () => {
  const stranger = createSocket('udp4')
  onTestFinished(() => void stranger.close())
  let answered = () => {}
  const { server, seen } = await nameServer((query, from) => {
    stranger.send(respond(query, EVIL), from.port, from.address, () => answered())
    return []
  })
  const forged = new Promise<void>((resolve) => (answered = resolve))
  await expect(createResolver({ servers: [server], timeoutMs: 300, tries: 1 }).resolveTxt(NAME)).rejects.toThrow('no answer')
  await forged
  expect(seen).toHaveLength(1)
})

test('ids and ports cannot be foretold', async () => {
  const { server, seen } = await nameServer(says(FOUND))
  const { resolveTxt } = createResolver({ servers: [server] })
  for (let i = 0; i < 20; i++) await resolveTxt(NAME)
  expect(new Set(seen.map(({ query }) => query.id)).size).toBeGreaterThan(15)
  expect(new Set(seen.map(({ from }) => from.port)).size).toBeGreaterThan(15)
})

test('a query asks for recursion and for AD, and takes 1232 bytes', async () => {
  const { server, seen } = await nameServer(says(FOUND))
  await createResolver({ servers: [server] }).resolveTxt(NAME)
  expect(seen[0]?.query).toMatchObject({ flags: RECURSION_DESIRED | AUTHENTIC_DATA, additionals: [{ type: 'OPT', udpPayloadSize: 1232 }] })
})

test('AD counts only from a server called validating [DISC-ENT-17]', async () => {
  const secure = says(FOUND, { flags: AUTHENTIC_DATA })
  expect(await lookUp(secure)).toMatchObject({ authenticated: false })
  expect(await lookUp(secure, { validating: true })).toMatchObject({ authenticated: true })
  expect(await lookUp(says(FOUND), { validating: true })).toMatchObject({ authenticated: false })
})

test('an answer cut anywhere, or with a tail, is a failure', async () => {
  const whole = (query: Packet) => respond(query, FOUND, { authorities: [soa(60, 60)] })
  const { length } = whole({ questions: [{ type: 'TXT', name: NAME }] })
  const { server, seen } = await nameServer((query) => [whole(query).subarray(0, seen.length - 1)])
  const { resolveTxt } = createResolver({ servers: [server], timeoutMs: 400, tries: 1 })
  const cuts = Array.from({ length }, () => resolveTxt(NAME))
  const tail = lookUp((query) => [Buffer.concat([whole(query), Buffer.from([0])])])
  expect((await Promise.allSettled([...cuts, tail])).filter((cut) => cut.status === 'fulfilled')).toEqual([])
})

const CUT_SHORT = says([], { flags: TRUNCATED_RESPONSE })
test('a truncated answer is fetched over TCP', async () => {
  const long = 'x'.repeat(60_000).match(/.{1,255}/g) ?? []
  expect(await lookUp(CUT_SHORT, { tcp: (query) => framed(respond(query, [txt(NAME, long)])) })).toMatchObject({ values: [long.join('')] })
})

test.each<[string, Stream | undefined]>([
  ['is refused', undefined],
  ['closes at once', () => Buffer.alloc(0)],
  ['closes in mid-answer', (query) => framed(respond(query, FOUND)).subarray(0, -1)],
  ['is truncated too', (query) => framed(respond(query, [], { flags: TRUNCATED_RESPONSE }))],
  ['is cut within its length', (query) => framed(respond(query, FOUND).subarray(0, -1))],
])('a truncated answer whose TCP connection %s is a failure', async (_, tcp) => {
  await expect(lookUp(CUT_SHORT, tcp && { tcp })).rejects.toThrow(NAME)
})

test('the next server, and then the next round, is asked when one fails', async () => {
  const dead = await nameServer(() => [])
  const failing = await nameServer(says([], { rcode: 2 }))
  const good = await nameServer(says(FOUND))
  const servers = [dead.server, failing.server, good.server]
  expect(await createResolver({ servers, timeoutMs: 400, tries: 1 }).resolveTxt(NAME)).toMatchObject({ values: [URL_VALUE] })
  const moody = await nameServer((query) => [respond(query, FOUND, { rcode: moody.seen.length > 1 ? 0 : 5 })])
  expect(await createResolver({ servers: [moody.server] }).resolveTxt(NAME)).toMatchObject({ values: [URL_VALUE] })
  const reasons = `${dead.server}: no answer within 50 ms; ${failing.server}: answered SERVFAIL`
  await expect(createResolver({ servers: servers.slice(0, 2), timeoutMs: 50 }).resolveTxt(NAME)).rejects.toThrow(reasons)
})

test('however many servers there are, all tries share 4.4 seconds', { timeout: 2_000 }, async () => {
  const dead = await nameServer(() => [])
  const good = await nameServer(says(FOUND))
  const { resolveTxt } = createResolver({ servers: [dead.server, ...Array(43).fill(good.server)], timeoutMs: 60_000, tries: 1 })
  expect(await resolveTxt(NAME)).toMatchObject({ values: [URL_VALUE] })
})

test.each(['', '.', 'a..b', '.a', 'a.', `${'a'.repeat(64)}.b`, `${'a.'.repeat(127)}b`, 'a b', 'a\0b', 'é.example', 'a\n'])(
  '%j is no DNS name and asks nobody',
  async (name) => {
    const { server, seen } = await nameServer(says([]))
    const { resolveTxt, resolveAddresses } = createResolver({ servers: [server] })
    await expect(resolveTxt(name)).rejects.toThrow('not a DNS name')
    await expect(resolveAddresses(name)).rejects.toThrow('not a DNS name')
    expect(seen).toEqual([])
  },
)

test('the addresses of a host are its A and AAAA records', async () => {
  const v4: Answer = { type: 'A', name: 'h.example', ttl: 60, data: '192.0.2.1' }
  const v6: Answer = { type: 'AAAA', name: 'h.example', ttl: 60, data: '2001:db8::1' }
  const address = async (reply: Reply) => createResolver({ servers: [(await nameServer(reply)).server], tries: 1 }).resolveAddresses('h.example')
  const both: Reply = (query) => [respond(query, [query.questions?.[0]?.type === 'A' ? v4 : v6])]
  const half =
    (rest: Response): Reply =>
    (query) => [query.questions?.[0]?.type === 'A' ? respond(query, [], rest) : respond(query, [v6])]
  expect(await address(both)).toEqual([
    { address: '192.0.2.1', family: 4 },
    { address: '2001:db8::1', family: 6 },
  ])
  expect(await address(half({ rcode: 2 }))).toEqual([{ address: '2001:db8::1', family: 6 }])
  await expect(address(says([], { rcode: 3 }))).rejects.toMatchObject({ code: 'ENOTFOUND' })
  await expect(address((query) => [respond(query, [], { rcode: query.questions?.[0]?.type === 'A' ? 2 : 3 })])).rejects.toThrow('SERVFAIL')
})

test('a server is an address with an optional port', async () => {
  const { server } = await nameServer(says(FOUND), undefined, '::1')
  expect(await createResolver({ servers: [server] }).resolveTxt(NAME)).toMatchObject({ values: [URL_VALUE] })
  for (const good of ['9.9.9.9', '::1', '[::1]', '[::1]:5353', 'fe80::1%lo']) expect(() => createResolver({ servers: [good] })).not.toThrow()
  for (const bad of ['', 'dns.example', '1.2.3', '9.9.9.9:0', '9.9.9.9:65536', '[::1', ':53'])
    expect(() => createResolver({ servers: [bad] })).toThrow('DNS server')
  expect(() => createResolver({ servers: [] })).toThrow('no DNS server')
})
