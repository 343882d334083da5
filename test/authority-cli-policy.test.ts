/** Policy on the command line: a file is checked, tried on situations, and simulated on what was asked before. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createAuthorizationIds, mintPass } from '../authority/approve/mint.ts'
import { type Shown, writeShown } from '../authority/approve/shown.ts'
import { migrations } from '../authority/store/migrations/all.ts'
import { addPass } from '../authority/store/passes.ts'
import { addRequest, type Decided } from '../authority/store/requests.ts'
import type { AuthorityTables } from '../authority/store/schema.ts'
import { openMigrated } from '../spec/node/party.ts'
import { systemNow, systemRandom } from '../spec/node/settings.ts'
import { deciding, SHOWN } from './authority-cli-rig.ts'
import { edit, initialised, run } from './cli-fixture.ts'
import { ACME_POLICY } from './policy-rig.ts'

const READS = `@id("reads") @reason("Reading is harmless") permit (principal, action == AgentPass::Action::"approve", resource) when { resource.name like "*:read" };`
const ASK = '@id("people") permit (principal, action == AgentPass::Action::"ask", resource);'

async function place() {
  const { settingsFile, at } = await initialised('authority')
  const write = (name: string, text: string) => {
    writeFileSync(at(name), text)
    return at(name)
  }
  return { settingsFile, at, write, cli: (...args: string[]) => run('authority', [...args, '--config', settingsFile]) }
}

test('a good file is said to be fine, with its policies; a bad one with every problem and its line; neither touches anything', async () => {
  const { write, cli } = await place()
  const good = await cli('policy', 'check', write('good.cedar', ACME_POLICY))
  expect([good.code, good.stderr]).toEqual([0, ''])
  expect(good.stdout).toMatch(/people-first +permit/)
  expect(good.stdout).toMatch(/payroll +permit +group:finance-leads, 2 people +Payroll takes two people of finance/)
  expect(good.stdout).toMatch(/good\.cedar is fine: version [\w-]{12}\n$/)
  const bad = await cli('policy', 'check', write('bad.cedar', `${ASK}\n@oops("x") forbid (principal, action, resource) when { context.hour < 6 };`))
  expect([bad.code, bad.stdout]).toEqual([2, ''])
  expect(bad.stderr).toContain('bad.cedar: line 2: @oops is no annotation of a policy')
  expect(bad.stderr).toContain('bad.cedar: line 2: attribute `hour` in context not found')
  expect(bad.stderr).toContain('hint: agentpass-authority policy schema prints what a policy may speak of')
  expect(await cli('policy', 'check')).toMatchObject({ code: 2, stderr: expect.stringContaining('the settings name no policy file') })
})

test('what the settings name is checked by check-config, and a server does not start on what is broken', async () => {
  const { settingsFile, write, cli } = await place()
  edit(settingsFile, '\n#policy:', '\npolicy:\n  file: policy.cedar\n#policy:')
  write('policy.cedar', ASK)
  expect((await cli('check-config')).code).toBe(0)
  expect((await cli('policy', 'check')).stdout).toMatch(/people +permit/)
  write('policy.cedar', 'permit (principal, action resource);')
  for (const command of ['check-config', 'serve'])
    expect(await cli(command)).toMatchObject({ code: 2, stderr: expect.stringContaining('policy.cedar: line 1: unexpected token `resource`') })
})

test('situations are tried, each that is not as expected is explained, and the exit code says so', async () => {
  const { write, cli } = await place()
  const policy = write('policy.cedar', `${READS}\n${ASK}`)
  const good = write(
    'good.yaml',
    'situations:\n  - { name: reading, offered: ["a:read"], expect: { decision: approve, scope: ["a:read"], policies: [reads] } }\n',
  )
  expect(await cli('policy', 'test', good, '--policy', policy)).toMatchObject({ code: 0, stdout: '✔ reading\n1 situations are as expected\n' })
  const bad = write(
    'bad.yaml',
    'defaults: { user: ada@acme.example }\nsituations:\n  - { name: writing, offered: ["a:write"], expect: { decision: deny } }\n',
  )
  const tried = await cli('policy', 'test', bad, '--policy', policy)
  expect(tried).toMatchObject({ code: 1, stdout: '× writing\n    decision: expected deny, got ask\n    policy: ask (people)\n' })
  expect(tried.stderr).toContain('1 of 1 situations are not as expected')
  const asJson = JSON.parse((await cli('policy', 'test', bad, '--policy', policy, '--json')).stdout)
  expect(asJson.situations).toMatchObject([
    { name: 'writing', decision: 'ask', scope: ['a:write'], differences: ['decision: expected deny, got ask'] },
  ])
  const odd = write('odd.yaml', 'situations:\n  - { name: x, tier: attested, expect: { decision: deny } }\n  - { name: y, at: today, expect: {} }\n')
  expect(await cli('policy', 'test', odd, '--policy', policy)).toMatchObject({ code: 2, stderr: expect.stringContaining('situations.1.at') })
})

test('a file is tried in the time zone of the settings beside it, and in none where they are broken', async () => {
  const { write, cli, settingsFile } = await place()
  const policy = write('policy.cedar', `permit (principal, action, resource) when { context.time.hour == 18 };`)
  const evening = write('evening.yaml', 'situations:\n  - { name: evening, at: 2026-11-30T17:30:00Z, expect: { decision: approve } }\n')
  const tried = () => cli('policy', 'test', evening, '--policy', policy)
  expect((await tried()).code).toBe(1)
  const settings = readFileSync(settingsFile, 'utf8')
  writeFileSync(settingsFile, `${settings}\npolicy: { time_zone: Europe/Berlin }\n`)
  expect((await tried()).code).toBe(0)
  writeFileSync(settingsFile, `${settings}\npolicy: { time_zone: Europe/Berlin }\ntypo: 1\n`)
  expect(await tried()).toMatchObject({ code: 2, stderr: expect.stringContaining('typo') })
})

/** Requests of yesterday: one that policy approved, two that people were asked about. */
async function withPast() {
  const p = await place()
  const db = await openMigrated<AuthorityTables>(p.at('authority.db'), migrations, systemNow)
  const yesterday = systemNow() - 86_400
  const minting = {
    now: systemNow,
    authorizationId: createAuthorizationIds({ now: systemNow, random: systemRandom }),
    lifetimes: { pass_seconds: 60 },
  }
  const add = async (task: string, scopes: string[], decided: Partial<Decided>, more: Partial<Shown> = {}) => {
    const shown = { ...SHOWN, task: { ...SHOWN.task, id: task }, scopes: scopes.map((name) => ({ name })), ...more }
    const digest = `x${systemRandom(32)}`
    const about = {
      service_origin: SHOWN.service.origin,
      user_email: SHOWN.user.email,
      agent_id: 'agent-7',
      harness_id: 'agent-7',
      key_thumbprint: null,
      task_id: task,
    }
    const kept = { ...writeShown(shown), cnf: null, pass_digest: systemRandom(32), master_key_id: 'any' }
    const row = {
      digest,
      ref: digest.slice(0, 12),
      status: 'pending' as const,
      type: SHOWN.type,
      ...about,
      ...kept,
      created_at: yesterday,
      expires_at: yesterday + 900,
    }
    await db.write(async (tx) => {
      await addRequest(tx, row, { decided_at: yesterday, reason: null, ...decided })
      if (decided.status === 'approved') await addPass(tx, mintPass(minting, row, { shown, scope: [scopes[0] ?? ''] }))
    })
    return row.ref
  }
  const approved = await add('t-1', ['tickets:read', 'tickets:write'], { status: 'approved', decided_by: 'policy' })
  const denied = await add('t-2', ['tickets:read'], { status: 'denied', decided_by: 'ada@acme.example' })
  const withheld = await add(
    't-3',
    ['tickets:write'],
    { status: 'approved', decided_by: 'ada@acme.example' },
    { policy: { why: [], withheld: ['tickets:admin'] } },
  )
  await db.close()
  return { ...p, approved, denied, withheld }
}

test('a simulation says what would have been decided otherwise, why, and what people had said; and changes nothing', async () => {
  const { write, cli, approved, denied, withheld } = await withPast()
  const policy = write('next.cedar', `${READS}\n${ASK}`)
  const told = await cli('policy', 'simulate', '--policy', policy)
  expect(told.code).toBe(0)
  expect(told.stdout).toMatch(/^3 requests since .*: 1 would be decided as they were, 2 otherwise\n/)
  expect(told.stdout).toMatch(/1 +ask +denied +approve/)
  expect(told.stdout).toContain(`${denied}  `)
  expect(told.stdout).toContain('    ask tickets:read (then denied) → approve tickets:read\n    policy: approve (reads: “Reading is harmless”)')
  expect(told.stdout).not.toContain(approved) // which had tickets:read, and would have it again
  const { changed, requests } = JSON.parse((await cli('policy', 'simulate', '--since', '2d', '--policy', policy, '--json')).stdout)
  expect(requests).toBe(3)
  expect(changed).toMatchObject([{ ref: [denied, withheld].sort()[0] }, { ref: [denied, withheld].sort()[1] }])
  expect(changed.find(({ ref }: { ref: string }) => ref === withheld)).toMatchObject({
    was: { decision: 'ask', scope: ['tickets:write'] },
    would: { decision: 'ask', scope: ['tickets:write', 'tickets:admin'] },
    person: 'approved',
  })
  expect((await cli('policy', 'simulate', '--since', '1h', '--policy', policy)).stdout).toMatch(/^0 requests/)
})

test('the rules of the settings are simulated too, where they name no file', async () => {
  const { settingsFile, cli, approved } = await withPast()
  edit(settingsFile, '\n#policy:', '\npolicy:\n  default: deny\n#policy:')
  const { changed } = JSON.parse((await cli('policy', 'simulate', '--json')).stdout)
  expect(changed).toHaveLength(3)
  expect(changed.find(({ ref }: { ref: string }) => ref === approved)).toMatchObject({
    was: { decision: 'approve', scope: ['tickets:read'] },
    would: { decision: 'deny' },
  })
})

test('when is a misuse unless it is a length, a day or a time', async () => {
  const { cli } = await place()
  for (const since of ['yesterday', '-1d', '2026-02-31', '7'])
    expect(await cli('policy', 'simulate', `--since=${since}`)).toMatchObject({ code: 2, stderr: expect.stringContaining('such as 7d, 12h or 30m') })
})

test('the schema is printed, and is what files are validated against', async () => {
  const { stdout } = await run('authority', ['policy', 'schema'])
  for (const word of ['entity Attested', 'entity Unverified', 'action "approve", "ask"', 'type Time']) expect(stdout).toContain(word)
})

test('a running server says what decides, and what is remembered', async () => {
  const { cli } = await deciding()
  expect(await cli('policy', 'show')).toMatchObject({ code: 0, stdout: 'the rules of the settings decide\n' })
  expect(await cli('remembered', 'list')).toMatchObject({ code: 0, stdout: '', stderr: 'no approval is remembered\n' })
  expect(await cli('remembered', 'end', 'Zm9vYmFyYmF6')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no such remembered approval'),
  })
})
