/** One-time tokens as the store keeps them: spent once, void with their authorization, ended when nobody used them. */
import { expect, test } from 'vitest'
import { endUnused } from '../../service/redeem/initialize.ts'
import { digestOf } from '../../service/store/credentials.ts'
import { deleteInitializationsExpiredBefore, spendInitialization, voidInitializations } from '../../service/store/initializations.ts'
import { createAudit } from '../../spec/node/audit.ts'
import { createLog } from '../../spec/node/log.ts'
import { browserDesk } from '../browser-rig.ts'

async function store() {
  const d = await browserDesk()
  const tokens = [await d.oneTimeToken(), await d.oneTimeToken(), await d.oneTimeToken()]
  await d.service.stop() // its own chores are not to come in between
  const db = d.database()
  const spend = (token: string, at = d.now()) => db.write((tx) => spendInitialization(tx, digestOf(token), at))
  return { d, db, tokens: tokens as [string, string, string], spend }
}

test('of any number that spend a token at once one does, and an expired one nobody', async () => {
  const { d, tokens, spend } = await store()
  const spent = await Promise.allSettled(Array.from({ length: 50 }, () => spend(tokens[0])))
  expect(spent.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  await expect(spend(tokens[1], d.now() + 60)).rejects.toMatchObject({ code: 'initialization_gone' })
  await expect(spend('x')).rejects.toMatchObject({ code: 'unknown_initialization' })
  expect((await spend(tokens[1], d.now() + 59)).destination).toBe('https://desk.example/')
})

test('what ends an authorization spends its tokens, and no other’s', async () => {
  const { d, db, tokens, spend } = await store()
  const end = (authorizationId: string) =>
    db.write((tx) => voidInitializations(tx, { authority: d.enterprise.identifier, authorizationId, at: d.now() }))
  expect(await end('authorization-2')).toBe(0)
  await spend(tokens[0])
  expect([await end('authorization-1'), await end('authorization-1')]).toEqual([2, 0])
  await expect(spend(tokens[1])).rejects.toMatchObject({ code: 'initialization_gone' })
})

test('a token that nobody used in time closes its authorization, once, and goes when that was long ago', async () => {
  const { d, db, tokens, spend } = await store()
  const closed: unknown[] = []
  const signingKey = () => {
    throw new Error('nothing is signed here')
  }
  const audit = createAudit({ db, now: d.now, log: createLog('test', 'silent'), count: () => {}, signingKey })
  const destinations = { start: '', allowed: [] }
  const closePinned = async (...told: unknown[]) => void closed.push(told)
  const end = (limit: number) => endUnused({ now: d.now, random: d.net.random, db, audit, destinations, closePinned }, limit)
  await spend(tokens[0])
  expect(await end(10)).toBe(0)
  d.pass(60)
  expect((await Promise.all([end(1), end(1), end(1)])).toSorted()).toEqual([0, 1, 1])
  const pin = { authority: d.enterprise.identifier, authority_configuration_url: d.enterprise.reference.authority_configuration_url }
  const closing = { authorizationId: 'authorization-1', action: 'revoke', reason: expect.any(String) }
  expect(closed).toEqual([
    [expect.objectContaining(pin), closing],
    [expect.objectContaining(pin), closing],
  ])
  const sweep = (before: number) => db.write((tx) => deleteInitializationsExpiredBefore(tx, before, 100))
  expect([await sweep(d.now()), await sweep(d.now() + 1)]).toEqual([0, 3])
})
