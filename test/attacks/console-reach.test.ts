/** The attacks on whom the console lets see and decide what: E-05, E-06, E-10, M-16 and M-17. */
import SQLite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { createLog } from '../../spec/node/log.ts'
import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { callers, refusal } from '../authority-rig.ts'
import {
  CONSOLE,
  COOKIE,
  consoleOffice,
  createBrowser,
  ERRAND,
  formOf,
  type Insider,
  type Office,
  type Page,
  PEOPLE,
  ROLES,
  textOf,
} from '../console-client.ts'
import { challengeFor, createPasskey, enrolled } from '../console-passkey.ts'
import { signInThere } from '../fake-provider.ts'
import { AUTHORITY, SERVICE, startAuthority } from '../parties.ts'

/** Every statement that a page may run, from now on. To be called before the database is opened. */
function listen() {
  const ran: string[] = []
  const { prepare } = SQLite.prototype
  onTestFinished(() => void Object.assign(SQLite.prototype, { prepare }))
  Object.assign(SQLite.prototype, {
    prepare(this: SQLite.Database, text: string) {
      const statement = prepare.call(this, text)
      for (const name of ['all', 'run', 'get', 'iterate'] as const) {
        const run = statement[name].bind(statement) as (...values: unknown[]) => unknown
        Object.assign(statement, {
          [name]: (...values: unknown[]) => {
            ran.push(text)
            return run(...values)
          },
        })
      }
      return statement
    },
  })
  const isOfPages = (text: string) =>
    /^(?:select|update|insert|delete).*"(?:request|console_session|pass|authorization|passkey|person_group)"/s.test(text)
  const isChore = (text: string) => text.includes('"expires_at" <=') || text.includes('update "console_session"')
  return {
    during: async <T>(act: () => Promise<T>) => {
      ran.length = 0
      const result = await act()
      return { result, statements: ran.filter((text) => isOfPages(text) && !isChore(text)) }
    },
  }
}

const UNKNOWN = 'AAAAAAAAAAAA'

/** All that names a request, and what somebody sees of it without its name. */
const asks = (who: Insider, ref: string, form: Record<string, string>) =>
  ['', '?done=approved', '/approve', '/deny', '/revoke', '/narrow', '/challenge'].map((verb) => async () => {
    const want = verb.startsWith('/') ? { form, headers: { origin: AUTHORITY } } : {}
    const { status, html, headers } = await who.open(`/requests/${ref}${verb}`, { ...want, follow: false })
    return { verb, status, html: html.replaceAll(ref, 'REF'), headers: [...headers].filter(([name]) => name !== 'date') }
  })

test('E-05: whose request is not theirs to see cannot tell it from one that does not exist: by status, page or number of statements', async () => {
  const heard = listen()
  const o = await consoleOffice()
  const [ada, ben] = [await o.signedIn(PEOPLE.ada), await o.signedIn(PEOPLE.ben)]
  const others = [(await o.asked()).ref, (await o.show((await o.redeemed({ user: { email: PEOPLE.ada.email } })).id)).ref]
  const { digest } = await o.show(others[0]!)
  const form = { ...formOf(await ben.open('/account'), '/sign-out').fields, digest, 'scope:tickets:read': 'on' }
  const probe = (ref: string) =>
    Promise.all([]).then(async () => {
      const told = []
      for (const ask of asks(ben, ref, form)) told.push(await heard.during(ask))
      return told
    })
  const unknown = await probe(UNKNOWN)
  expect(unknown.map(({ result }) => result.status)).toEqual(Array(7).fill(403))
  for (const { statements } of unknown) expect(statements.length).toBeGreaterThan(0)
  for (const ref of others) expect(await probe(ref)).toEqual(unknown)
  const own = await heard.during(async () => (await ada.open(`/requests/${others[0]}`)).status)
  expect([own.result, own.statements.length > unknown[0]!.statements.length]).toEqual([200, true])
  expect((await ada.send(`/requests/${others[0]}`, '/approve')).status).toBe(303)
})

test('E-05: guessing gets nowhere: no name that is made up finds a request, and what is no name is answered as one', async () => {
  const o = await consoleOffice()
  const ben = await o.signedIn(PEOPLE.ben)
  const { ref } = await o.asked()
  const guesses = [
    ref.toLowerCase(),
    ref.slice(0, 11),
    `${ref}A`,
    `${ref}%00`,
    ref.replace(/.$/, '_'),
    '%',
    '_'.repeat(12),
    '*',
    '..',
    '%2e%2e',
    "'%20or%201=1--",
    'x'.repeat(5000),
  ]
  for (const guess of guesses) {
    const { status } = await ben.open(`/requests/${guess}`, { follow: false })
    expect([guess, status]).toEqual([guess, /^(?:\.\.|%2e%2e)$/.test(guess) ? expect.toSatisfy((s) => s === 303 || s === 404) : 403])
  }
  const ada = await o.signedIn(PEOPLE.ada)
  expect((await ada.open(`/requests/${ref}`)).status).toBe(200)
})

test('E-06: nobody learns from a list, an end or a sign-out who has anything here, but who may see them', async () => {
  const heard = listen()
  const o = await consoleOffice()
  const ben = await o.signedIn(PEOPLE.ben)
  await o.redeemed({ user: { email: PEOPLE.ada.email } })
  const { fields } = formOf(await ben.open('/account'), '/sign-out')
  const told = async (email: string) => {
    const is = encodeURIComponent(email)
    const all = []
    for (const ask of [
      () => ben.open(`/authorizations?by=user_email&is=${is}`),
      () => ben.open(`/authorizations/end?by=user&is=${is}`),
      () => ben.open('/authorizations/end', { form: { ...fields, by: 'user', is: email }, headers: { origin: AUTHORITY }, follow: false }),
      () => ben.open('/sessions/end', { form: { ...fields, email }, headers: { origin: AUTHORITY }, follow: false }),
    ])
      all.push(
        await heard.during(async () => {
          const { status, html } = await ask()
          return [status, html.replaceAll(email, 'WHO').replaceAll(is, 'WHO').replaceAll(email.replace('@', '&#64;'), 'WHO')]
        }),
      )
    return all
  }
  const unknown = await told('zoe@acme.example')
  expect(unknown.map(({ result }) => result[0])).toEqual([200, 200, 303, 403])
  expect(await told(PEOPLE.ada.email)).toEqual(unknown)
  const ada = await o.signedIn(PEOPLE.ada)
  expect(textOf(await ada.open('/authorizations'))).toContain('test-harness') // what was asked above ended nothing of hers
  expect((await ada.send(`/authorizations/end?by=user&is=${PEOPLE.ada.email}`, '/authorizations/end')).status).toBe(303)
  expect(textOf(await ada.open('/authorizations'))).not.toContain('test-harness')
})

test('M-16: nothing but the cookie of a session opens the console: no bearer, digest, form token, id, pass or admin token', async () => {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  const value = ada.jar().get(COOKIE)!
  const { id, ref, digest } = await o.asked()
  const { fields } = formOf(await ada.open(`/requests/${ref}`), '/approve')
  const [session] = await o.database<{ console_session: { digest: string } }>().read.selectFrom('console_session').selectAll().execute()
  const junk = [
    '',
    'junk',
    session!.digest,
    fields.form_token!,
    id,
    ref,
    digest,
    o.authority.opening.adminToken,
    value.slice(1),
    `${value}x`,
    `${value} `.trim().toLowerCase(),
    'null',
    '*',
    "' or '1'='1",
    'x'.repeat(3000),
  ]
  const { body: _, ...form } = { body: String(new URLSearchParams(fields)), 'content-type': 'application/x-www-form-urlencoded', origin: AUTHORITY }
  for (const token of junk)
    for (const headers of [
      { cookie: `${COOKIE}=${token}` },
      { cookie: `agentpass-console=${token || value}` },
      { authorization: `Bearer ${token || value}` },
    ]) {
      const page = await o.call('GET', `/console/requests/${ref}`, { headers })
      expect([token, headers, page.status]).toEqual([token, headers, 303])
      const sent = await o.call('POST', `/console/requests/${ref}/approve`, {
        body: String(new URLSearchParams(fields)),
        headers: { ...form, ...headers },
      })
      expect([token, headers, sent.status]).toEqual([token, headers, 401])
    }
  for (const authorization of [`Bearer ${value}`, `Bearer ${fields.form_token}`, 'Bearer junk', ''])
    expect(await refusal(await o.manage(`/requests/${ref}/approve`, { digest }, authorization))).toEqual([401, 'unauthenticated'])
  expect((await o.call('GET', '/console/requests', { headers: { cookie: `${COOKIE}=${o.authority.opening.adminToken}` } })).status).toBe(303)
  expect(await o.standsAt(ref)).toBe('pending')
  expect((await ada.send(`/requests/${ref}`, '/approve')).status).toBe(303)
})

test('M-17: who decides for one group decides nothing for another, nor does an auditor or admin decide at all; whoever may, does', async () => {
  const o = await consoleOffice()
  const who: [string, Insider][] = []
  for (const [name, person] of Object.entries(PEOPLE)) who.push([name, await o.signedIn(person)])
  const people = Object.fromEntries(who) as Record<keyof typeof PEOPLE, Insider>
  const may: Record<string, (keyof typeof PEOPLE)[]> = {
    [PEOPLE.ada.email]: ['ada', 'cleo'],
    [PEOPLE.dan.email]: ['dan', 'eve'],
    [PEOPLE.cleo.email]: ['cleo'],
  }
  for (const [user, deciders] of Object.entries(may)) {
    const { ref, digest } = await o.asked(user)
    const held = await o.show((await o.redeemed({ user: { email: user } })).id)
    const others = (Object.keys(PEOPLE) as (keyof typeof PEOPLE)[]).filter((name) => !deciders.includes(name))
    for (const name of others) {
      const form = { ...formOf(await people[name].open('/account'), '/sign-out').fields, digest, 'scope:tickets:read': 'on' }
      const status = async (path: string, more = {}) =>
        (await people[name].open(path, { form: { ...form, ...more }, headers: { origin: AUTHORITY }, follow: false })).status
      for (const verb of ['approve', 'deny', 'challenge'])
        expect([user, name, verb, await status(`/requests/${ref}/${verb}`)]).toEqual([user, name, verb, 403])
      if (name === 'ida') continue // an admin ends
      for (const verb of ['revoke', 'narrow'])
        expect([user, name, verb, await status(`/requests/${held.ref}/${verb}`, { digest: held.digest })]).toEqual([user, name, verb, 403])
      expect(await status('/authorizations/end', { by: 'user', is: user })).toBe(303) // all of it that is within reach: nothing
    }
    expect([await o.standsAt(ref), (await o.show(held.ref)).authorization?.state]).toEqual(['pending', 'active'])
    const last = people[deciders.at(-1)!]
    expect((await last.send(`/requests/${ref}`, '/approve')).status).toBe(303)
    expect((await last.send(`/requests/${held.ref}`, '/revoke')).status).toBe(303)
  }
})

test('what is ended at once ends as far as somebody reaches: an approver’s people, a requester’s own, and for an admin all', async () => {
  const o = await consoleOffice()
  const [ada, cleo, eve, audrey, ida] = [
    await o.signedIn(PEOPLE.ada),
    await o.signedIn(PEOPLE.cleo),
    await o.signedIn(PEOPLE.eve),
    await o.signedIn(PEOPLE.audrey),
    await o.signedIn(PEOPLE.ida),
  ]
  await o.signedIn(PEOPLE.ben)
  await o.signedIn(PEOPLE.dan)
  const holders = [PEOPLE.ada, PEOPLE.ben, PEOPLE.dan, PEOPLE.audrey].map(({ email }) => email)
  const give = async () =>
    Promise.all(
      holders.map(async (email) => ({
        email,
        waits: (await o.asked(email)).ref,
        unused: (await o.show((await o.approved({ user: { email } })).id)).ref,
        held: (await o.show((await o.redeemed({ user: { email } })).id)).ref,
      })),
    )
  const alive = async (given: Awaited<ReturnType<typeof give>>) => {
    const left = []
    for (const { email, waits, held, unused } of given) {
      const states = [await o.standsAt(waits), (await o.show(held)).authorization?.state]
      const passes = o.database<{ pass: { request_digest: string; revoked_at: number | null } }>().read.selectFrom('pass').selectAll()
      const pass = (await passes.execute()).find(({ request_digest: of }) => of.startsWith(unused))
      if (String(states) === 'pending,active' && pass?.revoked_at === null) left.push(email.split('@')[0])
      else expect([...states, pass?.revoked_at]).toEqual(['denied', 'revoked', expect.any(Number)])
    }
    return left
  }
  const end = async (who: Insider, by: string, is: string) =>
    (await who.send(`/authorizations/end?${new URLSearchParams({ by, is })}`, '/authorizations/end', { reason: 'enough' })).status
  for (const [who, left] of [
    [ada, ['ben', 'dan', 'audrey']],
    [cleo, ['dan', 'audrey']],
    [eve, ['ada', 'ben', 'audrey']],
    [audrey, ['ada', 'ben', 'dan']],
    [ida, []],
  ] as const) {
    const given = await give()
    expect(await alive(given)).toHaveLength(4)
    expect([await end(who, 'service', SERVICE), await alive(given)]).toEqual([303, left])
    expect(await end(ida, 'all', '')).toBe(303)
    expect(await alive(given)).toEqual([])
    for (const other of [ada, cleo, audrey]) expect((await other.open('/authorizations/end?by=all')).status).toBe(403)
  }
  const given = await give()
  expect([await end(cleo, 'user', PEOPLE.dan.email), await end(cleo, 'user', PEOPLE.ada.email)]).toEqual([303, 303])
  expect(await alive(given)).toEqual(['ben', 'dan', 'audrey'])
  const { fields } = formOf(await ada.open('/account'), '/sign-out')
  for (const [by, is] of [
    ['all', undefined],
    ['user', 'x'],
    ['user', ''],
    ['service', 'http://desk.example'],
    ['key_thumbprint', 'x'],
    ['', 'x'],
    ['authorization_id', 'x'],
  ]) {
    const { status } = await ada.open('/authorizations/end', {
      form: { ...fields, by: by!, ...(is !== undefined && { is }) },
      headers: { origin: AUTHORITY },
      follow: false,
    })
    expect([by, status]).toEqual([by, by === 'all' ? 403 : 400])
  }
  expect(await alive(given)).toEqual(['ben', 'dan', 'audrey'])
})

test('M-17: the session, the form and the errand of one Authority are worth nothing at another, where the same person signs in with the same provider', async () => {
  const o = await consoleOffice()
  const other = await beside(o)
  const elsewhere = `${other.origin}/console`
  o.provider.is(PEOPLE.ida)
  const browser = createBrowser(o.fetch)
  await browser.visit(`${CONSOLE}/requests`)
  await browser.visit(`${elsewhere}/requests`)
  const [here, there] = [browser.jar(), browser.jar(other.origin)]
  const [ours, theirs] = [here.get(COOKIE)!, there.get(COOKIE)!]
  there.set(COOKIE, ours)
  expect((await browser.visit(`${elsewhere}/requests`, { follow: false })).status).toBe(303)
  there.set(COOKIE, theirs)
  const page = await browser.visit(`${elsewhere}/harness-keys`)
  expect(page.status).toBe(200)
  const { form_token } = formOf(await browser.visit(`${CONSOLE}/account`), '/sign-out').fields
  const key = { name: 'Key', thumbprint: 'k'.repeat(43) }
  expect((await browser.submit(page, '/harness-keys', { ...key, form_token })).status).toBe(403)
  expect((await browser.submit(page, '/harness-keys', key, { headers: { origin: AUTHORITY } })).status).toBe(403)
  const { ref } = await o.asked(PEOPLE.ida.email)
  expect((await browser.visit(`${CONSOLE}/requests/${ref}`)).status).toBe(200)
  expect((await browser.visit(`${elsewhere}/requests/${ref}`)).status).toBe(403)
  const sent = await browser.visit(`${CONSOLE}/sign-in`, { follow: false })
  const back = await browser.visit(sent.headers.get('location')!, { follow: false })
  there.set(ERRAND, here.get(ERRAND)!)
  there.delete(COOKIE)
  const finished = await browser.visit(back.headers.get('location')!.replace(CONSOLE, elsewhere), { follow: false })
  expect([finished.status, there.has(COOKIE)]).toEqual([401, false])
  there.set(COOKIE, theirs)
  expect((await browser.submit(page, '/harness-keys', key)).status).toBe(303)
})

/** Another Authority of another tenant, on the same internet, whose people sign in with the same provider. */
async function beside(o: Office) {
  const origin = 'https://authority.beta.example'
  const settings = { authority: origin, domains: ['beta.example'], console: { sign_in: signInThere, roles: ROLES } }
  const opened = await startAuthority(o.net, { ...o.net, log: createLog('other', 'silent') }, settings)
  return { origin, ...callers(opened, opened.opening.adminToken) }
}

test('E-10: no cookie, code, token, secret of a sign-in, number or passkey’s answer is in a log, the trail, the metrics, an address or a refusal', async () => {
  const rules = [{ require: 'passkey' }]
  const o = await consoleOffice({ console: { number_matching: 'always', step_up: { rules } } })
  o.provider.is(PEOPLE.ada)
  const browser = o.browser()
  const pages: string[] = []
  const seen = async (page: Promise<Page>) => {
    const { url, html, headers } = await page
    const to = headers.get('location') ?? ''
    pages.push(url.href, html.replace(/name="form_token" value="[^"]*"/g, ''), to.startsWith('https://login') ? '' : to)
    return page
  }
  const secrets: Record<string, string> = {}
  const sent = await browser.visit(`${CONSOLE}/sign-in`, { follow: false })
  secrets.errand = browser.jar().get(ERRAND)!
  const back = new URL((await browser.visit(sent.headers.get('location')!, { follow: false })).headers.get('location')!)
  secrets.code = back.searchParams.get('code')!
  secrets.state = back.searchParams.get('state')!
  await o.browser().visit(back, { follow: false }) // refused: it is not theirs
  await browser.visit(back, { follow: false })
  const ada = await o.signedIn(PEOPLE.ada, browser)
  const bought = o.provider.asked.filter(({ at }) => at === 'token').map(({ members }) => members)
  Object.assign(secrets, {
    cookie: browser.jar().get(COOKIE)!,
    verifier: bought[0]!.get('code_verifier')!,
    idToken: o.provider.signed.at(-1)!,
    nonce: o.provider.asked[0]!.members.get('nonce')!,
  })
  secrets.formToken = formOf(await ada.open('/account'), '/sign-out').fields.form_token!
  const passkey = createPasskey()
  expect((await seen(enrolled(ada, passkey))).status).toBe(303)
  const { id, ref } = await o.asked()
  const number = String(IssuanceStatus.parse(await (await o.status(id)).json()).approval_number)
  const page = await seen(ada.open(`/requests/${ref}`))
  const wrongly = passkey.signs('x'.repeat(43))
  await seen(ada.submit(page, '/approve', { number: number === '10' ? '11' : '10', assertion: JSON.stringify(wrongly) }))
  await seen(ada.submit(page, '/approve', { number, form_token: 'another' }))
  const assertion = passkey.signs(await challengeFor(ada, page))
  const approved = await seen(ada.submit(page, '/approve', { number, assertion: JSON.stringify(assertion) }))
  expect([approved.status, await o.standsAt(ref)]).toEqual([303, 'approved'])
  await seen(ada.open(`/requests/${ref}`))
  await seen(ada.open('/account'))
  const events = await o.trail()
  Object.assign(secrets, { refusedSignature: wrongly.response.signature, requestId: id })
  const left = await ada.send('/requests', '/sign-out')
  expect(left.status).toBe(303)
  const metrics = await (await o.manage('/metrics')).text()
  const trail = JSON.stringify(events)
  const told = { log: o.lines.join('\n'), trail, metrics, pages: pages.join('\n') }
  expect(o.lines.length).toBeGreaterThan(3)
  expect(trail).toContain(assertion.response.signature) // an approval's own is kept, to be verified again
  for (const [where, text] of Object.entries({ ...told, log: `${told.log}` }))
    for (const [name, secret] of Object.entries({ ...secrets, ...(where !== 'trail' && { signature: assertion.response.signature }) }))
      expect([where, name, text.includes(secret)]).toEqual([where, name, false])
  expect(events.flatMap((event) => Object.values(event)).filter((value) => value === number || value === Number(number))).toEqual([])
  expect(o.lines.filter((line) => new RegExp(`number"?:"?${number}\\b`).test(line))).toEqual([])
  const database = JSON.stringify(
    await Promise.all(
      ['console_session', 'passkey', 'request'].map((table) => o.database<Record<string, object>>().read.selectFrom(table).selectAll().execute()),
    ),
  )
  for (const name of ['cookie', 'code', 'idToken', 'formToken', 'verifier']) expect([name, database.includes(secrets[name]!)]).toEqual([name, false])
})
