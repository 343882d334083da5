import { expect, test } from 'vitest'
import { RESTORING } from '../spec/node/migrate.ts'
import { oneOfEach, openedBeside, saved, THUMBPRINT } from './authority-backup-rig.ts'
import { refusal } from './authority-rig.ts'

/** The trail's events, without signed heads. */
const eventsIn = (database: string) =>
  openedBeside(database, async (db) => {
    const rows = await db.read.selectFrom('audit').select('event').orderBy('id').execute()
    return rows.map(({ event }) => JSON.parse(event)).filter(({ event }) => event !== 'audit_head')
  })

test('what was alive when the backup was made is dead when it is restored, whatever became of it since', async () => {
  const s = await saved()
  const before = await s.start()
  const { pending, unused, active, revoked } = await oneOfEach(before, s.desk, s.database())
  const here = await s.backup()
  expect((await here.validate(unused.value, s.desk.bearer())).status).toBe(200)
  await here.act('revoke', active.id)
  await here.act('approve', pending)
  await s.stop()

  const restored = await s.restore()
  expect(restored).toMatchObject({ code: 0, stderr: '' })
  expect(restored.stdout).toContain('ended: 1 authorizations revoked, 1 unused passes void, 1 requests denied, 1 sessions\n')

  s.desk.heard.length = 0
  const again = await s.start()
  expect(await refusal(await again.validate(unused.value, s.desk.bearer()))).toEqual([410, 'agentpass_expired'])
  expect(await again.show(pending)).toMatchObject({ status: 'denied', reason: 'restored from a backup' })
  for (const { authorizationId } of [active, revoked])
    expect(await refusal(await again.check(authorizationId, s.desk.bearer()))).toEqual([404, 'unknown_authorization'])
  await expect.poll(() => JSON.stringify(s.desk.heard.map(({ claims }) => claims))).toContain(active.authorizationId)
  await s.stop()
  expect(await s.cli('audit', 'verify')).toMatchObject({ code: 0 })
})

test('what was begun after the backup is unknown, so that a service ends it at its next check', async () => {
  const s = await saved()
  await s.start()
  const here = await s.backup()
  const { active } = await oneOfEach(here, s.desk, s.database())
  await s.stop()
  expect(await s.restore()).toMatchObject({ code: 0 })
  const again = await s.start()
  expect(await refusal(await again.check(active.authorizationId, s.desk.bearer()))).toEqual([404, 'unknown_authorization'])
  expect((await again.status(active.id)).status).toBe(404)
})

test('the trail says from when on it is silent, and what the restore has ended; a second restore finds nothing more', async () => {
  const s = await saved()
  const before = await s.start()
  await oneOfEach(before, s.desk, s.database())
  await s.backup()
  await s.stop()
  expect(await s.restore()).toMatchObject({ code: 0 })
  const events = await eventsIn(s.database())
  const from = events.findIndex(({ event }) => event === 'restored')
  expect(events[from]).toMatchObject({
    outcome: 'from a backup',
    by: 'restore',
    reason: expect.stringMatching(/^what was audited after 20.*Z is not/),
  })
  expect(events.slice(from).map(({ event, outcome }) => `${event} ${outcome}`)).toEqual([
    'restored from a backup',
    'passkey removed',
    'registration removed',
    'key_rotation removed',
    'key_rotation signing',
    'revocation asked for all',
    'revocation authorization revoked',
    'decision denied',
    'revocation pass revoked',
  ])
  const second = await s.restore('--json')
  expect(JSON.parse(second.stdout)).toMatchObject({ authorizations: 1, passes: 1, requests: 1 }) // of the same backup
  expect(await s.cli('restore', '--in-place', '--yes', '--json')).toMatchObject({ code: 0, stdout: expect.stringContaining('"requests": 0') })
  expect(await s.cli('audit', 'verify')).toMatchObject({ code: 0 })
})

test('keys that may have been removed since are removed, unless somebody knows that none was', async () => {
  const s = await saved()
  const before = await s.start()
  await oneOfEach(before, s.desk, s.database())
  await s.backup()
  await s.stop()
  const keysIn = () =>
    openedBeside(s.database(), async (db) => {
      const [harness, passkeys, groups, sessions] = await Promise.all(
        (['harness_key', 'passkey', 'person_group', 'console_session'] as const).map((table) => db.read.selectFrom(table).selectAll().execute()),
      )
      return [harness?.length, passkeys?.length, groups?.length, sessions?.length]
    })
  expect(await s.restore('--keep-keys')).toMatchObject({ code: 0 })
  expect(await keysIn()).toEqual([1, 1, 0, 0])
  const { code, stdout, stderr } = await s.restore()
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toContain(`removed: 1 passkeys, 1 registered keys of harnesses\n  ${THUMBPRINT}  build farm\n`)
  expect(await keysIn()).toEqual([0, 0, 0, 0])
})

test('a signing key that was withdrawn after the backup is not published again', async () => {
  const s = await saved()
  await s.start()
  await s.backup()
  await s.stop()
  const kids = async () => {
    const here = await s.start()
    const { keys } = (await (await here.call('GET', '/.well-known/jwks.json')).json()) as { keys: { kid: string }[] }
    await s.stop()
    return keys.map(({ kid }) => kid)
  }
  const [withdrawn] = await kids()
  expect(await s.cli('keys', 'rotate', '--now', '--yes')).toMatchObject({ code: 0 })
  expect(await s.restore()).toMatchObject({ code: 0 })
  const after = await kids()
  expect(after).toHaveLength(1)
  expect(after).not.toContain(withdrawn)
})

test('a database that a restore was cut off in is served by nobody, until restore is run again', async () => {
  const s = await saved()
  const before = await s.start()
  const { unused } = await oneOfEach(before, s.desk, s.database())
  await s.stop()
  await openedBeside(s.database(), (db) =>
    db.write((tx) =>
      tx
        .withTables<{ migration: { name: string; applied_at: number } }>()
        .insertInto('migration')
        .values({ name: RESTORING, applied_at: 1 })
        .execute(),
    ),
  )
  await expect(s.start()).rejects.toThrow('what was alive in it has not been ended')
  expect(await s.cli('check-config')).toMatchObject({ code: 2, stderr: expect.stringContaining('run restore again') })
  expect(await s.cli('restore', '--in-place', '--yes')).toMatchObject({ code: 0 })
  const again = await s.start()
  expect((await again.validate(unused.value, s.desk.bearer())).status).toBe(410)
})

test('what a running server uses is not ended under it, and it can be started again', async () => {
  const s = await saved()
  const here = await s.start()
  const { unused } = await oneOfEach(here, s.desk, s.database())
  expect(await s.cli('restore', '--in-place', '--yes')).toMatchObject({ code: 1, stderr: expect.stringContaining('is in use') })
  expect((await here.validate(unused.value, s.desk.bearer())).status).toBe(200)
  await s.stop()
  await s.start()
})
