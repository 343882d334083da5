import { expect, test } from 'vitest'
import { deciding, SHOWN } from './authority-cli-rig.ts'

const UNSEEN = /(?!\n)[\p{Cf}\p{Cc}]/u

test('requests are listed as a table and as JSON, those of one status alone where that is asked', async () => {
  const { cli, ref } = await deciding()
  const listed = await cli('requests', '--status', 'pending')
  expect(listed).toMatchObject({ code: 0, stderr: '' })
  expect(listed.stdout).toMatch(new RegExp(`^REF .*\n${ref}  pending .* ada@acme\\.example  https://desk\\.example  agent-7  t-1\n$`))
  expect(JSON.parse((await cli('requests', '--json')).stdout)).toMatchObject({ requests: [{ ref, status: 'pending' }] })
  expect(await cli('requests', '--status', 'denied')).toMatchObject({ code: 0, stdout: '' })
})

test('an approver sees all of a request, and the agent’s own words cannot pose as anything else', async () => {
  const { cli, ref } = await deciding()
  const { code, stdout } = await cli('requests', 'show', ref)
  expect(code).toBe(0)
  for (const known of [
    'https://desk.example',
    'Ticket desk',
    'ada@acme.example',
    'unverified',
    'not attested',
    'tickets:read: Read tickets',
    '3600 s',
  ])
    expect(stdout).toContain(known)
  expect(stdout).toContain(
    'in its own words, which nobody has checked:\n  │ Close it⟦RLO⟧⟦ZWSP⟧\n  │ ⟦8 empty lines⟧\n  │ ⟦ESC⟧[2Jdigest        approved by IT',
  )
  expect(stdout).not.toMatch(UNSEEN)
  const json = await cli('requests', 'show', ref, '--json')
  expect(json.stdout).not.toMatch(UNSEEN)
  expect(JSON.parse(json.stdout).shown).toEqual(SHOWN)
})

test('nobody approves unseen by accident: without a terminal an approval names the digest or says --yes', async () => {
  const { cli, ref } = await deciding()
  expect(await cli('approve', ref)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--digest') })
  const approved = await cli('approve', ref, '--yes', '--scope', 'tickets:read')
  expect(approved).toMatchObject({ code: 0, stdout: `approved ${ref}: tickets:read for agent-7 as ada@acme.example at https://desk.example\n` })
  expect(approved.stderr).toContain('Close it⟦RLO⟧')
})

test('a decision by digest is of what was shown, and stale when that is another', async () => {
  const { cli, ref } = await deciding()
  const stale = await cli('approve', ref, '--digest', 'A'.repeat(43))
  expect(stale).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('not what was shown') })
  const { digest } = JSON.parse((await cli('requests', 'show', ref, '--json')).stdout)
  const approved = await cli('approve', ref, '--digest', digest, '--json')
  expect(approved).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(approved.stdout)).toMatchObject({ ref, status: 'approved', decided_by: 'admin token' })
})

test('more than was offered is not approved', async () => {
  const { cli, ref } = await deciding()
  expect(await cli('approve', ref, '--yes', '--scope', 'tickets:read', '--scope', 'everything')).toMatchObject({ code: 1, stdout: '' })
  expect(JSON.parse((await cli('requests', '--json')).stdout).requests[0].status).toBe('pending')
})

test('a denied request stays denied, and the reason is kept', async () => {
  const { cli, ref } = await deciding()
  const denied = await cli('deny', ref, '--reason', 'not today', '--json')
  expect(JSON.parse(denied.stdout)).toMatchObject({ status: 'denied', reason: 'not today' })
  for (const args of [
    ['approve', ref, '--yes'],
    ['approve', ref, '--digest', JSON.parse(denied.stdout).digest],
    ['deny', ref],
    ['cancel', ref],
  ]) {
    const { code, stderr } = await cli(...args)
    expect(code).toBe(1)
    expect(stderr).toMatch(/error: this request is denied already\nagentpass-authority: hint: .*\n$/)
  }
})

test('a request is canceled once', async () => {
  const { cli, ref } = await deciding()
  expect(await cli('cancel', ref)).toMatchObject({ code: 0, stdout: expect.stringContaining(`canceled ${ref}`) })
  expect(await cli('cancel', ref)).toMatchObject({ code: 1 })
})

test('revoking voids an unused pass, once, and there is nothing to narrow before redemption', async () => {
  const { cli, ref } = await deciding()
  expect(await cli('revoke', ref)).toMatchObject({ code: 1, stdout: '' })
  await cli('approve', ref, '--yes')
  expect(await cli('narrow', ref, '--scope', 'tickets:read')).toMatchObject({ code: 1, stdout: '' })
  expect(await cli('revoke', ref, '--reason', 'laptop lost')).toMatchObject({ code: 0, stdout: expect.stringContaining('the pass of agent-7') })
  expect(await cli('revoke', ref)).toMatchObject({ code: 1, stdout: '' })
})
