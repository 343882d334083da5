/** The page of this machine that begins a browser session. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Initialization } from '../harness/initialize.ts'
import { openPage } from '../harness/node/page.ts'
import { systemRandom } from '../spec/node/settings.ts'
import { DESK, ONE_TIME } from './harness-rig.ts'

const POST: Initialization = { url: `${DESK}/initialize?k=v`, method: 'POST', fields: { token: ONE_TIME } }

async function opened(initialization = POST) {
  const page = await openPage({ random: systemRandom }, initialization)
  onTestFinished(page.close)
  return page
}
/** One request as it is written, nothing followed. */
async function ask(address: string, options: { method?: string; path?: string; headers?: Record<string, string> } = {}) {
  const { hostname, port, pathname } = new URL(address)
  const [response] = await once(request({ hostname, port, path: pathname, ...options }).end(), 'response')
  let body = ''
  for await (const part of response) body += part
  return { status: response.statusCode, headers: response.headers, body }
}

test('the first load gets a form that submits itself to the service, any later one 410 [HAR-BRW-01 HAR-BRW-03]', async () => {
  const page = await opened()
  const { status, headers, body } = await ask(page.address)
  expect(status).toBe(200)
  expect(body).toContain(`<form method="post" action="${DESK}/initialize?k=v"`)
  expect(body).toContain(`<input type="hidden" name="token" value="${ONE_TIME}">`)
  expect(body).toMatch(/<noscript><button>[^<]+<\/button><\/noscript>/)
  const [, nonce] = /<script nonce="([\w-]{22})">HTMLFormElement\.prototype\.submit\.call\(document\.forms\[0\]\)<\/script>/.exec(body)!
  expect(headers['content-security-policy']).toBe(
    `default-src 'none'; script-src 'nonce-${nonce}'; form-action https:; base-uri 'none'; frame-ancestors 'none'`,
  )
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' })
  await page.loaded
  expect(await ask(page.address)).toMatchObject({ status: 410, body: '' })
  expect(page.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}$/)
})

test.each<[string, number, Parameters<typeof ask>[1]]>([
  ['names another host', 403, { headers: { host: 'evil.example' } }],
  ['names this machine otherwise', 403, { headers: { host: 'localhost' } }],
  ['guesses the path', 404, { path: '/' }],
  ['asks for an icon', 404, { path: '/favicon.ico' }],
  ['asks for the head', 405, { method: 'HEAD' }],
  ['posts', 405, { method: 'POST' }],
  ['looks ahead', 503, { headers: { 'sec-purpose': 'prefetch;prerender' } }],
  ['looks ahead as browsers did', 503, { headers: { purpose: 'prefetch' } }],
])('who %s gets nothing and spends nothing', async (_, status, options) => {
  const page = await opened()
  expect(await ask(page.address, options)).toMatchObject({ status, body: '' })
  expect(await ask(page.address)).toMatchObject({ status: 200 })
})

test('of two who load it at once, one gets it', async () => {
  const page = await opened()
  const answers = await Promise.all([ask(page.address), ask(page.address), ask(page.address)])
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 410, 410])
})

test('what a service writes into its fields stays text', async () => {
  const page = await opened({ url: `${DESK}/?a="><script>`, method: 'POST', fields: { '"><script>x</script>': `'"<&>\r\n` } })
  const { body } = await ask(page.address)
  expect(body).toContain('name="&#34;&#62;&#60;script&#62;x&#60;/script&#62;" value="&#39;&#34;&#60;&#38;&#62;&#13;&#10;"')
  expect(body.match(/<script/g)).toHaveLength(1)
})

test('a URL that is to be loaded is where the browser is sent, once', async () => {
  const page = await opened({ url: `${DESK}/begin?t=${ONE_TIME}#here`, method: 'GET', fields: {} })
  const { status, headers } = await ask(page.address)
  expect([status, headers.location, headers['referrer-policy']]).toEqual([303, `${DESK}/begin?t=${ONE_TIME}#here`, 'no-referrer'])
  expect((await ask(page.address)).status).toBe(410)
})

test('closing ends whoever is still there, and nobody hears anything any more', async () => {
  const page = await opened()
  const { hostname, port } = new URL(page.address)
  const slow = connect(Number(port), hostname)
  await once(slow, 'connect')
  slow.write('GET / HTTP/1.1\r\n')
  await ask(page.address)
  await page.close()
  await once(slow.resume(), 'close')
  await expect(ask(page.address)).rejects.toThrow('ECONNREFUSED')
})
