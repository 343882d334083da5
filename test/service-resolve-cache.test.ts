/** How long what was learnt of an Authority is kept (protocol 2): never for ever, never past its time, and a failure hardly at all. */
import { expect, test } from 'vitest'
import type { ResolveTxt } from '../spec/effects.ts'
import { ACME, json } from './fake-authority.ts'
import { desk, okay, refusal } from './service-rig.ts'

const URL = `${ACME}/.well-known/agentpass-authority`

/** A name server whose one answer has a TTL of the test's choosing. */
function zone(ttlSeconds: number, ...values: string[]) {
  const state = { values, ttlSeconds, down: false, asked: 0 }
  const resolveTxt: ResolveTxt = async () => {
    state.asked++
    if (state.down) throw new Error('SERVFAIL')
    return { values: state.values, ttlSeconds: state.ttlSeconds, authenticated: false }
  }
  return { state, resolveTxt }
}

test('a TXT answer is used for its TTL and not a second longer [DISC-CACHE-01] [CFG-X-06]', async () => {
  const { state, resolveTxt } = zone(30, URL)
  const d = await desk({ effects: { resolveTxt } })
  for (let i = 0; i < 5; i++) await okay(await d.resolve())
  expect(state.asked).toBe(1)
  state.values = ['none']
  d.pass(29)
  await okay(await d.resolve())
  d.pass(1)
  expect(await refusal(await d.resolve())).toEqual([403, 'delegation_disabled'])
  expect(await refusal(await d.redeem())).toEqual([403, 'delegation_disabled'])
  expect(d.enterprise.asked('validate')).toEqual([])
})

test('an answer with a TTL of nought is asked for again each time, and one of a year after an hour [DISC-CACHE-01] [CFG-X-05]', async () => {
  for (const [ttl, seconds, asked] of [
    [0, 0, 2],
    [31_536_000, 3599, 1],
    [31_536_000, 3600, 2],
  ] as const) {
    const { state, resolveTxt } = zone(ttl, URL)
    const d = await desk({ effects: { resolveTxt } })
    await okay(await d.resolve())
    d.pass(seconds)
    await okay(await d.resolve())
    expect(state.asked, `${ttl} after ${seconds}`).toBe(asked)
  }
})

test('an absence is kept for its TTL, and a record that appears is then obeyed [DISC-CACHE-01] [SVC-RED-04]', async () => {
  const { state, resolveTxt } = zone(30)
  const d = await desk({ trust: ['federated'], effects: { resolveTxt } })
  expect(await okay(await d.resolve())).toEqual({ trusted_federated_authorities: [d.federated.reference] })
  state.values = [URL]
  d.pass(30)
  expect(await refusal(await d.redeem({ authority: d.federated.identifier }))).toEqual([403, 'untrusted_authority'])
  expect(await okay(await d.resolve())).toEqual({ enterprise_authority: d.enterprise.reference })
})

test('an outage outlives no cache: what was known serves to its end, then the door is closed, then all is as before [DISC-ENT-09] [DISC-CACHE-01]', async () => {
  const { state, resolveTxt } = zone(30, URL)
  const d = await desk({ trust: ['federated'], effects: { resolveTxt } })
  await okay(await d.resolve())
  state.down = true
  d.pass(29)
  await okay(await d.resolve())
  d.pass(1)
  expect(await refusal(await d.resolve())).toEqual([502, 'discovery_failed'])
  state.down = false
  d.pass(5)
  await okay(await d.resolve())
})

test('callers who come while a look-up is under way share it [CFG-X-06]', async () => {
  const { state, resolveTxt } = zone(30, URL)
  const d = await desk({ effects: { resolveTxt } })
  const answers = await Promise.all(Array.from({ length: 50 }, () => d.resolve()))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  expect(state.asked).toBe(1)
  expect(d.enterprise.asked('.well-known/agentpass-authority')).toHaveLength(1)
})

test.each([
  ['max-age=60', 60],
  ['public, max-age=60, must-revalidate', 60],
  ['max-age=0', 10],
  ['no-store', 10],
  ['no-cache, max-age=1000', 10],
  ['max-age=31536000', 3600],
  ['max-age=soon', 300],
  ['s-maxage=60', 300],
  [undefined, 300],
])('a document with Cache-Control %s is used for %i seconds and no longer [CFG-X-05] [CFG-X-06]', async (control, seconds) => {
  const d = await desk()
  d.net.publish('_agentpass.acme.example', URL)
  d.enterprise.answers.configuration = () => json(d.enterprise.configuration, 200, control === undefined ? {} : { 'cache-control': control })
  const fetched = () => d.enterprise.asked('.well-known/agentpass-authority').length
  await okay(await d.redeem())
  d.enterprise.configuration.endpoints = { ...Object(d.enterprise.configuration.endpoints), validate: 'https://moved.example/validate' }
  d.net.host('https://moved.example', { request: async () => json(d.enterprise.validation({ authorization_id: 'moved' })) })
  d.pass(seconds - 1)
  await okay(await d.redeem())
  expect(fetched()).toBe(1)
  d.pass(1)
  await okay(await d.redeem())
  expect(fetched()).toBe(2)
  expect(d.sent().filter((call) => call.includes('moved.example'))).toHaveLength(1)
})

test('a document that could not be had is asked for again within five seconds, and not for each caller [DISC-ENT-12]', async () => {
  const d = await desk()
  d.enterprise.publish('acme.example')
  d.enterprise.answers.configuration = () => json({}, 500)
  for (let i = 0; i < 20; i++) expect((await d.resolve()).status).toBe(502)
  expect(d.enterprise.asked('.well-known/agentpass-authority')).toHaveLength(1)
  d.enterprise.answers.configuration = () => json(d.enterprise.configuration)
  d.pass(5)
  await okay(await d.resolve())
})
