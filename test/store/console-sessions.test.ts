/** The sessions of the console, as they are kept. */
import { expect, test } from 'vitest'
import { deleteSessionsOver, endSessions, findSession, listSessions, openSession, touchSession } from '../../authority/store/sessions.ts'
import { USER } from '../parties.ts'
import { consoleDatabase, NOW } from './console-rows.ts'

const ALIVE = { at: NOW, idleSeconds: 600 }
const session = (digest: string, more: object = {}) => ({
  ...{ digest, email: USER, name: null, groups: '[]', authenticated_at: null, sealed_id_token: '', client: '{}' },
  ...{ opened_at: NOW, seen_at: NOW, expires_at: NOW + 3600, ...more },
})

async function kept() {
  const db = await consoleDatabase()
  const rows = [
    session('used'),
    session('nearly idle', { seen_at: NOW - 599 }),
    session('idle', { seen_at: NOW - 600 }),
    session('old', { expires_at: NOW }),
    session('of another', { email: 'eve@acme.example' }),
  ]
  await db.write(async (tx) => {
    for (const row of rows) await openSession(tx, row, { before: undefined, groups: ['a', 'b'] })
  })
  const left = async () => (await db.read.selectFrom('console_session').select('digest').execute()).map(({ digest }) => digest).sort()
  return { db, left }
}

test('what is over is not found, not listed, not brought back by use, and deleted, and nothing else is', async () => {
  const { db, left } = await kept()
  for (const digest of ['idle', 'old']) {
    await db.write((tx) => touchSession(tx, digest, ALIVE))
    expect(await findSession(db.read, digest, ALIVE)).toBeUndefined()
  }
  expect((await listSessions(db.read, USER, ALIVE)).map(({ digest }) => digest)).toEqual(['used', 'nearly idle'])
  expect(await db.write((tx) => deleteSessionsOver(tx, ALIVE, 1))).toBe(1)
  expect(await db.write((tx) => deleteSessionsOver(tx, ALIVE, 9))).toBe(1)
  expect(await left()).toEqual(['nearly idle', 'of another', 'used'])
  await db.write((tx) => touchSession(tx, 'nearly idle', ALIVE))
  expect(await findSession(db.read, 'nearly idle', { ...ALIVE, at: NOW + 599 })).toMatchObject({ seen_at: NOW })
})

test('one session ends, or all of a person but the one in use, and nobody else’s', async () => {
  const { db, left } = await kept()
  expect(await db.write((tx) => endSessions(tx, { digest: 'idle' }))).toBe(1)
  expect(await db.write((tx) => endSessions(tx, { digest: 'idle' }))).toBe(0)
  expect(await db.write((tx) => endSessions(tx, { email: USER, but: 'used' }))).toBe(2)
  expect(await left()).toEqual(['of another', 'used'])
  expect(await db.write((tx) => endSessions(tx, { email: USER }))).toBe(1)
  expect(await left()).toEqual(['of another'])
})
