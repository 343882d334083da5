/** A broker holds the keys and tokens of tasks, and lends agents the act alone. */
import { expect, test } from 'vitest'
import { beginEnding } from '../harness/store/endings.ts'
import { turns } from './authority-rig.ts'
import { brokerRig } from './broker-rig.ts'
import { gate } from './gate.ts'
import { ACME, answer, approved, DESK, pending, referenceTo, refusal, TASK, TOKEN, USER } from './harness-rig.ts'

test('a task makes the whole trip by itself, is used with a token that no agent sees, and given back when it is done', async () => {
  const b = await brokerRig()
  const started = await b.start()
  expect(started).toMatchObject({
    status: 'asking',
    type: 'bearer_token',
    service: DESK,
    user: USER,
    description: TASK,
    step: 'discover',
    peer: DESK,
  })
  const ready = await b.until(started.id, 'ready')
  expect(ready).toMatchObject({ authority: ACME, scope: ['tickets:read', 'tickets:write'], step: 'use', expires_at: expect.any(String) })
  const called = await b.call('builder', 'GET', `/tasks/${ready.id}/http/api/tickets/17?full=1`)
  expect([called.status, await called.json()]).toEqual([200, { id: 17, subject: 'The door sticks' }])
  expect(b.calls.at(-1)?.headers.get('authorization')).toBe(`Bearer ${TOKEN}`)
  const ended = await (await b.call('builder', 'DELETE', `/tasks/${ready.id}`)).json()
  expect([ended.status, ended.failure]).toEqual(['ended', undefined])
  expect(b.callsTo(DESK).slice(-2)).toEqual(['GET /api/tickets/17?full=1', 'POST /revoke'])
  expect(new URLSearchParams(b.calls.at(-1)?.body).get('token')).toBe(TOKEN)
  const trail = await b.trail()
  expect(trail.map(({ event, outcome }) => `${event} ${outcome}`).sort()).toEqual(
    ['call forwarded', 'task ended', 'task ending', 'task ready', 'task started'].sort(),
  )
  expect(trail.find(({ event }) => event === 'call')).toMatchObject({
    agent: 'builder',
    task: ready.id,
    user: USER,
    service: DESK,
    act: 'GET /api/tickets/17',
  })
  expect(JSON.stringify([started, ready, ended, trail, b.lines])).not.toContain(TOKEN)
})

test('while a person decides, the task says who must, where, with which number and until when', async () => {
  const b = await brokerRig()
  const decided = gate()
  const until = new Date((b.now() + 900) * 1000).toISOString()
  const links = { approval: `${ACME}/console/1` }
  b.authority.issue = answer(pending({ links, approval_number: '42', expires_at: until }), 202)
  b.authority.polls = [() => decided.passed.then(answer(approved()))]
  const { id } = await b.start()
  const waiting = await b.showWhen(id, ({ waiting }) => waiting !== undefined)
  expect(waiting).toMatchObject({ status: 'asking', step: 'approve', peer: ACME })
  expect(waiting.waiting).toEqual({ authority: ACME, approval_url: links.approval, approval_number: '42', expires_at: until })
  const used = await b.call('builder', 'GET', `/tasks/${id}/http/api`)
  expect([used.status, (await used.json()).error.message]).toEqual([422, expect.stringContaining(`at step approve, with ${ACME}`)])
  decided.open()
  expect((await b.until(id, 'ready')).waiting).toBeUndefined()
})

test.each([
  [
    'denied',
    answer(pending({ status: 'denied', reason: 'not on Sundays' })),
    { step: 'approve', peer: ACME, message: 'the request was denied: not on Sundays' },
  ],
  ['expired', answer(pending({ status: 'expired' })), { step: 'approve', peer: ACME, message: 'the request was expired' }],
])('a task that is %s says at which step, with whom, and what to do', async (_, poll, failure) => {
  const b = await brokerRig()
  b.authority.polls = [poll]
  const failed = await b.until((await b.start()).id, 'failed')
  expect(failed.failure).toEqual({ ...failure, hint: expect.stringMatching(/\w{4}/) })
  expect((await b.call('builder', 'GET', `/tasks/${failed.id}/http/api`)).status).toBe(410)
  expect(b.callsTo(DESK).filter((call) => call.includes('redeem'))).toEqual([])
})

test('no more than the wanted scopes are redeemed', async () => {
  const b = await brokerRig()
  await b.ready({ scope: ['tickets:read'] })
  expect(b.posted(`${DESK}/redeem/bearer`)[0].requested_scope).toEqual(['tickets:read'])
})

test('a task that is ended while a person decides calls its request off, and redeems nothing', async () => {
  const b = await brokerRig()
  const decided = gate()
  b.authority.polls = [() => decided.passed.then(answer(approved()))]
  const { id } = await b.start()
  await b.showWhen(id, ({ waiting }) => waiting !== undefined)
  expect(await (await b.call('builder', 'DELETE', `/tasks/${id}`)).json()).toMatchObject({ status: 'ended' })
  decided.open()
  await b.broker.stop() // when its trips have ended
  expect(b.callsTo(ACME)).toContain('DELETE /some/where/requests/request-1')
  expect(b.callsTo(DESK).filter((call) => call.includes('redeem'))).toEqual([])
})

/** A task whose pass the Service is redeeming, until it is let. */
async function redeeming() {
  const b = await brokerRig()
  const redeemed = gate()
  const redeem = b.service.redeem
  b.service.redeem = () => redeemed.passed.then(redeem)
  const { id } = await b.start()
  await b.showWhen(id, ({ status }) => status === 'redeeming')
  const end = async () => (await b.call('builder', 'DELETE', `/tasks/${id}`)).json()
  const givenBack = () => new URLSearchParams(b.calls.at(-1)?.body).get('token')
  return { ...b, id, redeemed, end, givenBack }
}

test('a task that is ended while its pass is redeemed ends when that is over, and what it bought is given back', async () => {
  const b = await redeeming()
  const ending = b.end()
  await turns(100) // it has been asked for by now
  b.redeemed.open()
  expect(await ending).toMatchObject({ status: 'ended' })
  expect([b.callsTo(DESK).at(-1), b.givenBack()]).toEqual(['POST /revoke', TOKEN])
})

test('and where it cannot be given back yet the task is ending, and that is tried again', async () => {
  const b = await redeeming()
  const { revoke } = b.service
  b.service.revoke = refusal(503, 'overloaded', 'busy')
  const ending = b.end()
  await turns(100) // it has been asked for by now
  b.redeemed.open()
  expect(await ending).toMatchObject({ status: 'ending' })
  b.service.revoke = revoke
  expect(await b.end()).toMatchObject({ status: 'ended' })
  expect(b.givenBack()).toBe(TOKEN)
})

test('a token that comes after another instance has ended its task is given back, and held by nobody', async () => {
  const b = await redeeming()
  await b.broker.deps.db.write((tx) => beginEnding(tx, { id: b.id, agent: 'builder', at: b.now(), from: ['redeeming'] }))
  b.redeemed.open()
  await b.broker.stop()
  expect([b.callsTo(DESK).at(-1), b.givenBack()]).toEqual(['POST /revoke', TOKEN])
})

test('a broker that is stopped while a pass is redeemed holds what it bought', async () => {
  const b = await redeeming()
  const stopping = b.broker.stop()
  b.redeemed.open()
  await stopping
  await b.reopen()
  expect(await b.show(b.id)).toMatchObject({ status: 'ready' })
  expect(b.callsTo(DESK)).not.toContain('POST /revoke')
})

test('access that its Service has ended is forwarded no more, and the task says so', async () => {
  const b = await brokerRig()
  const { id } = await b.ready()
  b.service.api = refusal(401, 'invalid_token', 'the token was ended')
  expect((await b.call('builder', 'GET', `/tasks/${id}/http/api`)).status).toBe(401)
  expect(await b.show(id)).toMatchObject({
    status: 'ended',
    failure: { step: 'use', peer: DESK, hint: expect.stringContaining('start another task') },
  })
  const calls = b.calls.length
  expect((await b.call('builder', 'GET', `/tasks/${id}/http/api`)).status).toBe(410)
  expect(b.calls.length).toBe(calls)
})

test('access that has lived its time is lent to nobody, also before the next chore', async () => {
  const b = await brokerRig()
  const { id } = await b.ready()
  b.pass(600)
  const calls = b.calls.length
  expect((await b.call('builder', 'GET', `/tasks/${id}/http/api`)).status).toBe(410)
  expect(b.calls.length).toBe(calls)
  await b.broker.chore('expiry')
  expect(await b.show(id)).toMatchObject({ status: 'expired' })
})

test('what cannot be given back now is tried again until it can, and listed until then', async () => {
  const b = await brokerRig()
  const { id } = await b.ready()
  b.service.revoke = refusal(503, 'overloaded')
  const ending = await (await b.call('builder', 'DELETE', `/tasks/${id}`)).json()
  expect(ending).toMatchObject({ status: 'ending', failure: { step: 'revoke', peer: DESK } })
  expect((await b.call('builder', 'GET', `/tasks/${id}/http/api`)).status).toBe(410)
  b.service.revoke = answer({})
  await b.broker.chore('giving back')
  expect(await b.show(id)).toMatchObject({ status: 'ended' })
  expect(b.callsTo(DESK).filter((call) => call === 'POST /revoke').length).toBe(2)
})

test('where the Service takes nothing back, the end says how long the delegation goes on', async () => {
  const b = await brokerRig()
  b.service.configuration = b.plainConfiguration
  const { id } = await b.ready()
  const ended = await (await b.call('builder', 'DELETE', `/tasks/${id}`)).json()
  expect(ended).toMatchObject({
    status: 'ended',
    failure: { message: 'the service takes nothing back', hint: expect.stringContaining(`revoked at ${ACME}`) },
  })
})

const OFFER = [referenceTo('https://one.example'), referenceTo('https://two.example')]

test('where several authorities are offered, the task fails with the offer, and goes on with one that is named or that the settings name', async () => {
  const b = await brokerRig({ authorities: { 'else.example': 'https://two.example' } })
  for (const { authority } of OFFER) b.addAuthority(authority)
  b.service.resolve = answer({ trusted_federated_authorities: OFFER })
  const failed = await b.until((await b.start()).id, 'failed')
  expect(failed.failure).toMatchObject({ step: 'resolve', peer: DESK, hint: expect.stringContaining('https://one.example or https://two.example') })
  expect(await b.ready({ authority: 'https://one.example' })).toMatchObject({ authority: 'https://one.example' })
  expect(await b.ready({ user: 'bo@else.example' })).toMatchObject({ authority: 'https://two.example' })
})

test('events tell how a task stands, each change, and end with it', async () => {
  const b = await brokerRig()
  const decided = gate()
  b.authority.polls = [() => decided.passed.then(answer(pending({ status: 'denied' })))]
  const { id } = await b.start()
  await b.showWhen(id, ({ waiting }) => waiting !== undefined)
  const events = await b.call('builder', 'GET', `/tasks/${id}/events`, { headers: { accept: 'text/event-stream' } })
  expect(events.headers.get('content-type')).toBe('text/event-stream')
  let told = ''
  for await (const part of events.body!.pipeThrough(new TextDecoderStream())) {
    if (told === '') decided.open() // when it was told how it stands
    told += part
  }
  const documents = told.split('\n\n').flatMap((event) => (event.startsWith('data: ') ? [JSON.parse(event.slice(6))] : []))
  expect(documents.map(({ status }) => status)).toEqual(['asking', 'failed'])
})

test('a body that asks for what cannot be asked says which member is wrong', async () => {
  const b = await brokerRig()
  const refused = async (body: object) => (await (await b.call('builder', 'POST', '/tasks', b.json(body))).json()).error?.message
  const good = { service: DESK, user: USER, description: TASK }
  expect(await refused({ ...good, service: `${DESK}/tickets` })).toContain('service')
  expect(await refused({ ...good, user: 'ada' })).toContain('user')
  expect(await refused({ ...good, description: ' ' })).toContain('say in a sentence')
  expect(await refused({ ...good, type: 'password' })).toContain('type')
  expect(await refused({ service: DESK, description: TASK })).toContain('user is missing')
  expect(b.calls).toEqual([])
  expect((await (await brokerRig({ user: USER })).ready({ user: undefined })).user).toBe(USER)
})
