import { expect, test } from 'vitest'
import { ISSUER, openDesk } from './world-desk-gateway.ts'

/** What a page says, without its markup. */
const textOf = async (page: Response) => (await page.text()).replace(/<[^>]*>/g, '').replace(/\s+/g, ' ')

test('every page says who is signed in, through which agent and for which task', async () => {
  const { call } = openDesk()
  for (const path of ['/', '/tickets/1001', '/nothing']) {
    expect(await textOf(await call(path)), path).toContain('signed in as ada@acme.localhost · through agent agent-7 for task task-1')
  }
})
test('the list shows the tickets and filters them', async () => {
  const { call } = openDesk()
  expect(await textOf(await call('/'))).toContain('VPN drops every hour')
  const closed = await textOf(await call('/?status=closed'))
  expect(closed).toContain('Laptop does not wake up')
  expect(closed).not.toContain('VPN drops every hour')
})
test('a ticket’s forms comment and close it, and lead back to it', async () => {
  const { call, submit } = openDesk()
  const commented = await submit('/tickets/1002/comments', { body: 'Tried vpn-3:\nit holds.' }, { origin: ISSUER })
  expect([commented.status, commented.headers.get('location')]).toEqual([303, '/tickets/1002'])
  expect((await submit('/tickets/1002/close', {}, { 'sec-fetch-site': 'same-origin', origin: 'null' })).status).toBe(303)
  const page = await call('/tickets/1002')
  const html = await page.text()
  expect(html).toContain('Tried vpn-3:\nit holds.')
  expect(html).toContain('<bdi>ada@acme.localhost</bdi> via agent <bdi>agent-7</bdi>')
  expect(html).not.toContain('action="/tickets/1002/close"')
  expect((await submit('/tickets/1002/comments', { body: ' ' })).status).toBe(400)
})
test('a reader who may not write is offered no form', async () => {
  const { call } = openDesk()
  expect(await (await call('/tickets/1002', { as: { scope: 'tickets:read' } })).text()).not.toContain('<form')
})
test('another site cannot use a browser’s session to change something', async () => {
  const { call, submit } = openDesk()
  for (const foreign of [
    { origin: 'https://evil.localhost' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]) {
    expect((await submit('/tickets/1002/close', {}, foreign)).status).toBe(403)
    expect((await call('/api/tickets/1002/close', { method: 'POST', headers: foreign })).status).toBe(403)
    expect((await call('/tickets/1002', { headers: foreign })).status, 'reading').toBe(200)
  }
})
test('what people write is shown as text, never as markup', async () => {
  const { call, post } = openDesk()
  const markup = '<script>alert(1)</script>"><img src=x>'
  await post('/api/tickets', { title: markup, body: markup })
  await post('/api/tickets/1007/comments', { body: markup })
  const sub = '<b>@acme.localhost'
  for (const path of ['/', '/tickets/1007', '/nothing']) {
    const html = await (await call(path, { as: { sub } })).text()
    expect(html).not.toMatch(/<script|<img|<b>/)
    expect(html).toContain('&lt;b&gt;@acme.localhost')
  }
})
test('every answer has the strict headers, and nothing but style and icon may be kept', async () => {
  const { desk, call } = openDesk()
  const answers = [
    call('/'),
    call('/tickets/1001'),
    call('/nothing'),
    call('/api/me'),
    call('/api/tickets/1001', { method: 'PUT' }),
    desk.request('/'),
  ]
  for (const answer of await Promise.all(answers)) {
    const policy = answer.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'; style-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect([answer.headers.get('cache-control'), answer.headers.get('x-content-type-options')]).toEqual(['no-store', 'nosniff'])
  }
  for (const [path, type] of Object.entries({ '/style.css': 'text/css; charset=utf-8', '/icon.svg': 'image/svg+xml' })) {
    const file = await call(path)
    expect([file.status, file.headers.get('content-type'), file.headers.get('cache-control')]).toEqual([200, type, 'private, max-age=300'])
  }
  expect(await (await call('/tickets/1001')).text()).not.toMatch(/ style=|<style|<script| on[a-z]+=/)
})
