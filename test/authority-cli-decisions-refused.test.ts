import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { openDoor } from '../spec/node/serve.ts'
import { deciding } from './authority-cli-rig.ts'
import { edit, usedPort } from './cli-fixture.ts'
import { temporaryFolder } from './folders.ts'
import { createCertificateAuthority } from './world/ca.ts'

test.each([['approve', '--yes'], ['revoke'], ['requests', 'show']])('an unknown reference is told apart: %s', async (...args) => {
  const { cli } = await deciding()
  const { code, stdout, stderr } = await cli(...args, 'nosuchthing1')
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toBe('agentpass-authority: error: there is no such request\nagentpass-authority: hint: agentpass-authority requests lists them\n')
})

test('a wrong admin token is refused, and the command says so', async () => {
  const { cli, ref, at } = await deciding()
  writeFileSync(at('secrets/admin.token'), 'x'.repeat(43))
  const { code, stderr } = await cli('deny', ref)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^agentpass-authority: error: the authority does not take this admin token\nagentpass-authority: hint: /)
})

test('without an admin token nothing is asked', async () => {
  const { cli, ref, at } = await deciding()
  rmSync(at('secrets/admin.token'))
  expect(await cli('deny', ref)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('admin.token') })
  writeFileSync(at('secrets/admin.token'), '')
  expect(await cli('deny', ref)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('admin.token') })
})

test('when the server is down, or something else is at its port, a command says so and fails', async () => {
  const { cli, ref, at } = await deciding()
  const cut = await cli('deny', ref, '--management', `http://127.0.0.1:${await usedPort()}`)
  expect(cut).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/error: the management door at http:\S+ cannot be reached .*\n.*hint: .*--management\n$/),
  })
  const down = await openDoor({ host: '127.0.0.1', port: 0 })
  await down.close()
  expect((await cli('deny', ref, '--management', `http://127.0.0.1:${down.port}`)).stderr).toContain('ECONNREFUSED')
  const foreign = await openDoor({ host: '127.0.0.1', port: 0 })
  foreign.mount(new Hono().all('*', (c) => c.html('<h1>hello</h1>')))
  edit(at('authority.yaml'), /(management:\n {2}listen:\n.*\n {4}port: )\d+/, `$1${foreign.port}`)
  expect(await cli('deny', ref)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('answered 200, and not as the management door'),
  })
  await foreign.close()
})

test('a management door with TLS is trusted by --ca', async () => {
  const { cli, authority } = await deciding()
  const ca = await createCertificateAuthority()
  const door = await openDoor({ host: '127.0.0.1', port: 0, tls: await ca.issue(['127.0.0.1']) })
  door.mount(authority.management)
  const caFile = join(temporaryFolder(), 'ca.pem')
  writeFileSync(caFile, ca.pem)
  const management = ['--management', `https://127.0.0.1:${door.port}`]
  expect(await cli('requests', ...management)).toMatchObject({ code: 1, stderr: expect.stringMatching(/is not trusted.*\n.*--ca\n$/) })
  expect(await cli('requests', ...management, '--ca', caFile)).toMatchObject({ code: 0 })
  await door.close()
})

test('arguments that mean nothing are misuse', async () => {
  const { cli, ref } = await deciding()
  for (const args of [
    ['approve'],
    ['narrow', ref],
    ['approve', ref, '--management', 'ftp://x'],
    ['approve', ref, '--ca', '/nonexistent', '--yes'],
    ['requests', '--status', 'odd'],
    ['aprove', ref],
    ['deny', '-abcdefghijk'],
  ]) {
    const { code, stdout, stderr } = await cli(...args)
    expect([args, code, stdout]).toEqual([args, 2, ''])
    expect(stderr).toMatch(/^agentpass-authority: error: .*\nagentpass-authority: hint: .*\n$/)
  }
})
