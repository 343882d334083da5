/** A real Authority, killed with something still to tell: what was revoked and not told is told when it is back. */
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { Served } from './cli-fixture.ts'
import { takingEvents } from './push-rig.ts'
import { servedAuthority } from './served-authority.ts'

const EVENTS = 6
const AT_ONCE = 4
const Listed = z.object({ requests: z.array(z.object({ ref: z.string() })) })
const Shown = z.object({ digest: z.string() })

test('killed with events queued and under way, it tells all of them when it is back, those under way as the same events', async () => {
  const { start, database, approved, validate, manage, desk: served } = await servedAuthority()
  const desk = takingEvents(served)
  const revokeAll = async (at: Served) => {
    const { requests } = Listed.parse(await (await manage(at, '/requests')).json())
    for (const { ref } of requests) {
      const { digest } = Shown.parse(await (await manage(at, `/requests/${ref}`)).json())
      expect((await manage(at, `/requests/${ref}/revoke`, { digest })).status).toBe(200)
    }
  }
  const first = await start()
  for (let i = 0; i < EVENTS; i++) expect((await validate(first, await approved(first))).status).toBe(200)
  const accept = desk.answer
  desk.answer = () => new Promise(() => {}) // it hears them and never says so
  await revokeAll(first)
  await expect.poll(() => desk.heard).toHaveLength(AT_ONCE)
  await first.stop('SIGKILL')
  const before = desk.heard.splice(0).map(({ claims }) => claims.jti)

  const between = database()
  expect(await between.read.selectFrom('outbox').select('jti').execute()).toHaveLength(EVENTS)
  await between.write((tx) => tx.updateTable('outbox').set({ due_at: 0 }).execute()) // half a minute later
  await between.close()
  desk.answer = accept
  const second = await start()
  await expect.poll(() => desk.heard).toHaveLength(EVENTS)
  const after = desk.heard.map(({ claims }) => claims.jti)
  expect(new Set(after).size).toBe(EVENTS)
  expect(after).toEqual(expect.arrayContaining(before))
  await second.stop()

  const db = database()
  onTestFinished(db.close)
  expect(await db.read.selectFrom('outbox').selectAll().execute()).toEqual([])
  const told = (await db.read.selectFrom('audit').select('event').execute())
    .map(({ event }) => JSON.parse(event))
    .filter((row) => row.event === 'push')
  expect(told.map(({ outcome }) => outcome)).toEqual(Array.from({ length: EVENTS }, () => 'delivered'))
})
