import { once } from 'node:events'
import { createServer } from 'node:https'
import type { LookupFunction } from 'node:net'
import { connect } from 'node:tls'
import { expectEqual } from '../case.ts'
import type { Client } from './client.ts'
import type { Ground } from './ground.ts'
import type { Answer } from './hosts.ts'

/** TLS 1.0 and 1.1, as far as this side's OpenSSL lets them be. */
const OLD = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const

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
  const server = createServer({ ...pair, ...OLD }, (_, response) => {
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

/** Whether who answers at a URL's host agrees to a TLS that is older than 1.2. */
export function agreesToOldTls({ hostname, port }: URL, { lookup, timeoutMs }: { lookup: LookupFunction; timeoutMs: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port || 443), servername: hostname, rejectUnauthorized: false, lookup, ...OLD })
    const end = (agrees: boolean) => {
      socket.destroy()
      resolve(agrees)
    }
    socket.setTimeout(timeoutMs, () => end(false))
    socket.on('secureConnect', () => end(true)).on('error', () => end(false))
  })
}

/** That the peer agrees to no such TLS at any of its URLs. */
export async function expectNoOldTls(client: Client, urls: readonly unknown[]): Promise<void> {
  for (const origin of new Set(urls.map((url) => new URL(String(url)).origin)))
    expectEqual(await client.agreesToOldTls(origin), false, `${origin} agreeing to TLS 1.1`)
}
