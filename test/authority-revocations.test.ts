/** What is ended in bulk: everything alive that is meant, and nothing else. */
import { calculateJwkThumbprint } from 'jose'
import { expect, test } from 'vitest'
import type { AuthorityTables } from '../authority/store/schema.ts'
import { type AuthorityWorld, authorityWorld, type Callers, HARNESS, refusal, turns } from './authority-rig.ts'
import { fakeService } from './fake-service.ts'
import { SERVICE, USER } from './parties.ts'
import { ecPair } from './spec/jws-fixture.ts'

const SHOP = 'https://shop.example'
const BOB = 'bob@acme.example'
const KEYS = [ecPair('P-256').jwk, ecPair('P-256').jwk]
const thumbprint = (i: number) => calculateJwkThumbprint(KEYS[i]!)
const SOME = { domains: ['acme.example', 'xn--bcher-kva.example'] }

type Made = { user: string; service: string; key: number }
const asked = ({ user, service, key }: Made) => ({
  user: { email: user },
  service: { origin: service },
  harness: { id: HARNESS, cnf: { jwk: KEYS[key] } },
})

/** Two users at two Services with two keys: of each combination a request that waits, an unused pass, and an authorization. */
async function populated() {
  const w = await authorityWorld(SOME)
  const shop = fakeService(w.net, SHOP)
  const deskOf = ({ service }: Made) => (service === SHOP ? shop : w.desk)
  const people: Made[] = []
  for (const user of [USER, BOB]) for (const service of [SERVICE, SHOP]) for (const key of [0, 1]) people.push({ user, service, key })
  const made = await Promise.all(
    people.map(async (who) => {
      const [pending, unused, used] = [await w.requested(asked(who)), await w.approved(asked(who)), await w.approved(asked(who))]
      const { authorization_id } = (await (await w.validate(used.value, deskOf(who).bearer())).json()) as { authorization_id: string }
      return { who, pending: pending.id, unused: unused.value, unusedId: unused.id, authorization: authorization_id }
    }),
  )
  /** Whether the request is pending, the pass can be used, the authorization stands. */
  const aliveOf = async ({ who, pending, unusedId, authorization }: (typeof made)[number]) => [
    ((await (await w.status(pending)).json()) as { status: string }).status,
    (await w.status(unusedId)).status,
    (await w.check(authorization, deskOf(who).bearer())).status,
  ]
  return { ...w, made, aliveOf, deskOf }
}
const revoke = async (w: Pick<Callers, 'manage'>, body: object) => {
  const response = await w.manage('/revocations', body)
  expect(response.status).toBe(200)
  return response.json()
}
const ALIVE = ['pending', 200, 200]
const DEAD = ['denied', 410, 404]

test.each<[string, () => Promise<object> | object, (who: Made) => boolean]>([
  ['a user', () => ({ user: USER }), ({ user }) => user === USER],
  ['a service', () => ({ service: SHOP }), ({ service }) => service === SHOP],
  ['a holder key', async () => ({ harness_key: await thumbprint(1) }), ({ key }) => key === 1],
  ['everybody', () => ({ all: true }), () => true],
])(
  'everything alive of %s ends, and nothing else: the request that waits, the unused pass, the authorization [AUTH-REV-02 AUTH-CHK-02]',
  async (_, which, isMeant) => {
    const w = await populated()
    const count = w.made.filter(({ who }) => isMeant(who)).length
    expect(await revoke(w, { ...(await which()), reason: 'laptop lost' })).toEqual({
      authorizations: count,
      passes: count,
      requests: count,
      remembered: 0,
    })
    for (const one of w.made) expect(await w.aliveOf(one)).toEqual(isMeant(one.who) ? DEAD : ALIVE)
    expect(await revoke(w, await which())).toEqual({ authorizations: 0, passes: 0, requests: 0, remembered: 0 })
    expect(await (await w.approved(asked({ user: USER, service: SERVICE, key: 0 }))).value).toBeTruthy() // who asks again is asked about again
  },
)

test('an authorization ends by its id, and no other does; the user’s requests go on waiting [AUTH-CHK-02]', async () => {
  const w = await populated()
  const [one, ...others] = w.made
  expect(await revoke(w, { authorization_id: one!.authorization })).toEqual({ authorizations: 1, passes: 0, requests: 0, remembered: 0 })
  expect(await w.aliveOf(one!)).toEqual(['pending', 200, 404])
  for (const other of others) expect(await w.aliveOf(other)).toEqual(ALIVE)
  expect(await revoke(w, { authorization_id: 'unknown' })).toEqual({ authorizations: 0, passes: 0, requests: 0, remembered: 0 })
})

test('users are compared as addresses are: the domain without case and in ASCII, the local part byte for byte', async () => {
  const w = await authorityWorld(SOME)
  const spelled = ['ada@acme.example', 'ada@ACME.Example', 'Ada@acme.example', 'zoë@bücher.example', 'zoë@XN--bcher-kva.example']
  const made = await Promise.all(spelled.map((email) => w.requested({ user: { email } })))
  const statuses = () => Promise.all(made.map(async ({ id }) => ((await (await w.status(id)).json()) as { status: string }).status))
  expect(await revoke(w, { user: 'ada@Acme.EXAMPLE' })).toMatchObject({ requests: 2, remembered: 0 })
  expect(await statuses()).toEqual(['denied', 'denied', 'pending', 'pending', 'pending'])
  expect(await revoke(w, { user: 'zoë@BÜCHER.example' })).toMatchObject({ requests: 2, remembered: 0 })
  expect(await statuses()).toEqual(['denied', 'denied', 'pending', 'denied', 'denied'])
})

test('what has ended stays what it became: no final status is rewritten, no closed authorization revoked [AUTH-STA-03 AUTH-CLS-04]', async () => {
  const w = await authorityWorld()
  const [denied, canceled, expired] = [await w.requested(), await w.requested(), await w.requested()]
  await w.act('deny', denied.id, { reason: 'no' })
  await w.cancel(canceled.id)
  const closed = await w.redeemed()
  await w.close(closed.authorizationId, w.desk.bearer(), 'complete')
  w.pass(900)
  const approved = await w.redeemed()
  expect(await revoke(w, { all: true, reason: 'stop' })).toEqual({ authorizations: 1, passes: 0, requests: 0, remembered: 0 })
  const shown = await Promise.all([denied, canceled, expired, closed, approved].map(({ id }) => w.show(id)))
  expect(shown.map(({ status, reason }) => [status, reason])).toEqual([
    ['denied', 'no'],
    ['canceled', undefined],
    ['expired', undefined],
    ['approved', undefined],
    ['approved', undefined],
  ])
  expect(shown.map(({ authorization }) => authorization?.state)).toEqual([undefined, undefined, undefined, 'completed', 'revoked'])
})

test('the trail has what was asked, and a row for each that ended, with the reason; the agent learns the reason too [AUTH-AUD-01]', async () => {
  const w = await populated()
  const { ref } = await w.show(w.made[0]!.pending)
  await revoke(w, { service: SHOP, reason: 'incident 7' })
  await revoke(w, { all: true })
  const rows = await w.database<AuthorityTables>().read.selectFrom('audit').select('event').where('event', 'like', '%"by":"admin token"%').execute()
  const told = rows.map(({ event }) => JSON.parse(event)).filter(({ event, outcome }) => event === 'revocation' || outcome === 'denied')
  const of = (event: string, outcome: string, reason?: string) =>
    told.filter((row) => row.event === event && row.outcome === outcome && row.reason === reason)
  expect(of('revocation', 'asked', 'incident 7')).toEqual([expect.objectContaining({ service: SHOP, by: 'admin token' })])
  expect(of('revocation', 'asked for all')).toHaveLength(1)
  for (const reason of ['incident 7', undefined]) {
    expect(of('decision', 'denied', reason)).toHaveLength(4)
    expect(of('revocation', 'pass revoked', reason)).toHaveLength(4)
    expect(new Set(of('revocation', 'authorization revoked', reason).map(({ authorization_id }) => authorization_id)).size).toBe(4)
  }
  expect(of('decision', 'denied')).toContainEqual(expect.objectContaining({ request_ref: ref, user: USER, service: SERVICE, harness: HARNESS }))
  const shopPending = w.made.find(({ who }) => who.service === SHOP)!.pending
  expect(await (await w.status(shopPending)).json()).toMatchObject({ status: 'denied', reason: 'incident 7' })
})

test.each<[string, unknown]>([
  ['nothing', {}],
  ['a reason alone', { reason: 'stop' }],
  ['two', { user: USER, service: SERVICE }],
  ['one, and all', { user: USER, all: true }],
  ['not all', { all: false }],
  ['a user who is none', { user: 'ada' }],
  ['a service that is none', { service: 'desk.example' }],
  ['a service in another spelling', { service: `${SERVICE}/` }],
  ['a key that is none', { harness_key: 'x' }],
  ['a member that is none', { users: USER, all: true }],
  ['null', null],
])('a revocation that names %s is malformed, and ends nothing', async (_, body) => {
  const w = await authorityWorld()
  const { authorizationId } = await w.redeemed()
  expect(await refusal(await w.manage('/revocations', body))).toEqual([400, 'malformed_request'])
  expect((await w.check(authorizationId, w.desk.bearer())).status).toBe(200)
  expect(await revoke(w, { user: USER })).toMatchObject({ authorizations: 1 })
})

test('revoking in bulk needs the admin token, and is on no protocol door [AUTH-REV-01]', async () => {
  const w = await authorityWorld()
  const { authorizationId } = await w.redeemed()
  for (const authorization of ['', 'Bearer junk', w.desk.bearer()])
    expect(await refusal(await w.manage('/revocations', { all: true }, authorization))).toEqual([401, 'unauthenticated'])
  const admin = `Bearer ${w.authority.opening.adminToken}`
  expect((await w.call('POST', '/revocations', { body: { all: true }, authorization: admin })).status).toBe(404)
  expect((await w.check(authorizationId, w.desk.bearer())).status).toBe(200)
})

test('more than one batch ends as one does', async () => {
  const w = await authorityWorld({ policy: { default: 'approve' } })
  const passes = await Promise.all(Array.from({ length: 450 }, () => w.approved()))
  expect(await revoke(w, { user: USER })).toEqual({ authorizations: 0, passes: 450, requests: 0, remembered: 0 })
  expect((await w.validate(passes[449]!.value, w.desk.bearer())).status).toBe(410)
})

test('an instance whose clock is a little behind revives nothing of what was ended [AUTH-CHK-02 AUTH-REV-02]', async () => {
  const w = await authorityWorld({ lifetimes: { decision_seconds: 100, pass_seconds: 100, authorization_seconds: 100 } })
  const behind = await w.behind(4)
  const [pending, unused, used] = [await w.requested(), await w.approved(), await w.redeemed()]
  w.pass(101)
  expect((await behind.status(unused.id)).status).toBe(200)
  await revoke(w, { all: true })
  expect((await behind.validate(unused.value, w.desk.bearer({ iat: w.now() - 4 }))).status).toBe(410)
  expect((await behind.check(used.authorizationId, w.desk.bearer({ iat: w.now() - 4 }))).status).toBe(404)
  expect(await refusal(await behind.act('approve', pending.id))).toEqual([409, 'already_decided'])
})

const RACES = 60
/** Every stage races the revocation: an approval, a validation, or nothing but the check. */
async function race(w: AuthorityWorld, there: Callers, round: number) {
  const { id } = await w.requested()
  const { digest } = await w.show(id)
  const redeeming = async () => {
    await turns((round % 5) * 4)
    await w.manage(`/requests/${id}/approve`, { digest })
    const { agentpass } = (await (await w.status(id)).json()) as { agentpass?: { value: string } }
    if (!agentpass) return { value: undefined, authorization: undefined }
    const answer = (await (await w.validate(agentpass.value, w.desk.bearer())).json()) as { authorization_id?: string }
    return { value: agentpass.value, authorization: answer.authorization_id }
  }
  const revoking = async () => {
    await turns((round % 12) * 6)
    return revoke(there, round % 2 === 0 ? { user: USER } : { all: true })
  }
  const [redeemed, ended] = await Promise.all([redeeming(), revoking()])
  return { ...redeemed, ended: ended as Record<string, number>, id }
}

test('once a revocation in bulk is answered nothing of what it found alive validates or checks, whatever raced it, at any instance [AUTH-CHK-11 AUTH-CLS-07]', async () => {
  const w = await authorityWorld()
  const other = await w.another()
  const seen = { requests: 0, passes: 0, authorizations: 0 }
  for (let round = 0; round < RACES; round++) {
    const { value, authorization, ended, id } = await race(w, round % 3 === 0 ? w : other, round)
    for (const stage of ['requests', 'passes', 'authorizations'] as const) seen[stage] += ended[stage]!
    const [first] = [w, other].slice(round % 2)
    expect((await first!.manage(`/requests/${id}/approve`, { digest: (await w.show(id)).digest })).status).toBe(409)
    if (value !== undefined) expect((await first!.validate(value, w.desk.bearer())).status).not.toBe(200)
    if (authorization !== undefined) expect((await first!.check(authorization, w.desk.bearer())).status).toBe(404)
  }
  expect(seen.requests + seen.passes + seen.authorizations).toBe(RACES) // each ended at the one stage in which it was found
})

test('of many revocations at once each ends what the others left, and together they count everything once', async () => {
  const w = await authorityWorld()
  const other = await w.another()
  for (let i = 0; i < 12; i++) await (i % 3 === 0 ? w.requested() : i % 3 === 1 ? w.approved() : w.redeemed())
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => revoke(i % 2 ? w : other, i % 3 ? { user: USER } : { all: true })))
  const sum = (stage: string) => answers.reduce((total, ended) => total + (ended as Record<string, number>)[stage]!, 0)
  expect([sum('requests'), sum('passes'), sum('authorizations')]).toEqual([4, 4, 4])
})
