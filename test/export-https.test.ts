/** The trail by HTTPS: batches of OCSF, signed by Standard Webhooks, and taken when the receiver says so. */
import { spawnSync } from 'node:child_process'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test } from 'vitest'
import { createGuardedFetch } from '../spec/node/fetch.ts'
import { httpsReceiver, SECRET } from './export-https-rig.ts'
import { distinct, eventually, exportingWorld, toHttps } from './export-rig.ts'
import { findOnPath } from './installed.ts'

/** As the specification of Standard Webhooks says it, in another language. */
const PYTHON = `
import base64, hashlib, hmac, json, sys
call = json.load(sys.stdin)
h = call["headers"]
signed = f'{h["webhook-id"]}.{h["webhook-timestamp"]}.{call["body"]}'.encode()
mac = hmac.new(base64.b64decode(call["secret"].split("_", 1)[1]), signed, hashlib.sha256).digest()
print("v1," + base64.b64encode(mac).decode() in h["webhook-signature"].split(" "))
`

test('what arrives is a signed JSON array of events, and others verify it', async () => {
  const w = await exportingWorld()
  const { calls, batches, effects, exporter } = await httpsReceiver()
  await w.happen()
  w.pass(Math.floor(Date.now() / 1000) - w.now()) // the library compares with the real time
  await w.exporting([exporter], { effects })
  await eventually(async () => expect(await w.cursor('https')).toMatchObject({ seq: 6 }))
  expect(batches()[0]?.map(({ metadata }) => metadata.uid)).toEqual(await w.trail())
  const [{ headers, body }] = calls as [(typeof calls)[number]]
  expect(headers['content-type']).toBe('application/json')
  expect(new Webhook(SECRET).verify(body, headers)).toEqual(JSON.parse(body))
  expect(() => new Webhook(SECRET).verify(body.replace('Success', 'success').replace('6', '7'), headers)).toThrow('No matching signature')
  if (!findOnPath('python3')) return void process.stderr.write('\npython3 is NOT here: the signature is verified by standardwebhooks alone\n\n')
  const python = spawnSync('python3', ['-c', PYTHON], { input: JSON.stringify({ headers, body, secret: SECRET }), encoding: 'utf8' })
  expect(python.stdout.trim(), python.stderr).toBe('True')
})

test('a batch that was not accepted is sent again under the same id, byte for byte, though more has happened since', async () => {
  const w = await exportingWorld()
  const { calls, batches, effects, exporter } = await httpsReceiver((nth) => ({ status: nth < 3 ? 500 : 200 }))
  await w.happen()
  const x = await w.exporting([exporter], { effects })
  for (const tries of [1, 2]) {
    await eventually(() => expect(calls).toHaveLength(tries))
    await eventually(async () => expect(await w.cursor('https')).toMatchObject({ seq: 0, holder: null, last_error: 'the receiver answered 500' }))
    await w.happen()
    w.pass(60)
  }
  await eventually(async () =>
    expect(await w.cursor('https')).toMatchObject({ seq: 18, failing_since: null, last_error: null, succeeded_at: w.now() }),
  )
  expect(distinct(calls.slice(0, 3).map(({ headers, body }) => headers['webhook-id'] + body))).toHaveLength(1)
  expect(distinct(calls.map(({ headers }) => headers['webhook-id']))).toHaveLength(2)
  expect(batches().map((batch) => batch.length)).toEqual([6, 6, 6, 12])
  expect(x.told()).toEqual([
    { event: 'export_failed', exporter: 'https', level: 'warn' },
    { event: 'export_recovered', exporter: 'https', level: 'info' },
  ])
})

test('an answer that was lost is no answer: the batch comes again', async () => {
  const w = await exportingWorld()
  const calls: string[] = []
  const fetch = async (_: string, init?: RequestInit) => {
    calls.push(new Headers(init?.headers).get('webhook-id') ?? '')
    if (calls.length === 1) throw new Error('the connection broke')
    return new Response(null, { status: 200 })
  }
  await w.happen()
  await w.exporting([toHttps('https://lake.example/', SECRET)], { effects: { fetch } })
  await eventually(async () => expect(await w.cursor('https')).toMatchObject({ seq: 0, last_error: 'the connection broke' }))
  w.pass(2)
  await eventually(async () => expect(await w.cursor('https')).toMatchObject({ seq: 6 }))
  expect(calls).toEqual([calls[0], calls[0]])
})

test('a receiver that says when to come again is not asked before', async () => {
  const w = await exportingWorld()
  const { calls, effects, exporter } = await httpsReceiver((nth) =>
    nth === 1 ? { status: 429, headers: { 'retry-after': '300' } } : { status: 200 },
  )
  const other = await httpsReceiver()
  await w.happen()
  await w.exporting([exporter], { effects })
  await w.exporting([{ ...other.exporter, name: 'other' }], { effects: other.effects })
  await eventually(async () => expect(await w.cursor('https')).toMatchObject({ last_error: 'the receiver answered 429' }))
  await eventually(() => expect(other.calls).toHaveLength(1))
  w.pass(299)
  await w.happen()
  await eventually(() => expect(other.calls).toHaveLength(2))
  expect(calls).toHaveLength(1)
  w.pass(1)
  await eventually(async () => expect(await w.cursor('https')).toMatchObject({ seq: 12 }))
})

test('an instance to which exporting comes back tells of a new failure, and of each recovery once', async () => {
  const w = await exportingWorld()
  const isUp = { first: false, second: true }
  const of = (name: keyof typeof isUp) => ({
    ...{ effects: { fetch: async () => (isUp[name] ? new Response() : Promise.reject(new Error('nobody is there'))) } },
  })
  const exporter = toHttps('https://lake.example/', SECRET)
  const failing = async () => eventually(async () => expect(await w.cursor('https')).toMatchObject({ last_error: 'nobody is there', holder: null }))
  const taken = async (seq: number) => eventually(async () => expect(await w.cursor('https')).toMatchObject({ seq, last_error: null }))
  await w.happen(1)
  const first = await w.exporting([exporter], of('first'))
  await failing()
  const second = await w.exporting([exporter], of('second'))
  await taken(2)
  w.pass(6)
  await w.happen(1)
  await taken(4)
  await second.stop()
  await w.happen(1)
  w.pass(6)
  await failing()
  isUp.first = true
  w.pass(1) // the pause after a first failure
  await taken(7)
  expect(first.told().map(({ event }) => event)).toEqual(['export_failed', 'export_failed', 'export_recovered'])
  expect(second.told().map(({ event }) => event)).toEqual(['export_recovered'])
})

test('a receiver that has to be waited for is not asked when the party stops', async () => {
  const w = await exportingWorld()
  const { calls, effects, exporter } = await httpsReceiver(() => ({ status: 500 }))
  await w.happen()
  const x = await w.exporting([exporter], { effects })
  await eventually(async () => expect(await w.cursor('https')).toMatchObject({ last_error: 'the receiver answered 500' }))
  await x.stop()
  expect(calls).toHaveLength(1)
})

test('a receiver at a private address that the settings do not permit is not reached', async () => {
  const w = await exportingWorld()
  const { calls, exporter } = await httpsReceiver()
  const guarded = createGuardedFetch({ resolveAddresses: async () => [{ address: '127.0.0.1', family: 4 }] })
  onTestFinished(guarded.close)
  await w.happen()
  await w.exporting([exporter], { effects: { fetch: guarded.fetch } })
  await eventually(async () => expect(await w.cursor('https')).toMatchObject({ last_error: expect.stringContaining('private address') }))
  expect(calls).toEqual([])
})
