/** What logout does of a broker: one that runs, one that was stopped, and one that fails. */
import { renameSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { openDoor } from '../spec/node/serve.ts'
import { homeOfBroker } from './broker-own-rig.ts'
import { gate } from './gate.ts'
import { TOKEN_LINE } from './harness-cli-rig.ts'
import { DESK, refusal } from './harness-rig.ts'

test('logout ends what a stopped broker holds, and leaves its state as a broker can begin from', async () => {
  const h = homeOfBroker()
  const broker = await h.start()
  const id = await broker.ready()
  await broker.stop()
  const { code, json, err } = await h.run('logout', '--json')
  expect([code, err, h.revocations()]).toEqual([0, '', 1])
  expect(json.tasks).toMatchObject([{ id, status: 'ended' }])
  expect((await h.run('logout', '--json')).json.tasks).toEqual([])
  expect(h.leftOpen()).toBe(0)
  const next = await h.start()
  expect(await next.call('GET', `/tasks/${id}`)).toMatchObject({ status: 'ended' })
  await next.stop()
})

test('where the service cannot be told of what a stopped broker holds, logout says so: exit 1', async () => {
  const h = homeOfBroker()
  const broker = await h.start()
  const id = await broker.ready()
  await broker.stop()
  h.service.revoke = refusal(503, 'overloaded', 'too busy')
  const { code, json, err } = await h.run('logout', '--json')
  expect([code, json.tasks]).toEqual([1, [expect.objectContaining({ id, status: 'ending' })]])
  expect(err).toContain(`of the broker's task ${id}: too busy`)
})

test('without its master key a stopped broker cannot be ended: logout says so and ends the rest, exit 1', async () => {
  const h = homeOfBroker()
  await (await h.start()).stop()
  await h.run(...TOKEN_LINE)
  rmSync(`${h.own}/master.key`)
  const { code, json, err } = await h.run('logout', '--json')
  expect([code, h.revocations(), json]).toMatchObject([
    1,
    1,
    { ended: 1, tasks: [], error: { message: expect.stringContaining('master.key is missing') } },
  ])
  expect(err).toContain('what your broker holds was not ended')
  expect(h.leftOpen()).toBe(0)
})

test('a broker that is started while logout ends what was left says so and ends; one that has begun to start is not worked beside', async () => {
  const h = homeOfBroker()
  const broker = await h.start()
  await broker.ready()
  await broker.stop()
  const [asked, answered] = [gate(), gate()]
  h.service.revoke = async () => {
    asked.open()
    await answered.passed
    return Response.json({})
  }
  const ended = h.run('logout')
  await asked.passed
  await expect(h.start()).rejects.toThrow('is in use: another broker of this user runs, or agentpass logout is ending what it left')
  answered.open()
  expect(await ended).toMatchObject({ code: 0 })
  const starting = await openDoor({ host: '', port: 0, socket: `${h.own}/own.sock` })
  onTestFinished(starting.close)
  expect(await h.run('logout')).toMatchObject({ code: 1, err: expect.stringContaining('the broker answered GET /tasks with 503') })
})

test('a running broker that fails at one task keeps logout neither from the others nor from saying what was untold', async () => {
  const h = homeOfBroker()
  const broker = await h.start()
  const [first, second] = [await broker.ready(), await broker.ready()]
  await h.run(...TOKEN_LINE)
  await failing(h.own, first)
  h.service.revoke = refusal(404)
  const { code, json, err } = await h.run('logout', '--json')
  expect(code).toBe(1)
  expect(json.tasks).toHaveLength(2)
  expect(json.tasks).toContainEqual(
    expect.objectContaining({ id: first, status: 'ready', failure: expect.objectContaining({ message: expect.stringContaining('with 503') }) }),
  )
  expect(await broker.call('GET', `/tasks/${second}`)).toMatchObject({ status: 'ending' })
  expect(err).toContain(`of the broker's task ${first}: the broker answered DELETE /tasks/${first} with 503`)
  expect(err).toContain(`${DESK} could not be told`)
})

/** Something between the broker and other commands, which cannot get through to the end of one task. */
async function failing(own: string, id: string): Promise<void> {
  renameSync(`${own}/own.sock`, `${own}/far.sock`)
  const server = createServer(({ method, url: path, headers }, response) => {
    if (method === 'DELETE' && path === `/tasks/${id}`) return void response.writeHead(503).end('{}')
    request({ socketPath: `${own}/far.sock`, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    }).end()
  })
  await new Promise<void>((resolve) => server.listen(`${own}/own.sock`, resolve))
  onTestFinished(() => void server.close())
}
