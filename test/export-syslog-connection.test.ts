/** A connection to a syslog receiver: why it ends, and that it keeps nothing of what went over it. */
import { createServer, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connectSyslog } from '../spec/node/export/syslog-connection.ts'
import { listen } from './spec/tls-fixture.ts'

/** A connection to a receiver on loopback. */
async function connected(take: (socket: Socket) => void) {
  const { port, sockets } = await listen(createServer(take), 0, '127.0.0.1')
  const stopping = new AbortController()
  const connection = await connectSyslog({ host: '127.0.0.1', port, tls: undefined }, stopping.signal)
  onTestFinished(connection.close)
  return { connection, sockets, stopping }
}

const MUCH = 'x'.repeat(50_000_000)

test('a connection keeps nothing of the writes that it has done', async () => {
  const { connection } = await connected((socket) => void socket.resume())
  setFlagsFromString('--expose_gc')
  const collect = runInNewContext('gc')
  const kept = async (writes: number) => {
    for (let i = 0; i < writes; i++) await connection.write('x')
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = await kept(2000)
  expect((await kept(30_000)) - before).toBeLessThan(4_000_000)
})

test('a write under way ends with the reason for which its connection does', async () => {
  const stopped = await connected(() => {})
  const waiting = stopped.connection.write(MUCH)
  stopped.stopping.abort()
  await expect(waiting).rejects.toThrow('stopped')
  const left = await connected((socket) => void socket.pause())
  const writing = left.connection.write(MUCH)
  left.sockets[0]?.resetAndDestroy()
  await expect(writing).rejects.toThrow(/ECONNRESET|EPIPE/)
  expect(left.connection.requireAlive).toThrow(/ECONNRESET|EPIPE/)
  await expect(left.connection.write('more')).rejects.toThrow(/ECONNRESET|EPIPE/)
})

test('a write that nobody takes ends by its deadline', async () => {
  const { connection } = await connected((socket) => void socket.pause())
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const waiting = expect(connection.write(MUCH)).rejects.toThrow('the receiver takes nothing within 15000 ms')
  vi.advanceTimersByTime(15_000)
  await waiting
})
