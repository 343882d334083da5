/** The page that begins a browser session: for whoever loads it first, and for nobody once its task has ended. */
import { expect, test } from 'vitest'
import { announceTask } from '../harness/broker/record.ts'
import { beginEnding } from '../harness/store/endings.ts'
import { brokerRig, HOST } from './broker-rig.ts'
import { answer, approvedSession, ONE_TIME } from './harness-rig.ts'
import { codeOf } from './parties.ts'

/** A session that has yet to begin, and its page at the instance whose trip it was. */
async function rig() {
  const b = await brokerRig()
  b.authority.polls = [answer(approvedSession())]
  const { id, links } = await b.ready({ type: 'browser_session' })
  const { app, deps } = b.broker
  return { ...b, id, deps, load: async () => app.request(links.open, { headers: { host: HOST } }) }
}

test('the page is answered once, and the task says so', async () => {
  const b = await rig()
  const first = await b.load()
  expect([first.status, (await first.text()).includes(ONE_TIME)]).toEqual([200, true])
  expect(await codeOf(await b.load())).toBe('initialization_gone')
  expect((await b.trail()).map(({ outcome }) => outcome)).toContain('opened')
})

test('the page of a task that another instance has ended begins no session', async () => {
  const b = await rig()
  await b.reopen()
  expect(await (await b.call('builder', 'DELETE', `/tasks/${b.id}`)).json()).toMatchObject({ status: 'ended' })
  const page = await b.load()
  expect([page.status, await codeOf(page)]).toEqual([410, 'initialization_gone'])
})

test('when it is heard that a task has ended, its page is gone already', async () => {
  const b = await rig()
  const heard: unknown[] = []
  b.deps.tasks.changes.follow(b.id, () => heard.push(b.deps.openings.pathOf(b.id)))
  await b.call('builder', 'DELETE', `/tasks/${b.id}`)
  await b.showWhen(b.id, () => heard.length > 0)
  expect(heard[0]).toBeUndefined()
})

test('an instance that hears of the end of a task lets go of what would begin its session', async () => {
  const b = await rig()
  expect(b.deps.openings.pathOf(b.id)).toBeDefined()
  await b.deps.db.write(async (tx, announce) => {
    await beginEnding(tx, { id: b.id, agent: 'builder', at: b.now(), from: ['ready'] })
    announceTask(announce, b.id)
  })
  await b.showWhen(b.id, () => b.deps.openings.pathOf(b.id) === undefined)
})

test('a broker that no browser reaches begins no browser session, and says how to have one', async () => {
  const b = await brokerRig({ isBrowsable: false })
  const { error } = await b.start('builder', { type: 'browser_session' })
  expect([error.code, error.message]).toEqual(['unprocessable', expect.stringContaining('--listen')])
  expect((await b.start()).status).toBe('asking')
})
