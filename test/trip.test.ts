import { expect, test } from 'vitest'
import { codeOf, USER, world } from './parties.ts'

test('a task goes from request to call, and the app learns who acts for whom', async () => {
  const w = await world()
  const held = await w.acquired()
  expect(held).toMatchObject({ user: USER, scope: ['tickets:read', 'tickets:write'] })
  const response = await w.call('/api/tickets', held.token)
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    headers: { 'agentpass-user': USER, 'agentpass-agent': 'test-harness', 'agentpass-task': held.task.id },
  })
})

test('a revoked authorization stops the bearer token within the check time', async () => {
  const w = await world()
  const { token } = await w.acquired()
  expect((await w.call('/api/tickets', token)).status).toBe(200)
  expect((await w.revoke()).status).toBe(200)
  w.pass(6)
  const refused = await w.call('/api/tickets', token)
  expect(refused.status).toBe(401)
  expect(await codeOf(refused)).toBe('invalid_token')
})
