/** A mail goes through a real mail server, and its link opens the request in a real browser: for who signs in, and deciding nothing. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { request, statusOf } from '../console-rig.ts'
import { temporaryFolder } from '../folders.ts'
import { startPostfix } from '../postfix.ts'
import { createCertificateAuthority } from '../world/ca.ts'
import { choose, heading, opened, windowOf } from './console-people.ts'

test('a mail arrives through Postfix over TLS; its link is opened by anything and anybody, and the request waits for whoever signs in and decides', {
  timeout: 180_000,
}, async ({ skip }) => {
  const ca = await createCertificateAuthority()
  const postfix = await startPostfix({ tls: await ca.issue(['127.0.0.1']), domain: 'acme.localhost' })
  if (!postfix) return skip('Postfix is not here')
  const ca_file = join(temporaryFolder(), 'mail-ca.pem')
  writeFileSync(ca_file, ca.pem)
  const smtp = { host: '127.0.0.1', port: postfix.port, tls: 'starttls', ca_file }
  const at = await opened({ pages: { number_matching: 'off' }, authority: { notifications: { email: { from: 'agentpass@acme.localhost', smtp } } } })
  const { world } = at
  const ref = await request(world, { task: 'Answer ticket 1002\n.\nFrom here on' })
  await expect.poll(() => postfix.mails()).toHaveLength(1)
  const [mail] = postfix.mails()
  expect([mail?.to, mail?.from, mail?.headers.subject]).toEqual([
    world.user,
    'agentpass@acme.localhost',
    expect.stringMatching(/^An agent asks for access at desk\.localhost/),
  ])
  expect(mail?.raw).toMatch(/^Received: .*\r\n.*\(using TLSv1\.[23]|with ESMTPS/m)
  const text = mail?.parts.find(({ type }) => type.startsWith('text/plain'))?.text ?? ''
  const link = /https:\/\/\S+\/console\/requests\/\S+/.exec(text)?.[0] ?? ''
  expect(link).toBe(`${at.home}/requests/${ref}`)

  // Whatever looks at mails before people do follows their links.
  for (const method of ['GET', 'HEAD', 'GET', 'OPTIONS'])
    await world.harness.fetch(link, { method, redirect: 'manual', headers: { accept: 'text/html' } })
  const { page } = await windowOf(at)
  await page.goto(link)
  expect(await statusOf(world, ref)).toBe('pending')
  expect(await page.getByText('Answer ticket 1002').count()).toBe(0) // nothing is shown to who is not signed in
  await choose(page, 'Ada')
  await page.waitForURL(link)
  expect(await heading(page)).toMatch(/asks to act for you at/)
  for (let i = 0; i < 3; i++) await page.reload()
  for (const method of ['GET', 'HEAD']) await page.evaluate(([url, method]) => fetch(url, { method }), [link, method] as const)
  expect(await statusOf(world, ref)).toBe('pending')
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('status').waitFor()
  expect(await statusOf(world, ref)).toBe('approved')
  await expect.poll(() => postfix.mails()).toHaveLength(2)
  const [first, second] = postfix.mails()
  expect([second?.headers.subject?.split(':')[0], second?.headers['in-reply-to']]).toEqual(['Approved', first?.headers['message-id']])
})
