/** What an export keeps from who reads it, and how one person stays one pseudonym. */
import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { openAuthority } from '../authority/node/open.ts'
import { openService } from '../service/node/open.ts'
import { redact } from '../spec/node/export/redact.ts'
import { generateMasterKey, readMasterKey } from '../spec/node/secrets.ts'
import { message } from './authority-rig.ts'
import { type Event, type ExportingWorld, eventually, exportingWorld, fileReceiver, syslogReceiver, toFile, toSyslog } from './export-rig.ts'
import { DESK, json } from './fake-authority.ts'
import { AUTHORITY, USER } from './parties.ts'
import { desk } from './service-rig.ts'

const PSEUDONYM = /^p_[\w-]{22}$/

async function exported(w: ExportingWorld, redacted: { omit?: string[]; pseudonymize?: string[] }): Promise<Event[]> {
  const { path, events } = fileReceiver()
  const x = await w.exporting([toFile(path, { name: path.replace(/[^a-z0-9]/g, '').slice(-40), ...redacted })])
  await eventually(async () => expect(events()).toHaveLength((await w.trail()).length))
  await x.stop()
  return events()
}

test('members that are omitted are not there, and others are as they were', async () => {
  const w = await exportingWorld()
  await w.happen(1)
  const [event] = await exported(w, { omit: ['user', 'task', 'address'] })
  expect(event).toMatchObject({ event: 'issuance', outcome: 'admitted', at: w.now(), service: 'https://desk.example', seq: 1 })
  expect(Object.keys(event ?? {})).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(?:user|task)$/)]))
})

test('a person has one pseudonym, in whichever member, however their domain is spelt, and nobody else has it', async () => {
  const w = await exportingWorld()
  for (const email of ['eve@evil.example', 'eve@EVIL.example', 'eve@acme.example', USER]) await w.issue(message({ user: { email } })) // the first two are refused, and told as they came
  await w.manage('/ready')
  const events = await exported(w, { pseudonymize: ['user', 'scope', 'service'] })
  const users = events.filter(({ event }) => event === 'issuance').map(({ user }) => user)
  for (const user of users) expect(user).toMatch(PSEUDONYM)
  expect(new Set(events.filter(({ outcome }) => outcome === 'refused').map(({ user }) => user)).size).toBe(1)
  expect(new Set(users).size).toBe(3)
  const { scope } = events.find(({ event }) => event === 'decision')!
  expect(scope).toEqual([expect.stringMatching(PSEUDONYM), expect.stringMatching(PSEUDONYM)])
  expect(JSON.stringify(events)).not.toMatch(/@|desk\.example/)
})

test('a pseudonym stays over restarts and when the master key is rotated, and is of this database alone', async () => {
  const w = await exportingWorld()
  await w.happen(1)
  const userOf = ([event]: Event[]) => event?.user
  const before = userOf(await exported(w, { pseudonymize: ['user'] }))
  expect(userOf(await exported(w, { pseudonymize: ['user'] }))).toBe(before)
  const [old, next] = [w.authority.opening.masterKeys[0], readMasterKey(generateMasterKey())]
  w.authority.opening.masterKeys = [next, old] as never
  expect(userOf(await exported(w, { pseudonymize: ['user'] }))).toBe(before)
  const { sealed_key } = await w.db.read.selectFrom('export_key').selectAll().executeTakeFirstOrThrow()
  expect(sealed_key.startsWith(next.id), 'sealed anew').toBe(true)
  const other = await exportingWorld()
  await other.happen(1)
  expect(userOf(await exported(other, { pseudonymize: ['user'] }))).not.toBe(before)
})

test('without the master key that its key was sealed under, an export under pseudonyms does not start', async () => {
  const w = await exportingWorld()
  await w.happen(1)
  await exported(w, { pseudonymize: ['user'] })
  await w.db.write((tx) => tx.updateTable('export_key').set({ sealed_key: 'AAAAAAAA.b.c.d' }).execute())
  const exporting = { source: AUTHORITY, party: 'authority', exporters: [toFile('/nowhere', { pseudonymize: ['user'] })] }
  await expect(openAuthority({ ...w.authority.opening, exporting })).rejects.toThrow('the master key AAAAAAAA')
})

test('while nobody wants pseudonyms their key is sealed anew too, and one that cannot be opened holds up no start', async () => {
  const w = await exportingWorld()
  await w.happen(1)
  await exported(w, { pseudonymize: ['user'] })
  const [old, next] = [w.authority.opening.masterKeys[0], readMasterKey(generateMasterKey())]
  w.authority.opening.masterKeys = [next, old] as never
  const quiet = await w.exporting([])
  const { sealed_key } = await w.db.read.selectFrom('export_key').selectAll().executeTakeFirstOrThrow()
  expect(sealed_key.startsWith(next.id)).toBe(true)
  await w.db.write((tx) => tx.updateTable('export_key').set({ sealed_key: 'AAAAAAAA.b.c.d' }).execute())
  const warned = await w.exporting([])
  expect(warned.log).toContainEqual(
    expect.objectContaining({ event: 'export_key_unusable', level: 'warn', reason: expect.stringContaining('the master key AAAAAAAA') }),
  )
  expect(quiet.log.map(({ event }) => event)).not.toContain('export_key_unusable')
})

test('what is kept back is kept back in every form, and a failure tells nothing of it', async () => {
  const w = await exportingWorld()
  const receiver = await syslogReceiver()
  const { path } = fileReceiver()
  await w.happen(1)
  const kept = { omit: ['agent', 'harness'], pseudonymize: ['user', 'task'] }
  await w.exporting([toSyslog(receiver.port, kept), toFile(path, kept)])
  await eventually(() => expect(receiver.messages).toHaveLength(2))
  await eventually(() => expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3))
  for (const secret of [USER, 'test-harness', 'task-17']) expect(receiver.messages.join() + readFileSync(path, 'utf8')).not.toContain(secret)
})

test('a Service that keeps people back names nobody in the reason of a redemption that it refused', async () => {
  const d = await desk()
  d.enterprise.publish('acme.example')
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ user: { email: 'ceo@acme.example' } }))
  await d.redeem()
  const { path, events } = fileReceiver(DESK)
  const exporting = { source: DESK, party: 'service', exporters: [toFile(path, { pseudonymize: ['user'] })] }
  const service = await openService({ ...d.service.opening, exporting })
  onTestFinished(service.stop)
  await eventually(() =>
    expect(events()).toMatchObject([{ event: 'redemption', code: 'user_mismatch', user: expect.stringMatching(PSEUDONYM), agent: 'agent-7' }]),
  )
  expect(readFileSync(path, 'utf8')).not.toContain('@')
})

test.each<[string, { omit: string[]; pseudonymize: string[] }, object]>([
  ['user is pseudonymized', { omit: [], pseudonymize: ['user'] }, { user: 'p', approvers: ['p', 'p'], by: 'cleo@acme.example' }],
  ['by is pseudonymized', { omit: [], pseudonymize: ['by'] }, { user: 'ada@acme.example', approvers: ['p', 'p'], by: 'p' }],
  ['approvers are', { omit: [], pseudonymize: ['approvers'] }, { approvers: ['p', 'p'] }],
  ['user is omitted', { omit: ['user'], pseudonymize: [] }, { by: 'cleo@acme.example' }],
])('where %s, no approver, passkey or reason of ours names people', (_, kept, told) => {
  const event = {
    id: 'i',
    seq: 1,
    source: AUTHORITY,
    at: 1,
    event: 'decision',
    outcome: 'approved',
    user: 'ada@acme.example',
    by: 'cleo@acme.example',
  }
  const people = { approvers: ['ada@acme.example', 'cleo@acme.example'], passkey: { approved: { user: 'ada@acme.example' } } }
  const redacted = redact({ ...event, ...people }, kept, () => 'p')
  expect(redacted).toMatchObject(told)
  expect(redacted).not.toHaveProperty('passkey')
  if (kept.pseudonymize.length === 0) expect(redacted).not.toHaveProperty('approvers')
  for (const kind of ['notification', 'redemption', 'policy'])
    expect(JSON.stringify(redact({ ...event, event: kind, reason: 'denied, by email to dan@acme.example: 550' }, kept, () => 'p'))).not.toContain(
      'dan@',
    )
  expect(redact({ ...event, ...people }, { omit: [], pseudonymize: ['task'] }, () => 'p')).toMatchObject(people)
})
