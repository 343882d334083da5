/** The attacks on the console’s cookies and forms: B-04 and B-06, and E-07. */
import { expect, test } from 'vitest'
import { CONSOLE, consoleOffice, formOf, type Insider, type Office, PEOPLE } from '../console-client.ts'
import { AUTHORITY } from '../parties.ts'

test('B-04: the console’s cookies have all flags and no Domain, when they are set and when they are taken away', async () => {
  const o = await consoleOffice()
  o.provider.is(PEOPLE.ada)
  const browser = o.browser()
  const sent = await browser.visit(`${CONSOLE}/sign-in`, { follow: false })
  const back = await browser.visit(sent.headers.get('location')!, { follow: false })
  const entered = await browser.visit(back.headers.get('location')!, { follow: false })
  const left = await browser.submit(await browser.visit(`${CONSOLE}/requests`), '/sign-out')
  const set = [sent, entered, left].flatMap(({ headers }) => headers.getSetCookie())
  expect(set.map((line) => line.replace(/=[^;]*/, '=').replace(/Max-Age=\d+/, 'Max-Age='))).toEqual(
    ['sign-in', 'sign-in', 'console', 'console'].map((name) => `__Host-agentpass-${name}=; Max-Age=; Path=/; HttpOnly; Secure; SameSite=Lax`),
  )
  expect(set.map((line) => Number(/Max-Age=(\d+)/.exec(line)?.[1]))).toEqual([900, 0, 36_000, 0])
})

/** Every form there is, as its own page would send it. */
async function forms(o: Office, ada: Insider, ida: Insider) {
  const waiting = await o.asked()
  const pass = await o.redeemed({ user: { email: PEOPLE.ada.email } })
  const held = await o.show(pass.id)
  const page = await ada.open(`/requests/${waiting.ref}`)
  const holding = await ada.open(`/requests/${held.ref}`)
  const keys = await ida.open('/harness-keys')
  const account = await ada.open('/account')
  const of = (who: Insider, { action, fields }: { action: string; fields: Record<string, string> }, more: Record<string, string> = {}) => ({
    who,
    path: action.replace('/console', ''),
    fields: { ...fields, ...more },
  })
  const challenge = { action: `/console/requests/${waiting.ref}/challenge`, fields: formOf(page, '/approve').fields }
  return {
    waiting,
    held,
    all: [
      of(ada, formOf(page, '/approve')),
      of(ada, formOf(page, '/deny')),
      of(ada, challenge),
      of(ada, formOf(holding, '/narrow'), { 'scope:tickets:write': '' }),
      of(ada, formOf(holding, '/revoke')),
      of(ada, formOf(await ada.open(`/authorizations/end?by=user&is=${PEOPLE.ada.email}`), '/authorizations/end')),
      of(ida, formOf(await ida.open('/authorizations/end?by=all'), '/authorizations/end')),
      of(ida, formOf(keys, '/harness-keys'), { name: 'Key', thumbprint: 'k'.repeat(43) }),
      of(ida, formOf(keys, '/sessions/end'), { email: PEOPLE.ada.email }),
      of(ada, { action: '/console/account/passkeys/challenge', fields: formOf(account, '/account/passkeys').fields }, { name: 'Key' }),
      of(ada, formOf(account, '/sign-out')),
    ],
  }
}

/** All that could have changed. */
async function state(o: Office) {
  const { read } = o.database<Record<string, Record<string, unknown>>>()
  const tables = ['request', 'pass', 'authorization', 'console_session', 'harness_key', 'passkey']
  const rows = await Promise.all(
    tables.map((table) =>
      read
        .selectFrom(table)
        .selectAll()
        .orderBy(table === 'harness_key' ? 'thumbprint' : 'rowid')
        .execute(),
    ),
  )
  return JSON.stringify(rows)
}

test('B-06: no form that comes from elsewhere, or that is not of this very session, decides anything; then the same form does', async () => {
  const o = await consoleOffice()
  const [ada, ida, ben] = [await o.signedIn(PEOPLE.ada), await o.signedIn(PEOPLE.ida), await o.signedIn(PEOPLE.ben)]
  const again = await o.signedIn(PEOPLE.ada)
  const { all, waiting, held } = await forms(o, ada, ida)
  const tokens = {
    ofBen: formOf(await ben.open('/account'), '/sign-out').fields.form_token!,
    ofAnother: formOf(await again.open('/account'), '/sign-out').fields.form_token!,
  }
  const before = await state(o)
  const own = { origin: AUTHORITY }
  for (const { who, path, fields } of all) {
    const { form_token, ...bare } = fields
    const tries: [string, number, { form?: Record<string, string> | string; headers?: Record<string, string>; method?: string }][] = [
      ['of another site', 403, { form: fields, headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } }],
      ['of a page that hides where it is', 403, { form: fields, headers: { origin: 'null' } }],
      ['of who does not say', 403, { form: fields }],
      ['of who only sends a referrer', 403, { form: fields, headers: { referer: CONSOLE } }],
      ['of the site in another case', 403, { form: fields, headers: { origin: AUTHORITY.toUpperCase() } }],
      ['of the site without TLS', 403, { form: fields, headers: { origin: AUTHORITY.replace('https', 'http') } }],
      ['of another port', 403, { form: fields, headers: { origin: `${AUTHORITY}:8443` } }],
      ['of a site below', 403, { form: fields, headers: { origin: AUTHORITY.replace('//', '//evil.') } }],
      ['of here, as a browser contradicts', 403, { form: fields, headers: { ...own, 'sec-fetch-site': 'cross-site' } }],
      ['of the same site only', 403, { form: fields, headers: { ...own, 'sec-fetch-site': 'same-site' } }],
      ['typed in', 403, { form: fields, headers: { ...own, 'sec-fetch-site': 'none' } }],
      ['without a token', 400, { form: bare, headers: own }],
      ['with an empty token', 400, { form: { ...bare, form_token: '' }, headers: own }],
      ['with another token', 403, { form: { ...bare, form_token: 'x'.repeat(43) }, headers: own }],
      ['with the token of somebody else', 403, { form: { ...bare, form_token: tokens.ofBen }, headers: own }],
      [
        'with the token of another session of theirs',
        403,
        { form: { ...bare, form_token: who === ida ? tokens.ofBen : tokens.ofAnother }, headers: own },
      ],
      ['with its token cut', 403, { form: { ...bare, form_token: form_token!.slice(0, -1) }, headers: own }],
      ['with two tokens', 400, { form: `${new URLSearchParams(fields)}&form_token=x`, headers: own }],
      ['as JSON in plain text', 415, { form: JSON.stringify(fields), headers: { ...own, 'content-type': 'text/plain' } }],
      ['as JSON', 415, { form: JSON.stringify(fields), headers: { ...own, 'content-type': 'application/json' } }],
      ['as plain text', 415, { form: `${new URLSearchParams(fields)}`, headers: { ...own, 'content-type': 'text/plain' } }],
      ['of several parts', 415, { form: '', headers: { ...own, 'content-type': 'multipart/form-data; boundary=x' } }],
      ['in the address', 405, { method: 'GET', headers: own }],
      ['as another method', 405, { method: 'PUT', form: fields, headers: own }],
    ]
    for (const [what, status, { headers, ...init }] of tries) {
      const page = await who.open(init.method === 'GET' ? `${path}?${new URLSearchParams(fields)}` : path, {
        ...init,
        headers: headers ?? {},
        follow: false,
      })
      const mayShow = init.method === 'GET' && /\/(?:authorizations\/end|harness-keys)$/.test(path) // a page of the same address
      expect([what, path, page.status]).toEqual([what, path, mayShow ? 200 : status])
    }
  }
  expect(await state(o)).toBe(before)
  const nobody = await o.browser().visit(CONSOLE + all[0]!.path, { form: all[0]!.fields, headers: own, follow: false })
  expect(nobody.status).toBe(401) // a cookie with SameSite=Lax does not come with another site's form
  expect(await state(o)).toBe(before)
  for (const { who, path, fields } of all) {
    const page = await who.open(path, { form: fields, headers: { ...own, 'sec-fetch-site': 'same-origin' }, follow: false })
    expect([path, page.status]).toSatisfy(([, status]) => [200, 303, 401, 409, 422].includes(status as number))
    if (path.endsWith('/approve')) expect([page.status, await o.standsAt(waiting.ref)]).toEqual([303, 'approved'])
    if (path.endsWith('/narrow')) expect((await o.show(held.ref)).authorization?.scope).toEqual(['tickets:read'])
    if (path.endsWith('/revoke')) expect((await o.show(held.ref)).authorization?.state).toBe('revoked')
  }
})

test('E-07: who begins to sign in, decides or looks on without end is told to wait, and others are not', async () => {
  const o = await consoleOffice({ client_address_header: 'x-client' })
  const [ada, cleo] = [await o.signedIn(PEOPLE.ada), await o.signedIn(PEOPLE.cleo)]
  const begin = (from: string) => o.browser().visit(`${CONSOLE}/sign-in`, { headers: { 'x-client': from }, follow: false })
  for (let i = 0; i < 60; i++) expect((await begin('203.0.113.7')).status).toBe(303)
  const late = await begin('203.0.113.7')
  expect([late.status, Number(late.headers.get('retry-after')) > 0, late.headers.get('content-type')]).toEqual([
    429,
    true,
    'text/html; charset=utf-8',
  ])
  expect((await o.browser().visit(`${CONSOLE}/callback?code=x`, { headers: { 'x-client': '203.0.113.7' } })).status).toBe(429)
  expect((await begin('203.0.113.8')).status).toBe(303)
  const { ref } = await o.asked()
  const page = await ada.open(`/requests/${ref}`)
  for (let i = 0; i < 120; i++) expect((await ada.submit(page, '/deny', { digest: 'x' })).status).toBe(409)
  expect((await ada.submit(page, '/deny')).status).toBe(429)
  const streams = async (who: Insider) => {
    const cookie = [...who.jar()].map((pair) => pair.join('=')).join('; ')
    const { status, body } = await o.call('GET', '/console/requests/events', { headers: { cookie } })
    return { status, close: () => body?.cancel() }
  }
  const open = []
  for (let i = 0; i < 12; i++) open.push(await streams(ada))
  const [more, other] = [await streams(ada), await streams(cleo)]
  expect([...open.map(({ status }) => status), more.status, other.status]).toEqual([...Array(12).fill(200), 429, 200])
  await open[0]!.close()
  const again = await streams(ada)
  expect(again.status).toBe(200)
  for (const { close } of [...open.slice(1), other, again]) await close()
  expect([(await cleo.send(`/requests/${ref}`, '/approve')).status, await o.standsAt(ref)]).toEqual([303, 'approved'])
})
