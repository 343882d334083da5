import type { Initialization } from './initialize.ts'

/** An answer to a browser that begins a session. */
export type BeginPage = { status: number; headers: Record<string, string>; body: string }

/** What every such answer, and every refusal beside it, says of itself. */
export const PAGE_HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** Whether a browser only looks ahead: it gets nothing, and spends nothing. */
export const isLookAhead = (header: (name: string) => string | undefined): boolean =>
  /prefetch|prerender/i.test(['sec-purpose', 'purpose', 'x-moz'].map(header).join(' '))

/**
 * A page that begins a browser session for whoever loads it (protocol 8): a redirect to a URL that is to be loaded; a form that submits itself, or by a button where
 * scripts are off. Page and headers are secrets, to be given out once. `nonce` is random.
 */
export function beginPage({ url, method, fields }: Initialization, nonce: string): BeginPage {
  if (method === 'GET') return { status: 303, headers: { ...PAGE_HEADERS, location: url }, body: '' }
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
  const headers = { ...PAGE_HEADERS, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy(nonce) }
  return { status: 200, headers, body }
}

/** `form-action` also judges where the Service sends the browser on, which may be another of its https origins. */
const policy = (nonce: string): string =>
  `default-src 'none'; script-src 'nonce-${nonce}'; form-action https:; base-uri 'none'; frame-ancestors 'none'`

const asHtml = (text: string): string => text.replace(/[&<>"'\r\n]/g, (char) => `&#${char.charCodeAt(0)};`)
