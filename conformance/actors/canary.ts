import { once } from 'node:events'
import { createServer } from 'node:net'
import { expectEqual, Skipped } from '../case.ts'
import type { Stage } from '../stage.ts'

/** Somebody at an address that no peer may be sent to: it counts who comes, and says nothing. */
export type Canary = { host: string; port: number; visits: () => number }

/** Listens at an address, such as `::1`, while something is done. Throws Skipped where this machine has no such address, or the port is taken. */
export async function withCanary<T>(host: string, act: (canary: Canary) => Promise<T>, port = 0): Promise<T> {
  let visits = 0
  const server = createServer((socket) => {
    visits++
    socket.on('error', () => undefined).destroy()
  })
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch {
    throw new Skipped(`the suite cannot listen at ${host}`)
  }
  const address = server.address()
  try {
    return await act({ host, port: typeof address === 'object' && address !== null ? address.port : port, visits: () => visits })
  } finally {
    await new Promise((closed) => server.close(closed))
  }
}

const PRIVATE_IPV4 = /^(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\./

/** That nobody came to a private address. Where the suite itself is at one, its peer may have been told to contact all of them: then it is a warning. */
export function expectUnvisited({ ground, warn }: Stage, { host, visits }: Pick<Canary, 'host' | 'visits'>): void {
  if (!PRIVATE_IPV4.test(ground.settings.address)) expectEqual(visits(), 0, `connections to the private address ${host}`)
  else if (visits() > 0)
    warn(`the private address ${host} was contacted (the suite is at a private one too: is every one of them allowed for its sake?)`)
}
