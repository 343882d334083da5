/** A holder key that is kept, to be registered at an Authority. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { calculateJwkThumbprint, decodeProtectedHeader, importJWK, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { commandLine, TOKEN_LINE } from './harness-cli-rig.ts'
import { ACME, DESK } from './harness-rig.ts'

const ISSUE = `${ACME}/some/where/issue`

function keyed() {
  const c = commandLine()
  c.settings('holder_key: { file: holder-key.json }')
  return { ...c, file: join(c.home, '.config/agentpass/holder-key.json') }
}

test('key makes a key for this user alone, says what an authority registers, and never replaces it', async () => {
  const c = keyed()
  const { code, json, out } = await c.run('key', '--json')
  expect([code, c.modeOf(c.file)]).toEqual([0, '600'])
  const { d, ...jwk } = JSON.parse(readFileSync(c.file, 'utf8'))
  expect(json).toEqual({ file: c.file, thumbprint: await calculateJwkThumbprint(jwk), jwk })
  expect(out).not.toContain(d)
  const again = await c.run('key')
  expect(again.out).toBe(`thumbprint ${json.thumbprint}\npublic key ${JSON.stringify(jwk)}\n`)
  expect(again.out + again.err).not.toContain(d)
  const named = join(c.home, 'another.json')
  expect((await c.run('key', named, '--json')).json.thumbprint).not.toBe(json.thumbprint)
  expect((await commandLine().run('key')).code).toBe(2)
})

test('with a kept key every task is bound to it, attested and proven with it; without one each has its own', async () => {
  const c = keyed()
  const { jwk } = (await c.run('key', '--json')).json
  for (const _ of 'ab') expect((await c.run(...TOKEN_LINE)).code).toBe(0)
  const [first, second] = c.posted(ISSUE)
  expect([first.harness.cnf.jwk, second.harness.cnf.jwk]).toEqual([jwk, jwk])
  expect(first.task.id).not.toBe(second.task.id)
  const proof = c.posted(`${DESK}/redeem/bearer`)[0].harness_proof.jwt
  await expect(jwtVerify(proof, await importJWK(jwk, 'ES256'), { currentDate: new Date(c.now() * 1000) })).resolves.toBeTruthy()
  expect(decodeProtectedHeader(proof)).toEqual({ alg: 'ES256', typ: 'JWT' })
  expect(JSON.stringify(c.calls)).not.toContain('"d":')
  c.settings('')
  await c.run(...TOKEN_LINE)
  expect(c.posted(ISSUE)[2].harness.cnf.jwk.x).not.toBe(jwk.x)
})

test.each<[string, (file: string) => void]>([
  ['is not there', () => {}],
  ['others may read', (file) => chmodSync(file, 0o640)],
  ['is no JSON', (file) => writeFileSync(file, 'garbled')],
  ['has no private part', (file) => edit(file, { d: undefined })],
  ['is of another curve', (file) => edit(file, { crv: 'P-384' })],
  ['is cut', (file) => edit(file, { d: 'AA' })],
  ['is of two halves', (file) => edit(file, { d: `${'A'.repeat(42)}E` })],
])('a kept key that %s ends the command before anybody is asked, and no fresh one takes its place', async (why, spoil) => {
  const c = keyed()
  if (why !== 'is not there') await c.run('key')
  const d = existsSync(c.file) ? JSON.parse(readFileSync(c.file, 'utf8')).d : 'none'
  spoil(c.file)
  const { code, err } = await c.run(...TOKEN_LINE)
  expect([code, c.calls, c.lookups]).toEqual([1, [], []])
  expect(err).toMatch(/agentpass: error: .*holder key .*holder-key\.json.*\nagentpass: hint: /)
  expect(err).not.toContain(d)
})

function edit(file: string, changed: object): void {
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...changed }))
}
