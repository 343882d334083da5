/** The attacks on the console's pages and forms: B-04 and B-06 to B-15. */
import { expect, test } from 'vitest'
import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { refusal } from '../authority-rig.ts'
import { CONSOLE, consoleOffice, formOf, type Insider, type Office, PEOPLE, textOf } from '../console-client.ts'
import { configurationOf } from '../fake-service.ts'
import { AUTHORITY, SERVICE } from '../parties.ts'

const FORM = 'application/x-www-form-urlencoded'

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

const PAYLOADS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'><svg onload=alert(1)>",
  '</pre></figure><form action=https://evil.example method=post><button>Approve</button></form>',
  '<a href="javascript:alert(1)">x</a>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '<!--<img src="--><img src=x onerror=alert(1)>//">',
  '{{7*7}} <%= 7*7 %> <?= 7*7 ?>',
  '![](http://evil.example/x.png) [x](http://evil.example) http://evil.example/ <http://evil.example>',
  '<meta http-equiv=refresh content="0;url=//evil.example"><base href=//evil.example><link rel=stylesheet href=//evil.example>',
  '\u0000<script\u0000>alert(1)</script>',
]

/** The elements of a page with the names of their attributes: what text must never change. */
const shapeOf = (html: string): string[] => [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/="[^"]*"/g, '='))

/** Pages on which somebody else's text stands, where all of it is this text. */
async function written(text: string) {
  const o = await consoleOffice({ policy: { rules: [] } })
  const stored = text.replaceAll('\u0000', '')
  o.desk.pages.scopes = () =>
    Response.json({
      scopes: [
        { name: 'tickets:read', description: stored },
        { name: 'tickets:write', description: stored },
      ],
    })
  o.desk.pages.configuration = () => Response.json({ ...configurationOf(SERVICE), service: { origin: SERVICE, name: stored.slice(0, 200) } })
  const said = { agent: { id: stored }, harness: { id: stored }, task: { id: stored, description: text } }
  const audrey = await o.signedIn({ ...PEOPLE.audrey, name: stored, groups: ['security', stored] })
  const ada = await o.signedIn({ ...PEOPLE.ada, name: stored })
  const denied = await o.asked(PEOPLE.ada.email, said)
  o.pass(1)
  const withReason = await ada.send(`/requests/${denied.ref}`, '/deny', { reason: stored })
  expect(withReason.status).toBe(303)
  const held = await o.redeemed({ user: { email: PEOPLE.ada.email }, ...said })
  o.pass(1)
  const { ref } = await o.asked(PEOPLE.ada.email, said)
  const { ref: heldRef } = await o.show(held.id)
  await o.trail()
  const all = await Promise.all(
    [
      `/requests/${ref}`,
      '/requests',
      '/requests?status=all',
      `/requests/${denied.ref}`,
      `/requests/${heldRef}`,
      '/authorizations',
      '/account',
      '/audit',
    ].map((path) => audrey.open(path)),
  )
  const own = await ada.open(`/requests/${ref}`)
  const answered = await ada.submit(own, '/approve')
  expect([answered.status, await o.standsAt(ref)]).toEqual([303, 'approved'])
  return [...all, own, await audrey.open(`/audit?q=${encodeURIComponent(text)}`)].map(({ status, html, url }) => ({
    at: url.pathname.replace(/[\w-]{12}$/, ''),
    status,
    html,
  }))
}

test('B-08, B-10: markup, script, links and images in what an agent, a Harness, a Service, a person or the provider writes are text on every page, and change nothing of it', async () => {
  const benign = await written('benign')
  for (const payload of PAYLOADS) {
    const hostile = await written(payload)
    for (const [i, { at, status, html }] of hostile.entries()) {
      expect([payload, at, status]).toEqual([payload, at, 200])
      if (at !== '/console/audit') expect(shapeOf(html), `${payload} at ${at}`).toEqual(shapeOf(benign[i]!.html))
      expect(html).not.toMatch(/<(?:img|svg|form action=http|meta http-equiv="?refresh[^>]*evil|base|a href="(?:http|javascript))/)
    }
  }
})

const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
test.each<[string, string, string]>([
  ['turns text round', 'Answer \u202eedirevo\u202c \u2066x\u2069', '⟦RLO⟧'],
  ['is not seen', 'tick\u200bet \u00ad \ufeff \u{e0041}', '⟦ZWSP⟧'],
  ['moves a terminal', 'x\u001b[2J\u009b31m\u0007', '⟦ESC⟧'],
  ['ends a line in its own way', 'one\u2028two\u2029three', '⟦U+2028⟧'],
  ['pretends to be of the page', 'Approved by IT ✓\n\nNumber to type in: 42', 'Approved by IT ✓'],
])('B-09: text that %s is shown as what it is, and as written by the agent', async (_, text, seen) => {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  const { ref } = await o.asked(PEOPLE.ada.email, { task: { id: text.replaceAll('\u0000', ''), description: text }, harness: { id: text } })
  for (const page of [await ada.open(`/requests/${ref}`), await ada.open('/requests')]) {
    expect(page.html).not.toMatch(UNSEEN)
    expect(page.html).toContain(seen)
  }
  const page = await ada.open(`/requests/${ref}`)
  expect(page.html.slice(page.html.indexOf('ritten by the agent'))).toContain(seen)
  expect((await ada.submit(page, '/approve')).status).toBe(303)
})

test('B-09: a flood of lines or of text folds, so that the decision stays in sight, and one that is too long is not taken at all', async () => {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  for (const description of ['\n'.repeat(16_000), 'x'.repeat(16_384), 'line\n'.repeat(3000), `${'\n \t\r\n'.repeat(3000)}hidden`]) {
    const { ref } = await o.asked(PEOPLE.ada.email, { task: { id: 'flood', description } })
    const page = await ada.open(`/requests/${ref}`)
    const [, first = ''] = /<pre class="their" dir="ltr">(.*?)<\/pre>/s.exec(page.html) ?? []
    expect([first.length < 1000, first.split('\n').length < 15]).toEqual([true, true])
    expect((await ada.open('/requests')).html.length).toBeLessThan(10_000)
  }
  for (const [chars, status] of [
    [16_385, 400],
    [70_000, 413],
  ] as const)
    expect((await o.issue({ ...o.messageOf(PEOPLE.ada.email), task: { id: 't', description: 'x'.repeat(chars) } })).status).toBe(status)
})

test('B-12: nobody floods a person with requests: so many wait and no more, others are still heard, and each says from where and by how well known a Harness', async () => {
  const o = await consoleOffice({ limits: { issuances_per_minute: 1000, pending_per_user: 5 }, client_address_header: 'x-client' })
  const ada = await o.signedIn(PEOPLE.ada)
  const from = (email: string) => o.issue(o.messageOf(email), { 'x-client': '203.0.113.7' })
  const answers = await Promise.all(Array.from({ length: 50 }, () => from(PEOPLE.ada.email)))
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(5)
  for (const late of answers.filter(({ status }) => status !== 202)) expect(await refusal(late)).toEqual([429, 'rate_limited'])
  expect((await from(PEOPLE.ben.email)).status).toBe(202)
  const inbox = await ada.open('/requests')
  expect(textOf(inbox)).toContain('5 requests wait for you')
  const [, ref = ''] = /href="\/console\/requests\/([\w-]{12})"/.exec(inbox.html) ?? []
  const page = await ada.open(`/requests/${ref}`)
  expect(textOf(page)).toContain('Asked from 203.0.113.7')
  expect(textOf(page)).toMatch(/unverified.* nobody vouches for it.* chose its name itself/)
  expect((await ada.submit(page, '/deny')).status).toBe(303)
  expect((await from(PEOPLE.ada.email)).status).toBe(202)
})

const MATCHING = { console: { number_matching: 'always' } }
/** The number that a Harness shows for a request. */
const numberOf = async (o: Office, id: string): Promise<string> => String(IssuanceStatus.parse(await (await o.status(id)).json()).approval_number)
const wrong = (number: string): string[] => Array.from({ length: 90 }, (_, i) => String(10 + i)).filter((one) => one !== number)

test('B-12: where numbers are matched, nothing is approved without the one that the Harness shows, and no page shows it', async () => {
  const o = await consoleOffice(MATCHING)
  const ada = await o.signedIn(PEOPLE.ada)
  const { id, ref } = await o.asked()
  const number = await numberOf(o, id)
  expect(number).toMatch(/^[1-9][0-9]$/)
  const page = await ada.open(`/requests/${ref}`)
  expect(page.html).toContain('name="number"')
  expect(page.html.match(/value="\d\d"/)).toBeNull()
  const [first, second] = wrong(number)
  for (const [guess, status] of [
    [undefined, 403],
    ['', 403],
    [first, 403],
    [` ${number}`, 403],
    [number, 303],
  ] as const)
    expect([guess, (await ada.submit(page, '/approve', { number: guess })).status]).toEqual([guess, status])
  expect([await o.standsAt(ref), second]).toEqual(['approved', second])
})

test('B-12: the third wrong number denies the request, and the right one comes too late', async () => {
  const o = await consoleOffice(MATCHING)
  const ada = await o.signedIn(PEOPLE.ada)
  const { id, ref } = await o.asked()
  const number = await numberOf(o, id)
  const page = await ada.open(`/requests/${ref}`)
  for (const guess of wrong(number).slice(0, 3)) {
    expect(await o.standsAt(ref)).toBe('pending')
    expect((await ada.submit(page, '/approve', { number: guess })).status).toBe(403)
  }
  expect(await o.standsAt(ref)).toBe('denied')
  expect((await ada.submit(page, '/approve', { number })).status).toBe(409)
  expect(await o.standsAt(ref)).toBe('denied')
  const another = await o.asked()
  const right = await numberOf(o, another.id)
  expect((await ada.send(`/requests/${another.ref}`, '/approve', { number: right })).status).toBe(303)
})

test('B-12: all ninety numbers at once, at two instances, approve nothing but by one of the first three', async () => {
  const o = await consoleOffice(MATCHING)
  const ada = await o.signedIn(PEOPLE.ada)
  const second = await o.another()
  for (let round = 0; round < 3; round++) {
    const { id, ref } = await o.asked()
    const number = await numberOf(o, id)
    const { action, fields } = formOf(await ada.open(`/requests/${ref}`), '/approve')
    const cookie = [...ada.jar()].map((pair) => pair.join('=')).join('; ')
    const guess = (value: string, i: number) =>
      (i % 2 ? o : second).call('POST', action, {
        body: String(new URLSearchParams({ ...fields, number: value })),
        headers: { 'content-type': FORM, origin: AUTHORITY, cookie },
      })
    const answers = await Promise.all([...wrong(number), number].map(guess))
    expect(answers.filter(({ status }) => status === 303)).toEqual([])
    expect(await o.standsAt(ref)).toBe('denied')
  }
  const { id, ref } = await o.asked()
  o.pass(60)
  const ben = await o.signedIn(PEOPLE.cleo)
  expect((await ben.send(`/requests/${ref}`, '/approve', { number: await numberOf(o, id) })).status).toBe(303)
})

test('B-13: a decision is about what was shown: the digest of another request or of none decides nothing, and the right one does', async () => {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  const [one, other] = [await o.asked(), await o.asked(PEOPLE.ada.email, { task: { id: 'other', description: 'Delete all' } })]
  for (const verb of ['/approve', '/deny', '/challenge'])
    for (const [digest, status] of [
      [other.digest, 409],
      ['x', 409],
      [undefined, 400],
    ] as const) {
      const page = await ada.open(`/requests/${one.ref}`)
      const { fields } = formOf(page, '/approve')
      const sent = Object.fromEntries(Object.entries({ ...fields, digest }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
      const answer = await ada.open(`/requests/${one.ref}${verb}`, { form: sent, headers: { origin: AUTHORITY }, follow: false })
      expect([verb, digest, answer.status]).toEqual([verb, digest, status])
    }
  expect([await o.standsAt(one.ref), await o.standsAt(other.ref)]).toEqual(['pending', 'pending'])
  await o
    .database<{ request: { ref: string; shown: string; shown_digest: string } }>()
    .write((tx) => tx.updateTable('request').set({ shown_digest: 'changed-since' }).where('ref', '=', other.ref).execute())
  const page = await ada.open(`/requests/${one.ref}`)
  expect((await ada.submit(page, '/approve')).status).toBe(303)
  expect((await ada.submit(page, '/approve')).status).toBe(409)
  expect((await ada.submit(page, '/deny')).status).toBe(409)
  expect(await o.standsAt(one.ref)).toBe('approved')
})

test('B-13: of decisions that race, at two instances, one holds', async () => {
  const o = await consoleOffice()
  const second = await o.another()
  const [ada, cleo] = [await o.signedIn(PEOPLE.ada), await o.signedIn(PEOPLE.cleo)]
  for (let round = 0; round < 5; round++) {
    const { ref } = await o.asked()
    const sends = await Promise.all(
      [ada, cleo].map(async (who) => {
        const page = await who.open(`/requests/${ref}`)
        const headers = { 'content-type': FORM, origin: AUTHORITY, cookie: [...who.jar()].map((pair) => pair.join('=')).join('; ') }
        return ['/approve', '/deny'].map((verb) => {
          const { action, fields } = formOf(page, verb)
          return (at: typeof second | Office) => at.call('POST', action, { body: String(new URLSearchParams(fields)), headers })
        })
      }),
    )
    const answers = await Promise.all(sends.flat().flatMap((send) => [send(o), send(second)]))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, ...Array(7).fill(409)])
    const decided = (await o.trail()).filter((event) => event.event === 'decision' && event.request_ref === ref && event.outcome !== 'refused')
    expect(decided).toHaveLength(1)
  }
})

test('B-13, E-02: nobody approves a scope that was not offered, none at all, or leaves an authorization with more than it has', async () => {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  const { id, ref } = await o.asked()
  const page = await ada.open(`/requests/${ref}`)
  const none = { 'scope:tickets:read': undefined, 'scope:tickets:write': undefined }
  for (const more of [
    { 'scope:tickets:admin': 'on' },
    { 'scope:*': 'on' },
    { 'scope:': 'on' },
    { 'scope:TICKETS:READ': 'on' },
    { ...none, 'scope:admin': 'on' },
    none,
  ]) {
    const answer = await ada.submit(page, '/approve', more)
    expect([more, answer.status, await o.standsAt(ref)]).toEqual([more, 422, 'pending'])
  }
  expect((await ada.submit(page, '/approve', { 'scope:tickets:write': undefined })).status).toBe(303)
  const { agentpass } = IssuanceStatus.parse(await (await o.status(id)).json())
  expect(await (await o.validate(agentpass?.value, o.desk.bearer())).json()).toMatchObject({ scope: ['tickets:read'] })
  const held = await o.redeemed({ user: { email: PEOPLE.ada.email } })
  const { ref: heldRef } = await o.show(held.id)
  const holding = await ada.open(`/requests/${heldRef}`)
  for (const more of [{ 'scope:tickets:admin': 'on' }, none, { 'scope:*': 'on' }])
    expect((await ada.submit(holding, '/narrow', more)).status).toBe(422)
  expect((await ada.submit(holding, '/narrow', { 'scope:tickets:write': undefined })).status).toBe(303)
  expect((await ada.submit(holding, '/narrow')).status).toBe(422) // it does not get back what was taken
  expect((await o.show(heldRef)).authorization?.scope).toEqual(['tickets:read'])
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
