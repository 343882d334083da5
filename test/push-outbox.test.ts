/** The Authority tells Services what ended or narrowed (protocol 10): at least once each, from an outbox that survives, and nobody waits for anybody else. */
import { jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { turns } from './authority-rig.ts'
import { configurationOf } from './fake-service.ts'
import { AUTHORITY, SERVICE } from './parties.ts'
import { NARROWED, REVOKED, telling, until } from './push-rig.ts'

const BUSY = async () => Response.json({}, { status: 503 })

test('a revocation is pushed at once, signed by the Authority, for this Service and about this authorization', async () => {
  const w = await telling()
  const authorizationId = await w.revokedAt(w.desk)
  await w.empty()
  const [first, ...more] = w.desk.heard
  expect([first?.contentType, more]).toEqual(['application/secevent+jwt', []])
  expect(first?.header).toEqual({ alg: 'ES256', typ: 'secevent+jwt', kid: expect.any(String) })
  expect(first?.claims).toEqual({
    ...{ iss: AUTHORITY, aud: SERVICE, iat: w.now(), jti: expect.any(String), sub_id: { format: 'opaque', id: authorizationId } },
    events: { [REVOKED]: { event_timestamp: w.now() } },
  })
  const { keys } = (await (await w.call('GET', '/.well-known/jwks.json')).json()) as { keys: JsonWebKey[] }
  await expect(jwtVerify(first?.token ?? '', keys[0] ?? {}, { currentDate: new Date(w.now() * 1000) })).resolves.toBeTruthy()
  expect(await w.audited()).toEqual([{ at: w.now(), event: 'push', outcome: 'delivered', service: SERVICE, authorization_id: authorizationId }])
})

test('a narrowing is pushed too, and says what is left', async () => {
  const w = await telling()
  const { id } = await w.redeemedAt(w.desk)
  await w.act('narrow', id, { scope: ['tickets:read'] })
  await w.empty()
  expect(w.desk.heard.map(({ claims }) => claims.events)).toEqual([{ [NARROWED]: { event_timestamp: w.now(), claims: { scope: ['tickets:read'] } } }])
})

test('nobody is told of a pass that was never redeemed, of a close that the Service asked for, or of what expired', async () => {
  const w = await telling({ lifetimes: { authorization_seconds: 60 } })
  const unused = await w.approved()
  await w.act('revoke', unused.id)
  const closed = await w.redeemedAt(w.desk)
  expect((await w.close(closed.authorizationId, w.desk.bearer())).status).toBe(200)
  await w.redeemedAt(w.desk)
  await w.tick(61)
  expect(await w.waiting()).toEqual([])
  await w.revokedAt(w.desk)
  await w.empty()
  expect(w.desk.heard).toHaveLength(1)
})

test('a change that is undone is told to nobody', async () => {
  const w = await telling()
  const { id } = await w.redeemedAt(w.desk)
  await w.db.write((tx) => tx.schema.alterTable('audit').renameTo('away').execute())
  expect((await w.act('revoke', id)).status).toBeGreaterThanOrEqual(500)
  await w.db.write((tx) => tx.schema.alterTable('away').renameTo('audit').execute())
  expect(await w.waiting()).toEqual([])
  await w.act('revoke', id)
  await w.empty()
  expect(w.desk.heard).toHaveLength(1)
})

test('a Service that takes no events gets none, and nothing waits for it', async () => {
  const w = await telling()
  w.desk.pages.configuration = () => Response.json(configurationOf(SERVICE))
  await w.revokedAt(w.desk)
  await w.empty()
  expect([w.desk.heard, await w.audited()]).toEqual([[], []])
})

test('a Service that is down for a minute is told when it is back, and each attempt is the same event', async () => {
  const w = await telling()
  w.desk.answer = BUSY
  await w.revokedAt(w.desk)
  await until(async () => (await w.waiting()).some(({ tries, due_at }) => tries === 1 && due_at <= w.now() + 1))
  const pauses: number[] = []
  for (let tries = 2; tries <= 5; tries++) {
    const [event] = await w.waiting()
    await w.tick((event?.due_at ?? 0) - w.now())
    await until(async () => (await w.waiting()).some((row) => row.tries === tries && row.due_at < w.now() + 30))
    pauses.push(((await w.waiting())[0]?.due_at ?? 0) - w.now())
  }
  for (const [i, longest] of [2, 4, 8, 16].entries()) {
    expect(pauses[i]).toBeGreaterThanOrEqual(longest / 2)
    expect(pauses[i]).toBeLessThanOrEqual(longest)
  }
  w.desk.answer = async () => new Response(null, { status: 200 })
  await w.tick(30)
  await w.empty()
  expect(w.desk.heard).toHaveLength(6)
  expect(new Set(w.desk.heard.map(({ claims }) => JSON.stringify(claims))).size).toBe(1)
  expect((await w.audited()).map(({ outcome }) => outcome)).toEqual(['delivered'])
})

test.each<[string, (w: Awaited<ReturnType<typeof telling>>) => void]>([
  ['refuses', (w) => (w.desk.answer = async () => Response.json({ err: 'invalid_issuer' }, { status: 400 }))],
  ['redirects', (w) => (w.desk.answer = async () => Response.redirect('https://other.example/events'))],
  ['is unplugged', (w) => w.net.unplug(SERVICE)],
  ['has lost its record', (w) => w.publish(w.desk.record)],
  ['publishes rubbish', (w) => (w.desk.pages.configuration = () => Response.json({}))],
])('a Service that %s is asked again until the authorization would have been over, and then no more', async (_, spoil) => {
  const w = await telling({ lifetimes: { authorization_seconds: 400 } })
  const { id, authorizationId } = await w.redeemedAt(w.desk)
  spoil(w)
  w.pass(395) // what discovery read before is kept no longer
  await w.act('revoke', id)
  const [event] = await w.waiting()
  expect(event?.expires_at).toBe(w.now() + 5)
  for (let second = 0; second < 5; second++) {
    await until(async () => (await w.waiting()).every(({ due_at }) => due_at < w.now() + 20)) // none is under way
    expect(await w.waiting()).toHaveLength(1)
    await w.tick()
  }
  await w.empty()
  expect(await w.audited()).toEqual([{ at: w.now(), event: 'push', outcome: 'given up', service: SERVICE, authorization_id: authorizationId }])
  expect(w.lines.join('')).toContain('push_given_up')
})

test('a Service that says when to come again is left alone until then, with all that waits for it', async () => {
  const w = await telling()
  w.desk.answer = async () => new Response(null, { status: 429, headers: { 'retry-after': '60' } })
  await w.announced(10)
  await w.tick(0)
  await until(async () => (await w.waiting()).every(({ due_at }) => due_at === w.now() + 60))
  await w.tick(59)
  await turns(300)
  expect(w.desk.heard.length).toBeLessThanOrEqual(4) // what was under way when it said so
  w.desk.answer = async () => new Response(null, { status: 202 })
  await w.tick(1)
  await w.empty()
  expect(new Set(w.desk.heard.map(({ claims }) => claims.jti)).size).toBe(10)
})

test('one Service is sent four events at once and no more, and while it answers none of them another has its own at once', async () => {
  const w = await telling()
  const other = w.deskAt('https://other.example')
  let release = () => {}
  const silent = new Promise<void>((resolve) => {
    release = resolve
  })
  w.desk.answer = async () => {
    await silent
    return new Response(null, { status: 202 })
  }
  for (let i = 0; i < 6; i++) await w.revokedAt(w.desk)
  await until(() => w.desk.heard.length === 4)
  await w.revokedAt(other)
  await until(() => other.heard.length === 1)
  await w.tick()
  expect(w.desk.heard).toHaveLength(4)
  release()
  await w.empty()
  expect(w.desk.heard).toHaveLength(6)
})

test.each([
  [2000, 1],
  [300, 2],
])(
  '%i are told, each once and few at a time, by so many instances (%i) that share the work; the metrics say how many wait',
  async (count, instances) => {
    const w = await telling()
    const gauge = async () => /^agentpass_outbox_events (\d+)$/m.exec(await (await w.manage('/metrics')).text())?.[1]
    for (let i = 1; i < instances; i++) await w.another()
    const ids = await w.announced(count)
    expect(await gauge()).toBe(String(count))
    let [at, most] = [0, 0]
    w.desk.answer = async () => {
      most = Math.max(most, ++at)
      await new Promise((resolve) => setImmediate(resolve))
      at -= 1
      return new Response(null, { status: 202 })
    }
    await w.tick()
    await until(() => w.desk.heard.length >= count)
    await w.empty()
    expect(w.desk.heard.map(({ claims }) => (claims.sub_id as { id: string }).id).sort()).toEqual(ids.toSorted())
    expect(most).toBeLessThanOrEqual(4 * instances)
    expect(await gauge()).toBe('0')
  },
)

test('what another instance had begun when it died is begun again half a minute later', async () => {
  const w = await telling()
  const { id } = await w.redeemedAt(w.desk)
  w.net.unplug(SERVICE)
  await w.act('revoke', id)
  await until(async () => (await w.waiting()).every(({ due_at }) => due_at === w.now() + 1))
  await w.db.write((tx) =>
    tx
      .updateTable('outbox')
      .set({ due_at: w.now() + 30 })
      .execute(),
  ) // as one that is under way
  w.net.host(SERVICE, w.desk.app)
  await w.tick(29)
  expect(w.desk.heard).toHaveLength(0)
  await w.tick(1)
  await w.empty()
  expect(w.desk.heard).toHaveLength(1)
})

test('to stop lets what is under way end, and leaves the rest for the next start', async () => {
  const w = await telling()
  const held: (() => void)[] = []
  w.desk.answer = async () => {
    await new Promise<void>((resolve) => held.push(resolve))
    return new Response(null, { status: 202 })
  }
  for (let i = 0; i < 6; i++) await w.revokedAt(w.desk)
  await until(() => held.length === 4)
  const stopped = w.authority.stop()
  for (const release of held) release()
  await stopped
  expect(w.desk.heard).toHaveLength(4)
  expect(await w.waiting()).toHaveLength(2)
  w.desk.answer = async () => new Response(null, { status: 202 })
  await w.another()
  await w.tick()
  await w.empty()
  expect(w.desk.heard).toHaveLength(6)
})
