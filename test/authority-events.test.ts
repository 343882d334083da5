/** Watching a request instead of asking again and again: the same documents, as a stream of events. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createWatches } from '../authority/issue/watch.ts'
import { ProtocolError } from '../spec/error.ts'
import { openDoor } from '../spec/node/serve.ts'
import { IssuanceStatus } from '../spec/wire/issuance.ts'
import { authorityWorld, type Callers, refusal, turns } from './authority-rig.ts'

const EVENTS = { accept: 'text/event-stream' }
const LIMITS = { issuances_per_minute: 100_000, polls_per_second: 100_000 }

const open = (at: Pick<Callers, 'call'>, id: string, headers: Record<string, string> = EVENTS) =>
  at.call('GET', `/issuance/${id}/events`, { headers })

/** Reads a stream event by event; `next` gives undefined at its end. */
function reader(response: Response) {
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  const body = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const next = async (): Promise<IssuanceStatus | undefined> => {
    const [event, ...rest] = text.split('\n\n')
    if (rest.length > 0) {
      text = rest.join('\n\n')
      return event!.startsWith('data: ') ? IssuanceStatus.parse(JSON.parse(event!.slice(6))) : next()
    }
    const { done, value } = await body.read()
    text += value ?? ''
    return done ? undefined : next()
  }
  return { next, leave: () => body.cancel() }
}
const watching = async (at: Pick<Callers, 'call'>, id: string) => reader(await open(at, id))

test('who watches is told the status at once and the decision when it is made, with the pass, and then the stream ends', async () => {
  const w = await authorityWorld()
  const { id, ...pending } = await w.requested()
  const events = await watching(w, id)
  expect(await events.next()).toEqual({ id, ...pending })
  await w.act('approve', id)
  const approved = await events.next()
  expect(approved).toMatchObject({ id, status: 'approved' })
  expect(approved).toEqual(await (await w.status(id)).json())
  expect(await events.next()).toBeUndefined()
  expect((await w.validate(approved!.agentpass!.value, w.desk.bearer())).status).toBe(200)
})

test.each<[string, string, (w: Awaited<ReturnType<typeof authorityWorld>>, id: string) => Promise<unknown>]>([
  ['is denied', 'denied', (w, id) => w.act('deny', id, { reason: 'not today' })],
  ['is canceled', 'canceled', (w, id) => w.act('cancel', id)],
  ['is canceled by its Harness', 'canceled', (w, id) => w.cancel(id)],
  ['is denied with all others', 'denied', (w) => w.manage('/revocations', { all: true })],
  ['expires', 'expired', async (w) => w.pass(900)],
])('when a request %s, all who watch it are told, and their streams end [AUTH-STA-02]', async (_, status, end) => {
  const w = await authorityWorld()
  const [{ id }, other] = [await w.requested(), await w.requested()]
  const streams = await Promise.all([watching(w, id), watching(w, id)])
  const bystander = status === 'denied' ? undefined : await watching(w, other.id)
  await bystander?.next()
  for (const events of streams) expect(await events.next()).toMatchObject({ id, status: 'pending' })
  await end(w, id)
  for (const events of streams) {
    expect(await events.next()).toEqual(await (await w.status(id)).json())
    expect(await events.next()).toBeUndefined()
  }
  if (status === 'canceled') {
    await w.act('approve', other.id)
    expect(await bystander!.next()).toMatchObject({ id: other.id, status: 'approved' })
  }
})

test('a decision that another instance made arrives too, and both give the same pass [AUTH-STA-01]', async () => {
  const w = await authorityWorld()
  const other = await w.another()
  const { id } = await w.requested()
  const streams = [await watching(w, id), await watching(other, id)]
  for (const events of streams) await events.next()
  await other.act('approve', id)
  const told = await Promise.all(streams.map((events) => events.next()))
  expect(told[0]!.agentpass?.value).toBeTruthy()
  expect(told[0]).toEqual(told[1])
})

test('of what is decided already there is one document; an unknown id is 404, and one whose pass is used 410 [AUTH-STA-06 AUTH-STA-11]', async () => {
  const w = await authorityWorld()
  const { id, value } = await w.approved()
  const events = await watching(w, id)
  expect(await events.next()).toMatchObject({ status: 'approved', agentpass: { value } })
  expect(await events.next()).toBeUndefined()
  await w.validate(value, w.desk.bearer())
  expect(await refusal(await open(w, id))).toEqual([410, 'request_gone'])
  expect(await refusal(await open(w, 'A'.repeat(43)))).toEqual([404, 'unknown_request'])
})

test.each<[string | undefined, boolean]>([
  [undefined, true],
  ['', true],
  ['*/*', true],
  ['text/*', true],
  ['Text/Event-Stream', true],
  ['application/json;q=0.5, text/event-stream', true],
  ['application/json, text/event-stream', true],
  ['application/json', false],
  ['application/json, text/event-stream;q=0.5', false],
  ['text/event-stream;q=0, */*', false],
  ['text/html', false],
])('with Accept %j it is a stream: %j; else the status as JSON, and never 406 [CFG-S-09]', async (accept, isStream) => {
  const w = await authorityWorld()
  const { id, ...pending } = await w.requested()
  const response = await open(w, id, accept === undefined ? {} : { accept })
  if (isStream) expect(await reader(response).next()).toEqual({ id, ...pending })
  else expect([response.status, response.headers.get('content-type'), await response.json()]).toEqual([200, 'application/json', { id, ...pending }])
})

test('a status says where it can be watched, and a stream is kept by nobody and told to nobody [AUTH-STA-10]', async () => {
  const w = await authorityWorld()
  const { id, links } = await w.requested()
  expect(links!.events).toBe(`${links!.self}/events`)
  const response = await w.authority.app.request(links!.events!, { headers: EVENTS })
  expect([response.headers.get('cache-control'), response.headers.get('referrer-policy')]).toEqual(['no-store', 'no-referrer'])
  await w.act('approve', id)
  await reader(response).next()
  const audited = await w.database().read.selectFrom('audit').select('event').execute()
  expect(JSON.stringify([w.lines, audited])).not.toContain(id)
})

test('HEAD opens no stream, and other methods are refused [AUTH-STA-14]', async () => {
  const w = await authorityWorld({ limits: { ...LIMITS, streams: 1 } })
  const { id } = await w.requested()
  const head = await w.call('HEAD', `/issuance/${id}/events`, { headers: EVENTS })
  expect([head.status, head.headers.get('content-type'), head.body]).toEqual([200, 'text/event-stream', null])
  for (const method of ['POST', 'PUT', 'DELETE'])
    expect(await refusal(await w.call(method, `/issuance/${id}/events`))).toEqual([405, 'method_not_allowed'])
  expect(await (await watching(w, id)).next()).toMatchObject({ status: 'pending' })
})

const from = (address: string) => ({ ...EVENTS, 'x-client': address })
test('so many streams are open at once, at an instance, of an address and of a request; who leaves makes room [AUTH-STA-09]', async () => {
  const w = await authorityWorld({ client_address_header: 'x-client', limits: { ...LIMITS, streams: 8, streams_per_address: 3 } })
  const ids = await Promise.all(Array.from({ length: 5 }, async () => (await w.requested()).id))
  const streams = await Promise.all([0, 1, 2].map(async (i) => reader(await open(w, ids[i]!, from('a')))))
  const fourth = await open(w, ids[3]!, from('a'))
  expect(fourth.headers.get('retry-after')).toBe('1')
  expect(await refusal(fourth)).toEqual([429, 'rate_limited'])
  for (const address of ['b', 'c', 'd', 'e']) streams.push(reader(await open(w, ids[4]!, from(address))))
  expect(await refusal(await open(w, ids[4]!, from('f')))).toEqual([429, 'rate_limited'])
  streams.push(reader(await open(w, ids[3]!, from('g'))))
  expect(await refusal(await open(w, ids[3]!, from('h')))).toEqual([503, 'overloaded'])
  await streams[0]!.leave()
  expect(await reader(await open(w, ids[3]!, from('a'))).next()).toMatchObject({ id: ids[3] })
  expect(await refusal(await open(w, 'A'.repeat(43), from('i')))).toEqual([503, 'overloaded'])
  for (const events of streams.slice(1)) await events.leave()
  for (let i = 0; i < 20; i++) expect((await open(w, 'A'.repeat(43), from('i'))).status).toBe(404) // what is refused takes no room
  for (const i of [0, 1, 2]) await reader(await open(w, ids[i]!, from('i'))).next()
})

test('who opens streams too fast is told to wait, as who polls is [AUTH-STA-09]', async () => {
  const w = await authorityWorld({ limits: { ...LIMITS, polls_per_second: 2 } })
  const { id } = await w.requested()
  const answers = await Promise.all(Array.from({ length: 20 }, () => open(w, id)))
  expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(10)
})

test('an instance that stops ends its streams', async () => {
  const w = await authorityWorld()
  const other = await w.another()
  const { id } = await w.requested()
  const events = await watching(other, id)
  await events.next()
  await other.stop()
  expect(await events.next()).toBeUndefined()
})

/** The Authority behind a door, and a client that has read the beginning of a stream. */
async function behindDoor() {
  const w = await authorityWorld({ limits: { ...LIMITS, streams: 1 } })
  const door = await openDoor({ host: '127.0.0.1', port: 0 })
  onTestFinished(door.close)
  door.mount(w.authority.app)
  const { id } = await w.requested()
  const socket = connect(door.port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let heard = ''
  const hearing = async (what: string) => {
    while (!heard.includes(what)) heard += String((await once(socket, 'data'))[0])
    return heard
  }
  const ask = () => socket.write(`GET /issuance/${id}/events HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n`)
  return { ...w, door, id, socket, ask, hearing }
}

test('a door that is closed ends its streams as they end, and closes', async () => {
  const { door, ask, hearing } = await behindDoor()
  ask()
  await hearing('"pending"')
  const closed = door.close()
  expect(await hearing('\r\n0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /) // the last chunk: nothing was cut
  await closed
})

test('a client that goes away leaves nothing behind: its room is free, whether it had read or not', async () => {
  const w = await behindDoor()
  w.ask()
  await w.hearing('"pending"')
  expect((await open(w, w.id)).status).toBe(503)
  w.socket.destroy()
  const refusedThen = async (): Promise<number> => {
    const response = await open(w, w.id)
    if (response.status === 503) {
      await turns(1)
      return refusedThen()
    }
    await response.body?.cancel()
    return response.status
  }
  expect(await refusedThen()).toBe(200)
  for (let i = 0; i < 10; i++) {
    const hasty = connect(w.door.port, '127.0.0.1')
    hasty.write(`GET /issuance/${w.id}/events HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n`, () => hasty.destroy())
    await once(hasty, 'close')
  }
  expect(await refusedThen()).toBe(200)
})

const pendingStatus = (id: string): IssuanceStatus => ({ id, status: 'pending' })
const unlimited = { streams: 1000, streams_per_address: 1000 }

test('however many watch, a look is one statement, and nobody watching is none', async () => {
  const asked: string[][] = []
  const findDecided = async (digests: string[]) => {
    asked.push(digests)
    return []
  }
  const watches = createWatches({ status: async (id) => pendingStatus(id), findDecided, limits: unlimited })
  await watches.look()
  for (let i = 0; i < 300; i++) await watches.open(`id-${i % 100}`, { caller: 'a' })
  await watches.look()
  expect(asked.map((digests) => [digests.length, new Set(digests).size])).toEqual([[100, 100]])
  watches.close()
  await watches.look()
  expect(asked).toHaveLength(1)
})

test('a silent stream has a comment every fifteen looks, and none on top of what is still unread', async () => {
  const watches = createWatches({ status: async (id) => pendingStatus(id), findDecided: async () => [], limits: unlimited })
  const text = (id: string) =>
    watches.open(id, { caller: 'a' }).then((body) => new Response(body as BodyInit).body!.pipeThrough(new TextDecoderStream()).getReader())
  const stream = await text('one')
  expect((await stream.read()).value).toMatch(/^data: .*\n\n$/)
  const unread = (await watches.open('two', { caller: 'a' })).getReader()
  for (let i = 0; i < 15; i++) await watches.look()
  expect((await stream.read()).value).toBe(':\n\n')
  watches.close()
  expect(await stream.read()).toMatchObject({ done: true })
  expect(new TextDecoder().decode((await unread.read()).value)).toMatch(/^data: /)
  expect(await unread.read()).toMatchObject({ done: true })
})

test('while the database is away a stream waits, and tells when it is back; once the pass has gone it ends without a word', async () => {
  let status: () => Promise<IssuanceStatus> = async () => pendingStatus('one')
  const watches = createWatches({ status: () => status(), findDecided: async (digests) => digests, limits: unlimited })
  const streams = [await watches.open('one', { caller: 'a' }), await watches.open('one', { caller: 'a' })].map((s) => s.getReader())
  for (const stream of streams) await stream.read()
  status = () => Promise.reject(new ProtocolError('overloaded', 'away'))
  await expect(watches.look()).rejects.toThrow('away')
  status = () => Promise.reject(new ProtocolError('request_gone', 'used'))
  await watches.look()
  for (const stream of streams) expect(await stream.read()).toMatchObject({ done: true })
})
