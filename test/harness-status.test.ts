import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine, TOKEN_LINE } from './harness-cli-rig.ts'
import { ACME, answer, DESK, TASK, TOKEN, USER } from './harness-rig.ts'

const tokenFor = (user: string, task: string) => ['token', '--service', DESK, '--user', user, '--task', task]

test('status says what is held, and never a token', async () => {
  const c = commandLine()
  expect(await c.run('status')).toMatchObject({ code: 0, out: '', err: 'no tokens are held\n' })
  await c.run(...TOKEN_LINE)
  c.pass(60)
  const { code, out, err } = await c.run('status')
  expect([code, err]).toEqual([0, ''])
  const until = new Date((c.now() + 540) * 1000).toISOString().replace('.000', '')
  expect(out.split('\n')).toEqual([
    `service   ${DESK}`,
    `user      ${USER}`,
    `authority ${ACME}`,
    `task      ${c.heldTask()}  ${TASK}`,
    'scope     tickets:read tickets:write',
    `until     ${until} (9 min 0 s left)`,
    '',
  ])
  const json = await c.run('status', '--json')
  expect(json.json.tokens).toEqual([
    {
      service: DESK,
      user: USER,
      authority: ACME,
      task: { id: c.heldTask(), description: TASK },
      scope: ['tickets:read', 'tickets:write'],
      expires_at: until,
    },
  ])
  expect(out + json.out).not.toContain(TOKEN)
})

test('what a task says cannot write to the terminal', async () => {
  const c = commandLine()
  await c.run(...tokenFor(USER, 'a\u001b[2J\nb\u202ec'))
  expect((await c.run('status')).out).toContain('  a·[2J·b·c\n')
  const { out, json } = await c.run('status', '--json')
  for (const character of ['\u001b', '\u202e']) expect(out).not.toContain(character)
  expect(json.tokens[0].task.description).toBe('a\u001b[2J\nb\u202ec')
})

test('a token whose lifetime the service did not say is kept for a day, and one said to live for ever has an end', async () => {
  const c = commandLine()
  c.service.redeem = answer({ bearer_token: TOKEN })
  await c.run(...TOKEN_LINE)
  expect((await c.run('status')).out).toContain('scope     not said\nuntil     the service ends it\n')
  c.pass(86_399)
  expect((await c.run('status', '--json')).json.tokens).toHaveLength(1)
  c.pass(1)
  expect((await c.run('status', '--json')).json.tokens).toEqual([])
  c.service.redeem = answer({ bearer_token: TOKEN, expires_in: 1e300 })
  expect((await c.run(...TOKEN_LINE, '--json')).json.expires_at).toMatch(/^20/)
})

test('forget drops the task that is named, by id or sentence, and says what goes on', async () => {
  const c = commandLine()
  await c.run(...TOKEN_LINE)
  const id = c.heldTask()
  expect(await c.run('forget', id)).toMatchObject({
    code: 0,
    out: 'forgot 1 token\n',
    err: expect.stringContaining('ended at its authority or expires'),
  })
  for (const task of ['One', 'One', 'Two']) await c.run(...tokenFor(USER, task))
  expect((await c.run('forget', 'One', '--json')).json).toEqual({ forgotten: 2 })
  expect((await c.run('status', '--json')).json.tokens).toMatchObject([{ task: { description: 'Two' } }])
  expect(await c.run('forget', 'Three')).toMatchObject({ code: 1, out: '' })
  writeFileSync(join(c.state, '../../task-x.json'), 'mine')
  for (const path of ['../../task-x', 'task-/../../../task-x']) expect((await c.run('forget', path)).code).toBe(1)
  expect(existsSync(join(c.state, '../../task-x.json'))).toBe(true)
})

test('forget --all drops garbled tokens too, and leaves what is not ours', async () => {
  const c = commandLine()
  await c.run(...TOKEN_LINE)
  writeFileSync(join(c.state, `${c.heldTask()}.json`), 'garbled')
  writeFileSync(join(c.state, 'notes.txt'), 'mine')
  expect((await c.run('forget', '--all')).out).toBe('forgot 1 token\n')
  expect(c.files()).toEqual(['notes.txt'])
})
