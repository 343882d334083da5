import { once } from 'node:events'
import { createServer } from 'node:net'
import { Skipped } from '../case.ts'

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
