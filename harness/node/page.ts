import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Random } from '../../spec/effects.ts'
import { beginPage, isLookAhead, PAGE_HEADERS } from '../begin-page.ts'
import type { Initialization } from '../initialize.ts'

/** A page of this machine that begins a browser session for whoever loads it first. `address` is no secret of the Service's; `loaded` ends when it was given out. */
export type LocalPage = { address: string; loaded: Promise<void>; close: () => Promise<void> }

/**
 * Opens the page on loopback, at an address nobody can guess (protocol 8). It is given out once, to a plain GET that names this host; a look ahead gets nothing
 * and spends nothing, and whoever comes later gets 410. What begins the session is in the page alone: in no URL, and no argument of a program.
 */
export async function openPage(d: { random: Random }, initialization: Initialization): Promise<LocalPage> {
  const path = `/${d.random(32)}`
  let host = ''
  let isGiven = false
  const server = createServer((request, response) => {
    const refusal = refuse(request, { host, path, isGiven })
    const answer = refusal === undefined ? beginPage(initialization, d.random(16)) : { status: refusal, headers: PAGE_HEADERS, body: '' }
    if (refusal === undefined) {
      isGiven = true
      response.on('finish', () => server.emit('given'))
    }
    response.writeHead(answer.status, { ...answer.headers, connection: 'close' }).end(answer.body)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const loaded = once(server, 'given').then(() => undefined)
  const address = server.address()
  host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { address: `http://${host}${path}`, loaded, close }
}

function refuse({ method, url, headers }: IncomingMessage, own: { host: string; path: string; isGiven: boolean }): number | undefined {
  if (headers.host !== own.host) return 403 // a name that was pointed at this machine
  if (url !== own.path) return 404
  if (method !== 'GET') return 405
  if (own.isGiven) return 410
  return isLookAhead((name) => headers[name]?.toString()) ? 503 : undefined
}
