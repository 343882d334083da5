/** Whatever is sent twice, at once or later, here or at another instance: a proof and a pass buy one credential. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { IssuanceStatus } from '../spec/wire/issuance.ts'
import { type Changes, json } from './fake-authority.ts'
import { AUTHORITY, codeOf, SERVICE, USER, world } from './parties.ts'
import { type Desk, desk, holder, okay, REDEEM, refusal } from './service-rig.ts'

/** An Authority that says yes as often as it is asked: only the Service's own memory can tell a replay. */
async function credulous(answer: Changes = {}) {
  const d = await desk()
  const key = await holder()
  d.enterprise.publish('acme.example')
  let count = 0
  d.enterprise.answers.validate = async () =>
    json(d.enterprise.validation({ cnf: key.cnf, harness: undefined, authorization_id: `authorization-${++count}`, ...answer }))
  return { d, key }
}
const minted = async (d: Desk) => (await d.database().read.selectFrom('credential').select('authorization_id').execute()).length

test('a proof is good for one redemption; the second is a replay, mints nothing, and what it opened is closed [SVC-HB-06]', async () => {
  const { d, key } = await credulous()
  const proof = await key.proof(d.now())
  await okay(await d.redeem(proof))
  d.pass(59)
  expect(await refusal(await d.redeem(proof))).toEqual([409, 'replay'])
  expect(await minted(d)).toBe(1)
  expect(d.enterprise.asked('close')).toEqual([{ authorization_id: 'authorization-2', action: 'revoke', reason: expect.any(String) }])
  await okay(await d.redeem(await key.proof(d.now())))
})

test('a proof stays spent for as long as it could be accepted, and after that it has expired [SVC-HB-06] [SVC-HB-05]', async () => {
  const { d, key } = await credulous()
  const proof = await key.proof(d.now())
  await okay(await d.redeem(proof))
  d.pass(119) // it ends after 60 s, and clocks may differ by as much
  expect(await refusal(await d.redeem(proof))).toEqual([409, 'replay'])
  d.pass(1)
  expect(await refusal(await d.redeem(proof))).toEqual([401, 'invalid_proof'])
})

test('what counts is the key and the jti: another iss is the same proof, another key is another [SVC-HB-11]', async () => {
  const { d, key } = await credulous()
  await okay(await d.redeem(await key.proof(d.now(), { jti: 'one', iss: 'harness-1' })))
  for (const iss of ['harness-2', 'harness-1 ', 'Harness-1'])
    expect(await refusal(await d.redeem(await key.proof(d.now(), { jti: 'one', iss })))).toEqual([409, 'replay'])
  const other = await holder()
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ cnf: other.cnf }))
  await okay(await d.redeem(await other.proof(d.now(), { jti: 'one' })))
})

test('the same key in another dress is the same key [SVC-HB-11]', async () => {
  const { d, key } = await credulous()
  const proof = await key.proof(d.now())
  await okay(await d.redeem(proof))
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ cnf: { jwk: { ...key.jwk, kid: 'x', use: 'sig', x5t: 'y' } } }))
  expect(await refusal(await d.redeem(proof))).toEqual([409, 'replay'])
})

test('only proofs that verified are remembered: a thief cannot spend the jti of another, nor fill the memory [SVC-HB-06]', async () => {
  const { d, key } = await credulous()
  const thief = await holder()
  for (let i = 0; i < 20; i++) expect(await refusal(await d.redeem(await thief.proof(d.now(), { jti: 'one' })))).toEqual([401, 'invalid_proof'])
  expect(await d.database().read.selectFrom('proof_seen').selectAll().execute()).toEqual([])
  await okay(await d.redeem(await key.proof(d.now(), { jti: 'one' })))
})

test('a hundred redemptions with one proof at once mint one credential [SVC-HB-06] [SVC-RED-17]', async () => {
  const { d, key } = await credulous()
  const proof = await key.proof(d.now())
  const answers = await Promise.all(Array.from({ length: 100 }, () => d.redeem(proof)))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(99)
  expect(await minted(d)).toBe(1)
  expect(d.enterprise.asked('close')).toHaveLength(99)
})

test('instances on one database share what they have seen, also at once and after a restart [SVC-HB-09]', async () => {
  const { d, key } = await credulous()
  const second = await d.another()
  const at = (service: typeof second, proof: Changes) =>
    service.app.request(SERVICE + REDEEM, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(d.redemption(proof)),
    })
  const proof = await key.proof(d.now())
  expect((await at(d.service, proof)).status).toBe(200)
  expect(await codeOf(await at(second, proof))).toBe('replay')
  const raced = await key.proof(d.now())
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => at(i % 2 ? second : d.service, raced)))
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 49 }, () => 409)])
  await second.stop()
  const third = await d.another()
  expect(await codeOf(await at(third, proof))).toBe('replay')
  expect((await at(third, await key.proof(d.now()))).status).toBe(200)
})

test('a token of one instance works at the other [SVC-TOK-04]', async () => {
  const { d, key } = await credulous()
  const second = await d.another()
  const { bearer_token } = z.object({ bearer_token: z.string() }).parse(await okay(await d.redeem(await key.proof(d.now()))))
  const response = await second.app.request(`${SERVICE}/api/tickets`, { headers: { authorization: `Bearer ${bearer_token}` } })
  expect(response.status).toBe(200)
})

/** A real Authority that approves whatever it is asked for, and a pass of it. */
async function approving() {
  const w = await world({ authority: { policy: { default: 'approve' } } })
  const post = (url: string, body: object) =>
    w.fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const user = { email: USER }
  const wanted = { type: 'bearer_token', service: { origin: SERVICE }, user, harness: { id: 'h' }, task: { id: 't', description: 'd' } }
  const { agentpass } = IssuanceStatus.parse(await (await post(`${AUTHORITY}/issuance`, wanted)).json())
  return { ...w, redeem: (changes: Changes = {}) => post(SERVICE + REDEEM, { agentpass, authority: AUTHORITY, user, ...changes }) }
}

test('of a hundred redemptions of one pass at a real Authority, one gets a token and the others learn that it is used [SVC-RED-17] [SVC-RED-10]', async () => {
  const w = await approving()
  const answers = await Promise.all(Array.from({ length: 100 }, () => w.redeem()))
  const tokens = await Promise.all(answers.filter(({ status }) => status === 200).map((response) => response.json()))
  expect(tokens).toHaveLength(1)
  for (const refused of answers.filter(({ status }) => status !== 200)) expect(await refusal(refused)).toEqual([409, 'already_consumed'])
  expect((await w.call('/api/tickets', z.object({ bearer_token: z.string() }).parse(tokens[0]).bearer_token)).status).toBe(200)
})

test('a real pass that was spent and bought nothing is dead, and its authorization revoked; a request for nothing had not spent it [SVC-RED-19]', async () => {
  const w = await approving()
  expect(await refusal(await w.redeem({ requested_scope: [] }))).toEqual([403, 'insufficient_scope'])
  expect((await w.newest()).authorization).toBeUndefined()
  expect(await refusal(await w.redeem({ requested_scope: ['nothing'] }))).toEqual([403, 'insufficient_scope'])
  expect((await w.newest()).authorization).toMatchObject({ state: 'revoked' })
  expect(await refusal(await w.redeem())).toEqual([409, 'already_consumed'])
})
