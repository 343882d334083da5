import { expect, onTestFinished, test } from 'vitest'
import { addCredential, deleteCredentialsExpiredBefore, digestOf, endCredentials, findLive } from '../../service/store/credentials.ts'
import { migrations } from '../../service/store/migrations/all.ts'
import type { CredentialRow, ServiceTables } from '../../service/store/schema.ts'
import { openMigrated } from '../../spec/node/party.ts'
import { freshDatabase } from '../databases.ts'

const NOW = 1_700_000_000
const ENDED = { authority: 'https://a.example', authorizationId: 'az-1', because: 'over', at: NOW }

async function store() {
  const database = await freshDatabase()
  const db = await openMigrated<ServiceTables>(database, migrations, () => NOW)
  onTestFinished(db.close)
  const add = (token: string, changed: Partial<Omit<CredentialRow, 'ended_at' | 'ended_because'>> = {}) =>
    db.write((tx) =>
      addCredential(tx, {
        ...{
          digest: digestOf(token),
          type: 'bearer_token',
          authorization_id: 'az-1',
          authority: 'https://a.example',
          authority_configuration_url: 'https://a.example/c',
        },
        ...{ user_email: 'ada@acme.example', agent_id: 'agent', task: null, harness_id: null, scope: '["a"]', created_at: NOW, expires_at: NOW + 60 },
        ...changed,
      }),
    )
  const find = (token: string, at = NOW) => findLive(db.read, digestOf(token), at)
  return { db, add, find }
}

test('a credential is found by its digest, while it lives', async () => {
  const { add, find } = await store()
  await add('one')
  expect(await find('one')).toMatchObject({ user_email: 'ada@acme.example', ended_at: null })
  expect(await find('one', NOW + 59)).toBeDefined()
  expect(await find('one', NOW + 60)).toBeUndefined()
  expect(await find('two')).toBeUndefined()
})

test('a digest is kept once: a token that exists already cannot be given out again', async () => {
  const { add, find } = await store()
  await add('one')
  await expect(add('one', { user_email: 'eve@evil.example' })).rejects.toThrow()
  expect(await find('one')).toMatchObject({ user_email: 'ada@acme.example' })
})

test('what ends are the credentials of one authorization of one Authority, once, and each is named to one who ends them', async () => {
  const { db, add, find } = await store()
  await add('one')
  await add('two')
  await add('of another authorization', { authorization_id: 'az-2' })
  await add('of another authority', { authority: 'https://b.example' })
  const ended = await Promise.all(Array.from({ length: 10 }, () => db.write((tx) => endCredentials(tx, ENDED))))
  expect(
    ended
      .flat()
      .map(({ digest }) => digest)
      .toSorted(),
  ).toEqual([digestOf('one'), digestOf('two')].toSorted())
  for (const token of ['one', 'two']) expect(await find(token)).toBeUndefined()
  for (const token of ['of another authorization', 'of another authority']) expect(await find(token)).toBeDefined()
})

test('when and why a credential ended stays as it was first said', async () => {
  const { db, add } = await store()
  await add('one')
  await db.write((tx) => endCredentials(tx, ENDED))
  await db.write((tx) => endCredentials(tx, { ...ENDED, because: 'later', at: NOW + 5 }))
  expect(await db.read.selectFrom('credential').select(['ended_at', 'ended_because']).execute()).toEqual([{ ended_at: NOW, ended_because: 'over' }])
})

test('an ended credential stays ended for an instance whose clock is behind', async () => {
  const { db, add, find } = await store()
  await add('one')
  await db.write((tx) => endCredentials(tx, ENDED))
  expect(await find('one', NOW - 30)).toBeUndefined()
})

test('the swept are the long expired, and no more at once than was said', async () => {
  const { db, add, find } = await store()
  for (let i = 0; i < 5; i++) await add(`old ${i}`, { expires_at: NOW - 1 })
  await add('just', { expires_at: NOW })
  await add('live')
  const sweep = () => db.write((tx) => deleteCredentialsExpiredBefore(tx, NOW, 3))
  expect([await sweep(), await sweep(), await sweep()]).toEqual([3, 2, 0])
  expect(await db.read.selectFrom('credential').select('digest').execute()).toHaveLength(2)
  expect(await find('live')).toBeDefined()
})
