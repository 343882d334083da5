/** Names that no database is asked for in good faith, at the console's doors. */
import { expect, test } from 'vitest'
import { consoleOffice, formOf, PEOPLE } from '../console-client.ts'
import { AUTHORITY } from '../parties.ts'

const NAMES = ['%00', 'a%00b', '%ED%A0%80', '%F0%9F%98%80', '%FF', "'", '%27%20or%201=1', '%5C', '%25', 'x'.repeat(3000)]

test('whatever names a page is asked about, there is nothing of that name, and the Authority does not fail', async () => {
  const o = await consoleOffice()
  const ida = await o.signedIn(PEOPLE.ida)
  const { ref } = await o.asked(PEOPLE.ida.email)
  const { fields } = formOf(await ida.open(`/requests/${ref}`), '/approve')
  for (const name of NAMES) {
    for (const path of [
      `/requests/${name}`,
      `/requests?status=${name}`,
      `/requests?before=${name}`,
      `/requests/${ref}?done=${name}`,
      `/audit?q=${name}`,
      `/audit?before=${name}`,
    ])
      expect([path, (await ida.open(path, { follow: false })).status]).toEqual([
        path,
        path.startsWith('/requests/%') || path.startsWith('/requests/a') || path.startsWith("/requests/'") || path.startsWith('/requests/x')
          ? 403
          : 200,
      ])
    for (const by of ['key_thumbprint', 'user_email', 'service_origin', 'user', 'service', name])
      for (const path of [`/authorizations?by=${by}&is=${name}`, `/authorizations/end?by=${by}&is=${name}`])
        expect([path, (await ida.open(path, { follow: false })).status]).toEqual([
          path,
          expect.toSatisfy((status) => status === 200 || status === 400),
        ])
  }
  for (const text of ['\0', 'a\0b', '\ufffd', '😀', 'x'.repeat(3000)]) {
    const post = (path: string, more: object) => ida.open(path, { form: { ...fields, ...more }, headers: { origin: AUTHORITY }, follow: false })
    const answers = await Promise.all([
      post(`/requests/${ref}/approve`, { digest: text }),
      post(`/requests/${ref}/approve`, { [`scope:${text}`]: 'on' }),
      post(`/requests/${ref}/challenge`, { [`scope:${text}`]: 'on', digest: text }),
      post(`/requests/${encodeURIComponent(text)}/deny`, { reason: text }),
      post('/account/passkeys/remove', { id: text }),
      post('/harness-keys/remove', { thumbprint: text }),
      post('/harness-keys', { thumbprint: text, name: text }),
      post('/sessions/end', { email: text }),
      ...['key_thumbprint', 'user', 'service', text].map((by) => post('/authorizations/end', { by, is: text })),
    ])
    for (const { status, url } of answers)
      expect([text.slice(0, 9), url.pathname.slice(0, 40), status]).toEqual([
        text.slice(0, 9),
        expect.any(String),
        expect.toSatisfy((s) => s >= 400 && s < 500),
      ])
  }
  expect([(await ida.send(`/requests/${ref}`, '/approve')).status, await o.standsAt(ref)]).toEqual([303, 'approved'])
})

test('whatever a provider says of somebody beside their address, they are signed in, and see it as text', async () => {
  const o = await consoleOffice()
  for (const name of ['\0', 'A\0da', '\ud800', '😀'.repeat(500), '<b>Ada</b>']) {
    const ada = await o.signedIn({ ...PEOPLE.ada, name, groups: [name, name, 'support', ''] })
    const page = await ada.open('/account')
    expect([page.status, page.html.includes('<b>Ada')]).toEqual([200, false])
  }
})
