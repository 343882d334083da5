import { once } from 'node:events'
import { createServer } from 'node:https'
import type { Ground } from './ground.ts'
import type { Answer } from './hosts.ts'

/** A host of the suite that speaks no TLS newer than 1.1. */
export type OldHost = { origin: string; requests: () => number }

/** Serves JSON under a host name of the suite over TLS 1.0 and 1.1 alone, with a certificate that is in order, while something is done. */
export async function withOldHost<T>(
  { hosts, certificates, settings, zone, nextHost }: Ground,
  answer: () => Answer,
  act: (host: OldHost) => Promise<T>,
): Promise<T> {
  let requests = 0
  const name = nextHost('old')
  const pair = await certificates.issue([`${name}.${zone}`])
  const server = createServer({ ...pair, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }, (_, response) => {
    requests++
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer().json))
  })
  server.on('tlsClientError', () => undefined) // who refuses is right
  server.listen(0, settings.listen)
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    const origin = new URL(hosts.origin(name))
    origin.port = String(port)
    return await act({ origin: origin.origin, requests: () => requests })
  } finally {
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  }
}
