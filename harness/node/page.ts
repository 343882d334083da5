import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Random } from '../../spec/effects.ts'
import type { Initialization } from '../initialize.ts'

/** A page of this machine that begins a browser session for whoever loads it first. `address` is no secret of the Service's; `loaded` ends when it was given out. */
export type LocalPage = { address: string; loaded: Promise<void>; close: () => Promise<void> }
type Answer = { status: number; headers?: Record<string, string>; body?: string }

const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  connection: 'close',
}

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
    const answer = refusal === undefined ? begin(initialization, d.random(16)) : { status: refusal }
    if (refusal === undefined) {
      isGiven = true
      response.on('finish', () => server.emit('given'))
    }
    response.writeHead(answer.status, { ...HEADERS, ...answer.headers }).end(answer.body)
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
  return /prefetch|prerender/i.test(`${headers['sec-purpose']} ${headers.purpose} ${headers['x-moz']}`) ? 503 : undefined
}

/** A redirect to a URL that is to be loaded; a form that submits itself, or by a button where scripts are off. */
function begin({ url, method, fields }: Initialization, nonce: string): Answer {
  if (method === 'GET') return { status: 303, headers: { location: url } }
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${asHtml(name)}" value="${asHtml(value)}">`)
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>AgentPass</title>
<h1>Opening the session</h1>
<form method="post" action="${asHtml(url)}" accept-charset="utf-8" autocomplete="off">
${inputs.join('\n')}
<noscript><button>Open the session</button></noscript>
</form>
<script nonce="${nonce}">HTMLFormElement.prototype.submit.call(document.forms[0])</script>
`
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy(nonce) }, body }
}

/** `form-action` also judges where the Service sends the browser on, which may be another of its https origins. */
const policy = (nonce: string): string =>
  `default-src 'none'; script-src 'nonce-${nonce}'; form-action https:; base-uri 'none'; frame-ancestors 'none'`

const asHtml = (text: string): string => text.replace(/[&<>"'\r\n]/g, (char) => `&#${char.charCodeAt(0)};`)
