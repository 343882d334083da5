/** How many requests may wait for an approver at once: whoever is asked without end approves without looking. */
import { calculateJwkThumbprint } from 'jose'
import { expect, test } from 'vitest'
import type { AuthorityTables } from '../authority/store/schema.ts'
import { authorityWorld, type Callers, HARNESS, message, refusal } from './authority-rig.ts'
import { USER } from './parties.ts'
import { ecPair } from './spec/jws-fixture.ts'

const BOB = 'bob@acme.example'
const LIMITS = { issuances_per_minute: 100_000, polls_per_second: 100_000 }
const world = (caps: object = {}, more: object = {}) => authorityWorld({ limits: { ...LIMITS, ...caps }, ...more })
const of = (email: string, harness: object = { id: HARNESS }) => message({ user: { email }, harness })
const admitted = async (w: Callers, body: unknown) => {
  const response = await w.issue(body)
  expect(response.status).toBe(202)
  return ((await response.json()) as { id: string }).id
}

test('as many requests of a user wait as the settings say, and one more is 429 with Retry-After until one is decided [AUTH-ISS-22]', async () => {
  const w = await world()
  const ids = []
  for (let i = 0; i < 20; i++) ids.push(await admitted(w, of(USER)))
  const refused = await w.issue(of(USER))
  expect(Number(refused.headers.get('retry-after'))).toBe(60)
  expect(await refusal(refused)).toEqual([429, 'rate_limited'])
  await admitted(w, of(BOB))
  await w.act('deny', ids[3]!)
  await admitted(w, of(USER))
  expect(await refusal(await w.issue(of(USER)))).toEqual([429, 'rate_limited'])
})

test('of one user in two spellings together as many wait, and of two users twice as many', async () => {
  const w = await world({ pending_per_user: 2 })
  await admitted(w, of('ada@acme.example'))
  await admitted(w, of('ada@ACME.example'))
  expect(await refusal(await w.issue(of('ada@Acme.Example')))).toEqual([429, 'rate_limited'])
  await admitted(w, of('Ada@acme.example'))
})

test('a Harness is its holder key, whatever it calls itself and whomever it asks for; without a key it is its id [AUTH-ISS-22]', async () => {
  const w = await world({ pending_per_harness: 2 })
  const [key, other] = [ecPair('P-256').jwk, ecPair('P-256').jwk]
  await admitted(w, of(USER, { id: 'one', cnf: { jwk: key } }))
  await admitted(w, of(BOB, { id: 'two', cnf: { jwk: { ...key, kid: 'a' } } }))
  expect(await refusal(await w.issue(of('eve@acme.example', { id: 'three', cnf: { jwk: key } })))).toEqual([429, 'rate_limited'])
  const posing = { id: await calculateJwkThumbprint(other) }
  for (const email of [USER, BOB]) await admitted(w, of(email, posing))
  expect(await refusal(await w.issue(of(USER, posing)))).toEqual([429, 'rate_limited'])
  for (const email of [USER, BOB]) await admitted(w, of(email, { ...posing, cnf: { jwk: other } }))
})

test('what policy decides at once does not wait: it counts for nothing, and no cap holds it up [AUTH-ISS-14]', async () => {
  const rules = [{ user: USER, scopes: ['tickets:read'], decision: 'approve' }]
  const w = await world({ pending_per_user: 1, pending_per_harness: 1 }, { policy: { rules } })
  for (let i = 0; i < 3; i++) expect((await w.issue(of(USER))).status).toBe(200)
  await admitted(w, of(BOB))
  expect((await w.issue(of(USER))).status).toBe(200)
  expect(await refusal(await w.issue(of(BOB)))).toEqual([429, 'rate_limited'])
})

test('a request past its deadline waits no more, also before that is written down', async () => {
  const w = await world({ pending_per_user: 1 })
  await admitted(w, of(USER))
  w.pass(899)
  const refused = await w.issue(of(USER))
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  w.pass(1)
  await admitted(w, of(USER))
})

test('of one too many nothing is recorded but the refusal [AUTH-AUD-01]', async () => {
  const w = await world({ pending_per_user: 1 })
  await admitted(w, of(USER))
  await w.issue(of(USER))
  await w.manage('/ready') // writes what was noted
  const db = w.database<AuthorityTables>()
  expect(await db.read.selectFrom('request').select('digest').execute()).toHaveLength(1)
  const rows = await db.read.selectFrom('audit').select('event').where('event', 'like', '%"refused"%').execute()
  expect(rows.map(({ event }) => JSON.parse(event))).toEqual([expect.objectContaining({ event: 'issuance', code: 'rate_limited', user: USER })])
})

test.each([
  ['a user', 'pending_per_user', () => of(USER, { id: HARNESS, cnf: { jwk: ecPair('P-256').jwk } })],
  ['a Harness', 'pending_per_harness', (i: number) => of(`user-${i}@acme.example`)],
])('of many requests of %s at once, at two instances, exactly as many are admitted as may wait [AUTH-ISS-22]', async (_, cap, body) => {
  const w = await world({ [cap]: 7 })
  const other = await w.another()
  for (let round = 1; round <= 3; round++) {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? w : other).issue(body(i))))
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(7).fill(202), ...Array(33).fill(429)])
    expect(await (await w.manage('/revocations', { all: true })).json()).toMatchObject({ requests: 7 })
  }
})
