/** What a broker that was killed left undone, its successor finishes: nothing is used twice, and nothing is left open that nobody knows of. */
import { expect, test } from 'vitest'
import { brokerRig } from './broker-rig.ts'
import { gate } from './gate.ts'
import { ACME, answer, approved, DESK, PASS, TOKEN } from './harness-rig.ts'

const redeemed = (b: Awaited<ReturnType<typeof brokerRig>>) => b.callsTo(DESK).filter((call) => call.includes('redeem')).length

/** What a broker on SQLite finds at once, one on PostgreSQL finds when the lease of the other is over. */
async function successor(b: Awaited<ReturnType<typeof brokerRig>>) {
  b.pass(60)
  await b.reopen()
}

test('access that was held is held after a restart, and used with the token that lay sealed in the database', async () => {
  const b = await brokerRig()
  const { id } = await b.ready()
  const rows = await b.broker.deps.db.read.selectFrom('task').selectAll().execute()
  expect(JSON.stringify(rows)).not.toContain(TOKEN)
  await b.reopen()
  expect(await b.show(id)).toMatchObject({ status: 'ready' })
  expect((await b.call('builder', 'GET', `/tasks/${id}/http/api/tickets`)).status).toBe(200)
  expect(b.calls.at(-1)?.headers.get('authorization')).toBe(`Bearer ${TOKEN}`)
})

test('a broker that is killed while a person decides: the request is called off, the task has failed, and the pass of a late approval is never spent', async () => {
  const b = await brokerRig()
  const decided = gate()
  b.authority.polls = [() => decided.passed.then(answer(approved()))]
  const { id } = await b.start()
  await b.showWhen(id, ({ waiting }) => waiting !== undefined)
  const rows = await b.broker.deps.db.read.selectFrom('task').selectAll().execute()
  expect(JSON.stringify(rows)).not.toContain('request-1') // whoever has the id has the pass
  await successor(b)
  expect(await b.show(id)).toMatchObject({
    status: 'failed',
    failure: { step: 'approve', peer: ACME, message: expect.stringContaining('called off') },
  })
  expect(b.callsTo(ACME)).toContain('DELETE /some/where/requests/request-1')
  decided.open()
  await b.show(id)
  expect(redeemed(b)).toBe(0)
})

test('a broker that is killed while the pass is spent: the task is lost and says who can revoke what; pass and proof are never sent again', async () => {
  const b = await brokerRig()
  const answered = gate()
  const { redeem } = b.service
  b.service.redeem = () => answered.passed.then(redeem)
  const { id } = await b.start()
  await b.showWhen(id, ({ status }) => status === 'redeeming')
  await successor(b)
  const lost = await b.show(id)
  expect(lost).toMatchObject({ status: 'lost', authority: ACME, failure: { step: 'redeem', peer: DESK } })
  expect(lost.failure.hint).toContain(`revokes task ${id} at ${ACME}`)
  answered.open()
  await b.showWhen(id, ({ status }) => status === 'lost')
  expect(b.posted(`${DESK}/redeem/bearer`).map(({ agentpass }) => agentpass.value)).toEqual([PASS])
  expect((await b.trail()).map(({ outcome }) => outcome)).toContain('lost')
})

test('a broker that is killed while it gives back: its successor gives back', async () => {
  const b = await brokerRig()
  const { id } = await b.ready()
  const answered = gate()
  const { revoke } = b.service
  b.service.revoke = () => answered.passed.then(revoke)
  const ending = b.call('builder', 'DELETE', `/tasks/${id}`)
  await b.showWhen(id, ({ status }) => status === 'ending')
  b.service.revoke = revoke
  await successor(b)
  await b.broker.chore('giving back')
  expect(await b.show(id)).toMatchObject({ status: 'ended' })
  answered.open()
  await ending
  expect(await b.show(id)).toMatchObject({ status: 'ended' })
})

test('a broker that stops calls off what is under way, and keeps what is held', async () => {
  const b = await brokerRig()
  const held = await b.ready()
  const decided = gate()
  b.authority.polls = [() => decided.passed.then(answer(approved()))]
  const { id } = await b.start()
  await b.showWhen(id, ({ waiting }) => waiting !== undefined)
  const stopped = b.broker.stop()
  decided.open()
  await stopped
  await b.reopen()
  expect(await b.show(id)).toMatchObject({ status: 'failed', failure: { message: 'the broker was stopped' } })
  expect(await b.show(held.id)).toMatchObject({ status: 'ready' })
  expect(redeemed(b)).toBe(1)
})

test('a task that another instance ends while its request is made: the request is called off as soon as it is known', async () => {
  const b = await brokerRig()
  const issued = gate()
  const { issue } = b.authority
  b.authority.issue = () => issued.passed.then(issue)
  const { id } = await b.start()
  await b.showWhen(id, ({ step }) => step === 'issue')
  await b.broker.deps.db.write((tx) => tx.updateTable('task').set({ status: 'ended' }).where('id', '=', id).execute()) // and this one was not told
  issued.open()
  await b.showWhen(id, () => b.callsTo(ACME).includes('DELETE /some/where/requests/request-1'))
  expect(redeemed(b)).toBe(0)
})

test('a task that another instance ends while the pass is spent: what it buys is given back; one that is ended before is never redeemed', async () => {
  const b = await brokerRig()
  const endElsewhere = (id: string) => b.broker.deps.db.write((tx) => tx.updateTable('task').set({ status: 'ended' }).where('id', '=', id).execute()) // and this one is not told
  const [answered, decided] = [gate(), gate()]
  const { redeem } = b.service
  b.service.redeem = () => answered.passed.then(redeem)
  const { id } = await b.start()
  await b.showWhen(id, ({ status }) => status === 'redeeming')
  await endElsewhere(id)
  answered.open()
  await b.showWhen(id, () => b.callsTo(DESK).includes('POST /revoke'))
  expect(new URLSearchParams(b.calls.at(-1)?.body).get('token')).toBe(TOKEN)
  b.authority.polls = [() => decided.passed.then(answer(approved()))]
  const other = await b.start()
  await b.showWhen(other.id, ({ waiting }) => waiting !== undefined)
  await endElsewhere(other.id)
  decided.open()
  await b.showWhen(other.id, () => b.callsTo(ACME).some((call) => call.startsWith('DELETE')))
  expect(redeemed(b)).toBe(1)
})
