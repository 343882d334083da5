/** The attacks by what frames, keeps or opens the console’s pages: B-07, B-14 and B-15. */
import { expect, test } from 'vitest'
import { CONSOLE, consoleOffice, type Insider, type Office, PEOPLE } from '../console-client.ts'
import { AUTHORITY } from '../parties.ts'

/** The address of every page there is, for who may see it; and of what is none. */
async function pages(o: Office, ref: string) {
  const signedIn = { ada: await o.signedIn(PEOPLE.ada), ida: await o.signedIn(PEOPLE.ida) }
  const open = (who: Pick<Insider, 'visit'>, path: string, want?: Parameters<Insider['open']>[1]) =>
    who.visit(CONSOLE + path, { follow: false, ...want })
  const own = { headers: { origin: AUTHORITY } }
  const ones = await Promise.all([
    ...[
      '/requests',
      '/requests?status=all',
      `/requests/${ref}`,
      `/requests/${ref}?done=approved`,
      '/authorizations',
      '/authorizations/end?by=all',
      '/account',
    ].map((path) => open(signedIn.ida, path)),
    ...['/audit', '/audit?q=x', '/harness-keys', '/settings', '/signed-out'].map((path) => open(signedIn.ida, path)),
    open(signedIn.ada, '/audit'),
    open(signedIn.ada, '/requests/xxxxxxxxxxxx'),
    open(signedIn.ada, '/authorizations/end?by=all'),
    open(signedIn.ada, '/authorizations/end?by=nothing'),
    open(signedIn.ada, `/requests/${ref}/approve`, { form: 'x', ...own }),
    open(signedIn.ada, `/requests/${ref}/approve`, { form: 'x' }),
    open(o.browser(), '/callback?code=x&state=y'),
    open(o.browser(), `/requests/${ref}/approve`, { form: 'x', ...own }),
  ])
  expect(ones.map(({ status }) => status)).toEqual([...Array(12).fill(200), 403, 403, 403, 400, 400, 403, 401, 401])
  return ones
}

test('B-07, B-15: no page of the console, and no refusal, can be framed, opens itself to others, is kept, or runs anything that is not served with it', async () => {
  const o = await consoleOffice()
  const { ref } = await o.asked(PEOPLE.ida.email)
  for (const { headers, html, url } of await pages(o, ref)) {
    const policy = Object.fromEntries((headers.get('content-security-policy') ?? '').split('; ').map((rule) => [rule.split(' ')[0], rule]))
    expect(policy, url.href).toMatchObject({
      'default-src': "default-src 'none'",
      'script-src': "script-src 'self'",
      'style-src': "style-src 'self'",
      'img-src': "img-src 'self'",
      'connect-src': "connect-src 'self'",
      'base-uri': "base-uri 'none'",
      'frame-ancestors': "frame-ancestors 'none'",
      'form-action': expect.stringMatching(/^form-action 'self'(?: https:\/\/login\.acme\.example)?$/),
    })
    expect(Object.fromEntries(headers), url.href).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'strict-transport-security': expect.stringMatching(/^max-age=\d{7,}/),
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': expect.stringContaining('camera=()'),
      'referrer-policy': 'same-origin',
      'cache-control': 'no-store',
    })
    expect(html).not.toMatch(/<script(?! src="\/console\/assets\/)|<style|<iframe|<object|<embed|<base| on\w+="| style="|javascript:/i)
    for (const [, address = ''] of html.matchAll(/ (?:src|href|action|formaction)="([^"]*)"/g))
      expect(address).toMatch(/^(?:\/console(?:[/?]|$)|#main$)/)
  }
})

test('B-15: where the console leads on, nothing is kept or told to where it leads', async () => {
  const o = await consoleOffice()
  o.provider.is(PEOPLE.ada)
  const browser = o.browser()
  const sent = await browser.visit(`${CONSOLE}/sign-in`, { follow: false })
  const back = await browser.visit(sent.headers.get('location')!, { follow: false })
  const entered = await browser.visit(back.headers.get('location')!, { follow: false })
  const turned = await o.browser().visit(`${CONSOLE}/requests/xxxxxxxxxxxx`, { follow: false })
  for (const { status, headers } of [sent, entered, turned])
    expect([status, headers.get('cache-control'), headers.get('referrer-policy')]).toEqual([303, 'no-store', 'no-referrer'])
  for (const asset of ['console.css', 'console.js', 'icon.svg']) {
    const { headers } = await browser.visit(`${CONSOLE}/assets/${asset}`)
    expect([headers.get('x-content-type-options'), headers.get('cross-origin-resource-policy')]).toEqual(['nosniff', 'same-origin'])
  }
})

test('B-14: no page, form or endpoint of the Authority is opened to another site’s script, asked ahead or not', async () => {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  const { id, ref } = await o.asked()
  const paths = [
    ...[
      '/console',
      '/console/requests',
      `/console/requests/${ref}`,
      '/console/requests/events',
      `/console/requests/${ref}/approve`,
      '/console/sign-in',
      '/console/callback',
    ],
    ...['/console/sign-out', '/console/account', '/console/authorizations/end', '/console/assets/console.js', '/console/nothing'],
    ...[
      '/issuance',
      `/issuance/${id}`,
      '/validate',
      '/authorization/check',
      '/authorization/close',
      '/.well-known/agentpass-authority',
      '/.well-known/jwks.json',
    ],
  ]
  const cookie = [...ada.jar()].map((pair) => pair.join('=')).join('; ')
  for (const origin of ['https://evil.example', 'null', AUTHORITY])
    for (const path of paths)
      for (const method of ['OPTIONS', 'GET', 'POST']) {
        const ahead = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }
        const answer = await o.call(method, path, { headers: { origin, cookie, ...(method === 'OPTIONS' && ahead) } })
        const opened = [...answer.headers.keys()].filter((name) => name.startsWith('access-control-') || name.startsWith('timing-allow'))
        expect([method, path, opened]).toEqual([method, path, []])
        if (method === 'OPTIONS') expect([path, answer.status]).toSatisfy(([, status]) => status === 405 || status === 404)
        await answer.body?.cancel()
      }
  expect(await o.standsAt(ref)).toBe('pending')
  expect((await ada.send(`/requests/${ref}`, '/approve')).status).toBe(303)
})
