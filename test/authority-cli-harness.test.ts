/** The commands that register the keys of Harnesses, as people run them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deciding } from './authority-cli-rig.ts'
import { temporaryFolder } from './folders.ts'
import { ecPair } from './spec/jws-fixture.ts'

const KEY = ecPair('P-256')
const PRIVATE = KEY.privateKey.export({ format: 'jwk' })
/** The key of RFC 7638 §3.1, and its thumbprint. */
const EXAMPLE = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  alg: 'RS256',
  kid: '2011-04-29',
}
const THUMBPRINT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
const NAMED = ['--name', 'build farm']

function keyFile(content: unknown): string {
  const file = join(temporaryFolder(), 'harness.jwk')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

test('a key is added from a file, listed, and removed', async () => {
  const { cli } = await deciding()
  expect(await cli('harness', 'list')).toMatchObject({ code: 0, stdout: '', stderr: 'there are no registered keys\n' })
  const added = await cli('harness', 'add', keyFile(EXAMPLE), ...NAMED)
  expect(added).toMatchObject({ code: 0, stdout: `registered ${THUMBPRINT} as "build farm"\n`, stderr: '' })
  expect((await cli('harness', 'list')).stdout).toMatch(new RegExp(`^THUMBPRINT .*\n${THUMBPRINT}  [0-9TZ:.-]{24}  admin token  build farm\n$`))
  expect(await cli('harness', 'remove', THUMBPRINT)).toMatchObject({ code: 0, stdout: `removed ${THUMBPRINT}, which was "build farm"\n` })
  expect((await cli('harness', 'list')).stdout).toBe('')
})

test('a key is named by itself or by its thumbprint too, and programs are told in JSON', async () => {
  const { cli } = await deciding()
  const first = await cli('harness', 'add', '--thumbprint', THUMBPRINT, ...NAMED, '--json')
  expect(JSON.parse(first.stdout)).toMatchObject({ thumbprint: THUMBPRINT, name: 'build farm', added_by: 'admin token' })
  const second = JSON.parse((await cli('harness', 'add', '--jwk', JSON.stringify(KEY.jwk), '--name', 'mine', '--json')).stdout)
  const { harness_keys } = JSON.parse((await cli('harness', 'list', '--json')).stdout)
  expect(harness_keys).toEqual(expect.arrayContaining([JSON.parse(first.stdout), second]))
  expect(JSON.parse((await cli('harness', 'remove', THUMBPRINT, '--json')).stdout)).toEqual(JSON.parse(first.stdout))
})

test('adding twice and removing what is not there say so', async () => {
  const { cli } = await deciding()
  const add = () => cli('harness', 'add', '--thumbprint', THUMBPRINT, ...NAMED)
  await add()
  expect(await add()).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/error: this key is registered already\n.*hint: .*harness list/),
  })
  await cli('harness', 'remove', THUMBPRINT)
  const again = await cli('harness', 'remove', THUMBPRINT)
  expect(again).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/error: there is no registered key .*\n.*hint: .*harness list/) })
})

test('a private key goes no further than the command line, and is not echoed', async () => {
  const { cli } = await deciding()
  for (const args of [[keyFile(PRIVATE)], ['--jwk', JSON.stringify(PRIVATE)], ['--jwk', '{"kty":"oct","k":"c2VjcmV0"}']]) {
    // nobody listens there: what is refused was not sent
    const { code, stdout, stderr } = await cli('harness', 'add', ...args, ...NAMED, '--management', 'http://127.0.0.1:1')
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^agentpass-authority: error: .* is a private key\nagentpass-authority: hint: .*\n$/)
    expect(stderr).not.toContain(PRIVATE.d)
    expect(stderr).not.toContain('c2VjcmV0')
  }
})

test('a key that is none is refused with the reason, and nothing is registered', async () => {
  const { cli } = await deciding()
  const offCurve = keyFile({ ...KEY.jwk, y: KEY.jwk.x })
  expect(await cli('harness', 'add', offCurve, ...NAMED)).toMatchObject({ code: 1, stderr: expect.stringContaining('jwk is no key') })
  expect(await cli('harness', 'add', '--thumbprint', 'x', ...NAMED)).toMatchObject({ code: 1, stderr: expect.stringContaining('thumbprint') })
  for (const args of [[keyFile('-----BEGIN PUBLIC KEY-----')], [keyFile('["x"]')], ['--jwk', 'x'], ['/nonexistent']])
    expect(await cli('harness', 'add', ...args, ...NAMED)).toMatchObject({ code: 2, stdout: '' })
  expect((await cli('harness', 'list')).stdout).toBe('')
})

test('arguments that mean nothing are misuse', async () => {
  const { cli } = await deciding()
  for (const args of [
    ['add', '--thumbprint', THUMBPRINT],
    ['add', ...NAMED],
    ['add', keyFile(KEY.jwk), '--thumbprint', THUMBPRINT, ...NAMED],
    ['remove'],
    ['lst'],
  ]) {
    const { code, stdout, stderr } = await cli('harness', ...args)
    expect([args, code, stdout]).toEqual([args, 2, ''])
    expect(stderr).toMatch(/^agentpass-authority: error: .*\nagentpass-authority: hint: .*\n$/)
  }
})

test('a name that would act on a terminal is shown by name', async () => {
  const { cli } = await deciding()
  const added = await cli('harness', 'add', '--thumbprint', THUMBPRINT, '--name', 'farm\u001b[2J\u202e')
  expect(added.stdout).toBe(`registered ${THUMBPRINT} as "farm⟦ESC⟧[2J⟦RLO⟧"\n`)
  expect((await cli('harness', 'list')).stdout).toContain('farm⟦ESC⟧[2J⟦RLO⟧')
  expect((await cli('harness', 'remove', THUMBPRINT)).stdout).toContain('farm⟦ESC⟧[2J⟦RLO⟧')
})
