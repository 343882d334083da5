/** A program that gets a token for our Harness: started without a shell, for one audience, and not for ever. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { calculateJwkThumbprint, decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { commandSource } from '../harness/node/attest.ts'
import { commandLine, TOKEN_LINE, temporaryFolder } from './harness-cli-rig.ts'
import { ACME } from './harness-rig.ts'
import { HOLDER, jws } from './spec/jws-fixture.ts'

const tokenFor = (aud: unknown): string => jws({ alg: 'ES256', typ: 'JWT' }, { sub: 'spiffe://acme.example/agent', aud }, { key: HOLDER })

/** What a program gets is in its folder: a script, told its audience. */
function program(script: string, limitMs?: number) {
  const said: string[] = []
  const folder = temporaryFolder()
  const file = join(folder, 'program.mjs')
  writeFileSync(file, script)
  const outside = { io: { err: (text: string) => void said.push(text) }, environment: { HOME: folder }, signal: new AbortController().signal }
  const line = [process.execPath, file, '-audience', '{audience}']
  return { folder, said, line, outside, get: (audience: string) => commandSource(outside, line, limitMs).get(audience) }
}

/** As `spire-agent api fetch jwt -output json` prints it. */
const SPIRE = `
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const svid = [{ alg: 'ES256', kid: 'k' }, { aud: [process.argv[3]], sub: 'spiffe://acme.example/agent' }].map(part).join('.') + '.c2lnbmF0dXJl'
const bundles = { 'spiffe://acme.example': part({ keys: [] }) }
console.log(JSON.stringify([{ svids: [{ spiffe_id: 'spiffe://acme.example/agent', svid, hint: '' }] }, { bundles }], null, 2))
`

test('a program attests by what it prints: JSON with a JWT in it, or a JWT', async () => {
  const c = commandLine()
  c.settings(`attestation: { command: ${JSON.stringify(program(SPIRE).line)} }`)
  expect((await c.run(...TOKEN_LINE)).code).toBe(0)
  const [{ harness }] = c.posted(`${ACME}/some/where/issue`)
  expect(decodeJwt(harness.attestation.jwt).aud).toEqual([`${ACME}#jkt=${await calculateJwkThumbprint(harness.cnf.jwk)}`])
  expect(await program(`console.log('${tokenFor('x')}')`).get('x')).toMatch(/^eyJ/)
})

test('its arguments reach a program as they are, and it has no input', async () => {
  const hostile = '$(touch made) `touch made`; touch made & "%PATH%" $&'
  const { get, folder } = program(`
    for await (const chunk of process.stdin) process.exit(4)
    if (process.argv[3] !== ${JSON.stringify(hostile)}) process.exit(3)
    console.log('${tokenFor('x')}')`)
  expect(await get(hostile)).toMatch(/^eyJ/)
  expect(existsSync(join(folder, 'made'))).toBe(false)
})

test.each<[string, string, string]>([
  ['ends with 3', "console.error('no identity issued\\u001b[2J'); process.exit(3)", 'it ended with 3'],
  ['is killed', "setInterval(() => process.kill(process.pid, 'SIGTERM'), 1)", 'it was ended by SIGTERM'],
  ['prints nothing', '', 'it printed neither a JWT nor JSON that holds one'],
  ['prints text', "console.log('token: secret')", 'it printed neither a JWT nor JSON that holds one'],
  ['prints JSON without a JWT', 'console.log(\'{"token":"secret"}\')', 'it printed neither a JWT nor JSON that holds one'],
  ['prints two JWTs', `console.log(JSON.stringify(['${tokenFor('a')}', '${tokenFor('b')}']))`, 'it printed several JWTs'],
  ['prints without end', "console.log('x'.repeat(100_000))", 'it printed too much'],
])('a program that %s attests nobody', async (_, script, why) => {
  const { get, said } = program(script)
  await expect(get('x')).rejects.toThrow(why)
  expect(said.join('')).toBe(script.includes('error(') ? 'no identity issued·[2J\n' : '')
})

test('a program that is not there attests nobody, and one that does not end is ended', async () => {
  const { outside, get } = program('setInterval(() => {}, 1000)', 300)
  await expect(commandSource(outside, ['/nowhere/at/all', '{audience}']).get('x')).rejects.toThrow('it cannot be run (ENOENT)')
  await expect(get('x')).rejects.toThrow('it did not end within 0.3 s')
})

test('a command that is called off ends its program', async () => {
  const { line, outside } = program('setInterval(() => {}, 1000)')
  const calling = new AbortController()
  const asked = commandSource({ ...outside, signal: calling.signal }, line).get('x')
  calling.abort(new Error('canceled'))
  await expect(asked).rejects.toThrow('it cannot be run (ABORT_ERR)')
})
