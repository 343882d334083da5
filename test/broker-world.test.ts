/** The broker and an agent that is no Harness, over real DNS and TLS. */
import { expect, onTestFinished, test } from 'vitest'
import { startWorld } from './world/world.ts'

test('an MCP client of the broker does a whole task that a person approves, and sees no secret', async () => {
  const world = await startWorld({ broker: true })
  onTestFinished(world.stop)
  const agent = await world.connectAgent()
  let decided: Promise<void> | undefined
  const ready = await agent.use('request_access', { service: world.service.origin, task: 'Answer ticket 1002', scopes: ['tickets:read'] }, (news) => {
    if (/^Waiting for approval by ada@acme\.localhost, .* at https:\/\/authority\.acme\.localhost/.test(news))
      decided ??= world.decide('approve', { scope: ['tickets:read'] })
  })
  await decided
  expect(ready.data).toMatchObject({ status: 'ready', user: world.user, scope: ['tickets:read'] })
  const called = await agent.use('call_service', { task: ready.data.id, path: '/api/me' })
  expect(JSON.parse(String(called.data.body))).toMatchObject({ user: world.user })
  const refused = await agent.use('call_service', { task: ready.data.id, path: '/api/tickets', method: 'POST', body: { subject: 'x' } })
  expect([refused.isError, refused.data.missing]).toEqual([true, expect.stringContaining('tickets:write')])
  expect((await agent.use('finish_task', { task: ready.data.id })).data.status).toBe('ended')
  await agent.leave()
  await expect(world.decide('revoke')).rejects.toThrow('no pass or authorization that is still alive')
})
