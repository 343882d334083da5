/** A broker that is suspended or hangs: its socket takes connections, and nothing answers. */
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { homeOfBroker } from './broker-own-rig.ts'
import { gate } from './gate.ts'
import { TOKEN_LINE } from './harness-cli-rig.ts'

/** The time that a command waits is over at once for `run`, and never comes for what is given `wait`. */
async function hanging() {
  const h = homeOfBroker()
  await (await h.start()).stop()
  const connected = gate()
  let connections = 0
  const server = createServer(() => {
    connections += 1
    connected.open()
  })
  await new Promise<void>((resolve) => server.listen(`${h.own}/own.sock`, resolve))
  onTestFinished(() => void server.close())
  return { ...h, connected: connected.passed, connections: () => connections, run: (...argv: string[]) => h.runAs({}, ...argv) }
}
const SAYS = /agentpass: error: the broker does not answer\nagentpass: hint: .*\(fg\); else end its process and start it again: agentpass broker\n/

test('status says what this command holds, and that the broker does not answer: exit 1', async () => {
  const h = await hanging()
  await h.run(...TOKEN_LINE)
  expect(await h.run('status')).toMatchObject({ code: 1, out: expect.stringContaining(h.heldTask()), err: expect.stringMatching(SAYS) })
  expect((await h.run('status', '--json')).json).toMatchObject({ tokens: [{}], tasks: [], error: { message: 'the broker does not answer' } })
})

test('logout ends what this command holds, and says that the broker does not answer: exit 1', async () => {
  const h = await hanging()
  await h.run(...TOKEN_LINE)
  expect(await h.run('logout')).toMatchObject({ code: 1, out: expect.stringContaining('ended 1 of 1'), err: expect.stringMatching(SAYS) })
  expect(h.revocations()).toBe(1)
})

test('mcp --broker says that the broker does not answer: exit 1', async () => {
  const h = await hanging()
  expect(await h.run('mcp', '--broker')).toMatchObject({ code: 1, err: expect.stringMatching(SAYS) })
})

test.each([['status'], ['logout'], ['mcp', '--broker']])('a command that waits for it is ended by its signal: %s', async (...line) => {
  const h = await hanging()
  const off = new AbortController()
  const ended = h.runAs({ signal: off.signal, wait: h.wait }, ...line)
  await h.connected
  off.abort()
  expect((await ended).code).toBe(130)
})

test('status --brief, which a shell asks for when it completes, does not ask the broker', async () => {
  const h = await hanging()
  expect(await h.run('status', '--brief')).toMatchObject({ code: 0 })
  expect(h.connections()).toBe(0)
})
