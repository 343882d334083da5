/** How programs come to speak with a launched browser: over loopback, by an address that is told to them alone, each as if alone. */
import { once } from 'node:events'
import { get } from 'node:http'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { openDevTools } from '../harness/node/devtools.ts'
import { openRelay } from '../harness/node/relay.ts'
import { systemRandom } from '../spec/node/settings.ts'
import { converse } from './websocket-client.ts'

/** The relay before a browser that the test plays: `told` is the next command that it gets, `says` what it answers or tells. */
async function rig() {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const devTools = openDevTools({ input, output })
  const relay = await openRelay({ random: systemRandom }, devTools)
  onTestFinished(() => relay.close())
  const commands: any[] = []
  let rest = ''
  input.on('data', (data) => {
    const parts = (rest + data).split('\0')
    rest = parts.pop() ?? ''
    commands.push(...parts.map((part) => JSON.parse(part)))
    input.emit('command')
  })
  const told = async () => {
    while (commands.length === 0) await once(input, 'command')
    return commands.shift()
  }
  const says = (message: object) => void output.write(`${JSON.stringify(message)}\0`)
  /** A program that connects, whose session of the browser is the given one. */
  const joins = async (session: string) => {
    const program = await converse(relay.address)
    const { id, method } = await told()
    expect(method).toBe('Target.attachToBrowserTarget')
    says({ id, result: { sessionId: session } })
    return program
  }
  return { relay, devTools, told, says, joins, output }
}

test.each([
  ['another path', (address: string) => address.replace(/\/[\w-]+$/, `/${'a'.repeat(43)}`), {}],
  ['a path that is longer', (address: string) => `${address}/`, {}],
  ['a page in a browser', (address: string) => address, { origin: 'https://evil.example' }],
  ['a page of this machine', (address: string) => address, { origin: 'null' }],
])('%s is refused, and the browser hears nothing of it', async (_, changed, headers) => {
  const { relay, joins } = await rig()
  await expect(converse(changed(relay.address), headers)).rejects.toThrow('refused')
  await joins('first') // which is the first command that the browser gets
})

/** What a raw request is answered, or what a raw connection that was upgraded says next. */
async function raw(address: string, changed: Record<string, string | undefined> = {}) {
  const { hostname, port, host, pathname } = new URL(address)
  const headers = {
    ...{ host, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
    ...changed,
  }
  const socket = connect(Number(port), hostname)
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  socket.write(`GET ${pathname} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  const [answer] = await once(socket, 'data')
  return { socket, head: String(answer) }
}

test('a name that was pointed at this machine, and a request that is no WebSocket, are refused', async () => {
  const { relay } = await rig()
  const statusOf = async (changed: Record<string, string | undefined>) => (await raw(relay.address, changed)).head.split('\r\n')[0]
  expect(await statusOf({ host: 'evil.example' })).toBe('HTTP/1.1 403 Forbidden')
  expect(await statusOf({ 'sec-websocket-key': undefined })).toBe('HTTP/1.1 400 Bad Request')
  expect(await statusOf({})).toBe('HTTP/1.1 101 Switching Protocols')
  const page = relay.address.replace('ws:', 'http:')
  for (const url of [page, new URL('/json/version', page).href]) {
    const [response] = await once(get(url), 'response')
    expect([response.statusCode, response.headers['access-control-allow-origin']]).toEqual([404, undefined])
  }
})

test('whoever breaks off, let in or refused, harms nobody', async () => {
  const { relay } = await rig()
  for (const changed of [{}, { host: 'evil.example' }]) {
    const { socket } = await raw(relay.address, changed)
    socket.resetAndDestroy()
    await once(socket, 'close')
  }
  const { hostname, port } = new URL(relay.address)
  const early = connect(Number(port), hostname)
  early.write(`GET / HTTP/1.1\r\nhost: ${hostname}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n`, () => early.resetAndDestroy())
  await once(early, 'close')
  await expect(converse(relay.address)).resolves.toBeDefined()
})

test('each program has a session of the browser of its own, and the pages that it attached to', async () => {
  const { says, told, joins } = await rig()
  const [one, two] = [await joins('one'), await joins('two')]
  one.send({ id: 7, method: 'Target.setAutoAttach', params: { flatten: true } })
  expect(await told()).toEqual({ id: 7, method: 'Target.setAutoAttach', params: { flatten: true }, sessionId: 'one' })
  says({ method: 'Target.attachedToTarget', sessionId: 'one', params: { sessionId: 'page' } })
  says({ id: 7, sessionId: 'one', result: {} })
  expect([await one.next(), await one.next()]).toEqual([
    { method: 'Target.attachedToTarget', params: { sessionId: 'page' } },
    { id: 7, result: {} },
  ])
  one.send({ id: 8, method: 'Page.enable', sessionId: 'page' })
  expect(await told()).toEqual({ id: 8, method: 'Page.enable', sessionId: 'page' })
  says({ id: 8, sessionId: 'page', result: {} })
  expect(await one.next()).toEqual({ id: 8, sessionId: 'page', result: {} })

  two.send({ id: 1, method: 'Page.enable', sessionId: 'page' }) // not its own
  expect(await two.next()).toEqual({ id: 1, sessionId: 'page', error: { code: -32001, message: 'Session with given id not found.' } })
  two.send({ id: 2, method: 'Page.enable', sessionId: 'one' })
  expect((await two.next()).error.code).toBe(-32001)

  says({ method: 'Target.detachedFromTarget', sessionId: 'one', params: { sessionId: 'page' } })
  await one.next()
  one.send({ id: 9, method: 'Page.enable', sessionId: 'page' })
  expect((await one.next()).error.code).toBe(-32001)
})

test('a program that leaves is detached with all that it attached to, and hears no more', async () => {
  const { told, joins, relay } = await rig()
  const one = await joins('one')
  one.socket.close()
  expect(await told()).toMatchObject({ method: 'Target.detachFromTarget', params: { sessionId: 'one' } })
  const two = await joins('two')
  await relay.close()
  await two.closed
  await expect(converse(relay.address)).rejects.toThrow('refused')
})

test('what a program says before the browser has let it in is passed on then, in its turn; what is no command is passed over', async () => {
  const { told, says, relay } = await rig()
  const program = await converse(relay.address)
  program.socket.send('not json')
  program.send(['no command'])
  program.send({ id: 1 })
  program.send({ id: 2, method: 'Browser.getVersion' })
  program.send({ id: 3, method: 'Browser.getVersion' })
  const { id } = await told()
  says({ id, result: { sessionId: 'one' } })
  expect([await told(), await told()].map((command) => [command.id, command.sessionId])).toEqual([
    [2, 'one'],
    [3, 'one'],
  ])
})

test('where the browser has gone a program is let go', async () => {
  const { devTools, relay } = await rig()
  devTools.gone()
  await (await converse(relay.address)).closed
})

test('messages may be large either way, and answers of the browser come in any pieces', async () => {
  const { told, says, joins, output } = await rig()
  const program = await joins('one')
  for (const length of [125, 126, 65_535, 65_536, 3_000_000]) {
    const text = 'é'.repeat(length)
    program.send({ id: length, method: 'Runtime.evaluate', params: { text } })
    expect((await told()).params.text).toBe(text)
    says({ id: length, sessionId: 'one', result: { text } })
    expect((await program.next()).result.text).toBe(text)
  }
  const bytes = Buffer.from(`${JSON.stringify({ id: 1, sessionId: 'one', result: { text: 'é' } })}\0${JSON.stringify({ id: 2, sessionId: 'one' })}\0`)
  for (const byte of bytes) output.write(Buffer.from([byte]))
  output.write('garbled\0')
  expect([await program.next(), await program.next()]).toEqual([{ id: 1, result: { text: 'é' } }, { id: 2 }])
})

/** A client's frame, masked unless told otherwise. */
function clientFrame(first: number, payload: Buffer, { mask = true } = {}) {
  const key = Buffer.from([1, 2, 3, 4])
  const masked = mask ? payload.map((byte, i) => byte ^ key[i % 4]!) : payload
  return Buffer.concat([Buffer.from([first, (mask ? 0x80 : 0) | payload.length]), ...(mask ? [key] : []), masked])
}

test('a text may come in frames, with a ping between them, which is answered', async () => {
  const { relay, told } = await rig()
  const { socket } = await raw(relay.address)
  await told()
  const text = Buffer.from(JSON.stringify({ id: 1 }))
  const frames = [clientFrame(0x01, text.subarray(0, 3)), clientFrame(0x89, Buffer.from('hello')), clientFrame(0x80, text.subarray(3))]
  for (const byte of Buffer.concat(frames)) socket.write(Buffer.from([byte]))
  const [pong] = await once(socket, 'data')
  expect(pong).toEqual(Buffer.concat([Buffer.from([0x8a, 5]), Buffer.from('hello')]))
  socket.write(clientFrame(0x88, Buffer.alloc(0)))
  expect((await once(socket, 'data'))[0]).toEqual(Buffer.from([0x88, 0]))
})

test.each([
  ['is not masked', clientFrame(0x81, Buffer.from('{}'), { mask: false })],
  ['is no text', clientFrame(0x82, Buffer.from('{}'))],
  ['has an extension', clientFrame(0xc1, Buffer.from('{}'))],
  ['goes on with nothing', clientFrame(0x80, Buffer.from('{}'))],
  ['begins in the middle of another', Buffer.concat([clientFrame(0x01, Buffer.from('{')), clientFrame(0x81, Buffer.from('{}'))])],
  ['controls in pieces', clientFrame(0x09, Buffer.from('a'))],
  ['is longer than any message', Buffer.concat([Buffer.from([0x81, 0xff]), Buffer.from('00000000ffffffff01020304', 'hex')])],
  ['controls at length', Buffer.concat([Buffer.from([0x89, 0xfe, 0x01, 0x00, 1, 2, 3, 4])])],
])('a frame that %s ends the connection', async (_, bytes) => {
  const { relay } = await rig()
  const { socket } = await raw(relay.address)
  socket.resume().write(bytes)
  await once(socket, 'close')
})
