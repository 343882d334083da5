/** A policy file that is being written: what stands there for a moment decides nothing. */
import { expect, test } from 'vitest'
import { loadEngine } from '../authority/node/policy-file.ts'
import { openPolicyFile } from '../authority/policy/current.ts'
import type { Engine } from '../authority/policy/engine.ts'
import { questionOfSituation } from '../authority/policy/situation.ts'
import { createLog } from '../spec/node/log.ts'

const PERMIT = 'permit (principal, action, resource);\n'
const FORBID = 'forbid (principal, action, resource) when { context.task.id == "secret" };\n'
const SECRET = questionOfSituation({ task: 'secret' })

/** The policy of a file whose text is `file.text`, or that cannot be read where that is an Error; and what was audited. */
async function opened(first: string) {
  const file: { text: string | Error } = { text: first }
  const events: string[] = []
  const real = await loadEngine()
  const state = { breaks: false }
  /** The engine, which has no room when a test says so. */
  const engine: Engine = {
    ...real,
    preparsePolicySet: (...args) => {
      if (state.breaks) throw new Error('no room')
      return real.preparsePolicySet(...args)
    },
  }
  const policy = await openPolicyFile({
    ...{ engine, file: 'policy.cedar', slot: `reload ${first.length} ${Math.random()}`, timeZone: 'UTC', now: () => 0 },
    read: async () => {
      if (file.text instanceof Error) throw file.text
      return file.text
    },
    audit: { note: ({ outcome }) => void events.push(outcome) },
    log: createLog('test', 'silent'),
  })
  return Object.assign(state, { file, events, policy, decision: () => policy.current().decide(SECRET).decision })
}

test('half of a file that is being written is never in force, though it could be: here its forbid is still to come', async () => {
  const p = await opened(FORBID + PERMIT)
  expect(p.decision()).toBe('deny')
  for (const text of [PERMIT, `${PERMIT}// more`, `${PERMIT}// more\n${FORBID}`]) {
    p.file.text = text
    await p.policy.look()
    expect(p.decision()).toBe('deny')
  }
  expect(p.events).toEqual(['in force'])
  await p.policy.look() // now it has stood still
  expect(p.events).toEqual(['in force', 'in force'])
  expect(p.decision()).toBe('deny')
})

test('a file that is emptied denies nothing and permits nothing: the last good one stays', async () => {
  const p = await opened(PERMIT)
  p.file.text = ''
  for (let i = 0; i < 3; i++) await p.policy.look()
  expect(p.decision()).toBe('approve')
  expect(p.policy.state()).toMatchObject({ broken: { problems: [expect.stringContaining('has no policies')] } })
  expect(p.events).toEqual(['in force', 'refused'])
})

test('a broken file is told once, however often it is looked at; the good one that was in force ends that when it is back', async () => {
  const p = await opened(PERMIT)
  for (const text of ['permit (', 'permit (', 'permit (', new Error('gone'), new Error('gone'), PERMIT, PERMIT, PERMIT]) {
    p.file.text = text
    await p.policy.look()
  }
  expect(p.events).toEqual(['in force', 'refused', 'refused', 'in force'])
  expect(p.policy.state()).not.toHaveProperty('broken.problems')
})

test('who has asked which policy is in force is answered by that one, though another is taken meanwhile', async () => {
  const p = await opened(PERMIT)
  const before = p.policy.current()
  p.file.text = `@id("new") @approvals("2") permit (principal, action == AgentPass::Action::"ask", resource);\n${FORBID}`
  await p.policy.look()
  await p.policy.look()
  expect(p.decision()).toBe('deny')
  expect(before.decide(SECRET).decision).toBe('approve')
  expect(p.policy.current().decide(questionOfSituation({}))).toMatchObject({ decision: 'ask', approvals: 2 })
})

test('a good file that could not be taken for another reason is broken until it can be, and is tried again', async () => {
  const p = await opened(PERMIT)
  p.file.text = FORBID + PERMIT
  p.breaks = true
  await p.policy.look()
  await p.policy.look()
  expect([p.decision(), p.policy.state()]).toMatchObject(['approve', { broken: { problems: ['it cannot be taken: no room'] } }])
  p.breaks = false
  await p.policy.look()
  expect(p.decision()).toBe('deny')
  expect(p.policy.state()).not.toHaveProperty('broken.problems')
})
