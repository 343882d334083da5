/** The Service acts on what an Authority ended or narrowed (protocol 10): at once, once, and whatever is under way. */
import { expect, test } from 'vitest'
import { deleteEventsSeenBefore } from '../service/store/security-events.ts'
import { ACME, DESK, json } from './fake-authority.ts'
import { expectStillWorks, expectTaken, holding, TICKETS } from './push-receiver-rig.ts'
import { NARROWED } from './push-rig.ts'

test('what the Authority ended ends here at once: the next call is refused, and the Authority is not asked', async () => {
  const { d, push, event, call } = await holding()
  await expectTaken(push(event()))
  expect(await call()).toBe(401)
  expect(d.enterprise.asked('check')).toHaveLength(1) // that of before
})

test('of what the Authority narrowed it is asked at the next call, and its answer counts, not what the event says', async () => {
  const { d, token, push, event, call } = await holding()
  const write = async () => (await d.call(TICKETS, token, { method: 'POST', body: '{}' })).status
  expect(await write()).toBe(200)
  const asked = d.enterprise.asked('check').length
  d.enterprise.answers.check = async () => json({ scope: ['tickets:read'] })
  await expectTaken(push(event({ events: { [NARROWED]: { event_timestamp: d.now(), claims: { scope: ['tickets:write'] } } } })))
  expect(await call()).toBe(200)
  expect(d.enterprise.asked('check').length).toBeGreaterThan(asked) // on PostgreSQL this instance hears itself too, and may ask again
  expect(await write()).toBe(403)
})

test('all tokens of that authorization end with it, one-time tokens too, and no others', async () => {
  const { d, call, push, event } = await holding()
  const sibling = await d.token()
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ authorization_id: 'authorization-2' }))
  const other = await d.token()
  const bought = {
    authority_configuration_url: 'https://x.example',
    user_email: 'ada@acme.example',
    agent_id: 'a',
    task: null,
    harness_id: null,
    scope: '[]',
  }
  const initialization = { ...bought, authority: ACME, authorization_id: 'authorization-1', destination: DESK, session_expires_at: d.now() + 60 }
  const db = d.database()
  await db.write((tx) =>
    tx
      .insertInto('initialization')
      .values({ ...initialization, digest: 'd', expires_at: d.now() + 60 })
      .execute(),
  )
  await expectTaken(push(event()))
  expect([await call(), (await d.call(TICKETS, sibling)).status, (await d.call(TICKETS, other)).status]).toEqual([401, 401, 200])
  expect(await db.read.selectFrom('initialization').select('spent_at').execute()).toEqual([{ spent_at: d.now() }])
})

test('a one-time token alone is enough for its Authority to be heard', async () => {
  const { d, push, event } = await holding()
  const db = d.database()
  await db.write((tx) => tx.updateTable('credential').set({ authorization_id: 'another', authority: 'https://another.example' }).execute())
  const where = {
    authority: ACME,
    authority_configuration_url: d.enterprise.reference.authority_configuration_url,
    authorization_id: 'authorization-1',
  }
  const bought = { ...where, user_email: 'ada@acme.example', agent_id: 'a', task: null, harness_id: null, scope: '[]' }
  const initialization = { ...bought, digest: 'd', destination: DESK, session_expires_at: d.now() + 60, expires_at: d.now() + 60 }
  await db.write((tx) => tx.insertInto('initialization').values(initialization).execute())
  await expectTaken(push(event()))
  expect(await db.read.selectFrom('initialization').select('spent_at').execute()).toEqual([{ spent_at: d.now() }])
})

test('an event that comes again, or twice at once, changes nothing and is told once', async () => {
  const { d, call, push, event } = await holding()
  const one = await event()
  await Promise.all(Array.from({ length: 10 }, () => expectTaken(push(one))))
  await expectTaken(push(one))
  expect(await call()).toBe(401)
  const told = (await d.audited()).filter(({ event }) => event === 'security_event' || event === 'session')
  const about = { at: d.now(), authority: ACME, authorization_id: 'authorization-1' }
  expect(told).toEqual([
    { ...about, event: 'session', outcome: 'ended', type: 'bearer_token', user: 'ada@acme.example', agent: 'agent-7' },
    { ...about, event: 'security_event', outcome: 'ended' },
  ])
})

test('a captured narrowing sent again does not make the Authority be asked again', async () => {
  const { d, call, push, event } = await holding()
  const one = await event({ events: { [NARROWED]: {} } })
  for (let i = 0; i < 5; i++) {
    await expectTaken(push(one))
    expect(await call()).toBe(200)
  }
  expect(d.enterprise.asked('check').length).toBeLessThanOrEqual(3) // before, after the first, and once more where PostgreSQL has this instance hear itself
})

test('an end that cannot be written down is not taken, and has its effect when it comes again', async () => {
  const { d, call, push, event } = await holding()
  const one = await event()
  const db = d.database()
  await db.write((tx) => tx.schema.alterTable('initialization').renameTo('away').execute())
  expect((await push(one)).status).toBeGreaterThanOrEqual(500)
  await db.write((tx) => tx.schema.alterTable('away').renameTo('initialization').execute())
  expect(await call()).toBe(200)
  await expectTaken(push(one))
  expect(await call()).toBe(401)
})

test('an end that arrives while a check is under way is not outlived by its good answer', async () => {
  const { d, call, push, event } = await holding()
  d.pass(5)
  d.enterprise.answers.check = async () => {
    await expectTaken(push(event()))
    return json({ scope: ['tickets:read'] })
  }
  await call() // it came before the end
  expect(await call()).toBe(401)
})

test('a narrowing that arrives while a check is under way is not outlived by its answer of before', async () => {
  const { d, token, call, push, event } = await holding()
  d.pass(5)
  d.enterprise.answers.check = async () => {
    d.enterprise.answers.check = async () => json({ scope: ['tickets:read'] })
    await expectTaken(push(event({ events: { [NARROWED]: {} } })))
    return json({ scope: ['tickets:read', 'tickets:write'] })
  }
  await call()
  expect((await d.call(TICKETS, token, { method: 'POST', body: '{}' })).status).toBe(403)
})

test('events that were acted on are forgotten a day later', async () => {
  const h = await holding()
  await expectStillWorks(h)
  const db = h.d.database()
  const sweep = (before: number) => db.write((tx) => deleteEventsSeenBefore(tx, before, 10))
  expect([await sweep(h.d.now()), await sweep(h.d.now() + 1), await sweep(h.d.now() + 1)]).toEqual([0, 1, 0])
})

test('no token of an event is in the trail or the log', async () => {
  const h = await holding()
  const one = await h.event()
  await h.push(one)
  await h.push(h.event({ iss: 'https://stranger.example' }))
  const written = [...h.d.log, JSON.stringify(await h.d.audited())].join('\n')
  for (const part of one.split('.')) expect(written).not.toContain(part)
})
