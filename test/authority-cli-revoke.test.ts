/** The command that ends what is alive, of one request or in bulk. */
import { expect, test } from 'vitest'
import { deciding } from './authority-cli-rig.ts'

const ADA = 'ada@acme.example'
const NONE = { authorizations: 0, passes: 0, requests: 0, remembered: 0 }

test('everything alive of a user ends, and the command says how much that was', async () => {
  const { cli, ref } = await deciding()
  await cli('approve', ref, '--yes')
  const ended = await cli('revoke', '--user', 'ada@ACME.example', '--reason', 'laptop lost', '--yes')
  expect(ended).toEqual({ code: 0, stdout: 'ended: 0 authorizations revoked, 1 unused passes void, 0 requests denied\n', stderr: '' })
  expect(await cli('revoke', ref, '--yes')).toMatchObject({ code: 1, stdout: '' }) // nothing is alive any more
})

test.each([['--user', ADA], ['--service', 'https://desk.example'], ['--all']])(
  'a request that waits is denied with the reason: %s %s',
  async (...which) => {
    const { cli, ref } = await deciding()
    const ended = await cli('revoke', ...which, '--reason', 'incident 7', '--yes', '--json')
    expect([ended.code, JSON.parse(ended.stdout)]).toEqual([0, { ...NONE, requests: 1 }])
    expect(JSON.parse((await cli('requests', '--json')).stdout).requests).toEqual([
      expect.objectContaining({ ref, status: 'denied', reason: 'incident 7', decided_by: 'admin token' }),
    ])
  },
)

test.each([
  ['--user', 'eve@acme.example'],
  ['--service', 'https://shop.example'],
  ['--harness-key', 'A'.repeat(43)],
  ['--authorization', 'none'],
])('where nothing alive matches the command says so, and that is no failure: %s %s', async (...which) => {
  const { cli, ref } = await deciding()
  expect(await cli('revoke', ...which, '--yes')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^nothing was alive: 0 authorizations/) })
  expect(JSON.parse((await cli('revoke', ...which, '--yes', '--json')).stdout)).toEqual(NONE)
  expect(await cli('approve', ref, '--yes')).toMatchObject({ code: 0 })
})

test('nobody ends many delegations by accident: without a terminal it needs --yes', async () => {
  const { cli, ref } = await deciding()
  const unasked = await cli('revoke', '--all')
  expect(unasked).toMatchObject({ code: 2, stdout: '' })
  expect(unasked.stderr).toMatch(
    /end every request that waits, unused pass, active authorization and remembered approval of every user at every service\nagentpass-authority: hint: say --yes .*\n$/,
  )
  expect(await cli('approve', ref, '--yes')).toMatchObject({ code: 0 })
})

test('exactly one thing is named, and what is named can be meant', async () => {
  const { cli, ref } = await deciding()
  for (const args of [[], [ref, '--all'], ['--user', ADA, '--service', 'https://desk.example'], ['--all', '--digest', 'x']]) {
    const { code, stdout, stderr } = await cli('revoke', ...args, '--yes')
    expect([args, code, stdout]).toEqual([args, 2, ''])
    expect(stderr).toMatch(/^agentpass-authority: error: .*\nagentpass-authority: hint: .*\n$/)
  }
  for (const args of [
    ['--user', 'ada'],
    ['--service', 'https://desk.example/'],
    ['--harness-key', 'x'],
  ])
    expect(await cli('revoke', ...args, '--yes')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('the authority refuses: ') })
  expect(await cli('approve', ref, '--yes')).toMatchObject({ code: 0 })
})
