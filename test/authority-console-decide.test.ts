/** What an approval in the console asks of the approver: a recent sign-in, a passkey over this very approval, and what the audit trail keeps of it. */
import { expect, test } from 'vitest'
import { createVerifyEvent, verifyEvent } from '../authority/audit/verify-event.ts'
import { type Approved, approvedOf, challengeOf } from '../authority/console/approved.ts'
import { demandOf, demandOfAll } from '../authority/console/risk.ts'
import type { RiskSetting } from '../authority/console/settings.ts'
import { consoleOffice, formOf, type Office, PEOPLE } from './console-client.ts'
import { challengeFor, createPasskey, enrolled, ONLY_TOUCHED, type Passkey } from './console-passkey.ts'
import { AUTHORITY, SERVICE } from './parties.ts'
import { base64url } from './spec/jws-fixture.ts'

const OTHER = 'https://wiki.example'
const RULES: RiskSetting[] = [
  { scopes: ['read'], require: 'recent_sign_in' },
  { service: SERVICE, scopes: ['write', 'admin'], require: 'passkey' },
  { service: SERVICE, scopes: ['write'], require: 'recent_sign_in' },
  { service: OTHER, require: 'recent_sign_in' },
]
test.each<[string, string[], string]>([
  [SERVICE, ['plain'], 'sign_in'],
  [SERVICE, ['read'], 'recent_sign_in'],
  [SERVICE, ['write'], 'passkey'],
  [SERVICE, ['plain', 'read', 'write'], 'passkey'],
  [SERVICE, ['write', 'read', 'plain'], 'passkey'],
  [SERVICE, ['*'], 'passkey'],
  [SERVICE, [], 'sign_in'],
  [SERVICE, ['WRITE', 'write ', 'writ'], 'sign_in'],
  [OTHER, ['write'], 'recent_sign_in'],
  [OTHER, ['*'], 'recent_sign_in'],
  ['https://third.example', ['write'], 'sign_in'],
  ['https://third.example', ['*'], 'recent_sign_in'],
])('at %s the scopes %j ask for what the strictest of them does: %s', (origin, scopes, demand) => {
  expect(demandOfAll(RULES, { service: { origin } }, scopes)).toBe(demand)
  expect(demandOf([], origin, '*')).toBe('sign_in')
})

const SHOWN: Parameters<typeof approvedOf>[1] = {
  type: 'browser_session',
  service: { origin: SERVICE },
  user: { email: PEOPLE.ada.email },
  agent: { id: 'agent' },
  harness: { id: 'harness', tier: 'unverified' },
  task: { id: 'task', description: 'x', attested: false },
  destination: { url: `${SERVICE}/x`, on_service_origin: true },
  scopes: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
  reasons: [],
  authorization_seconds: 60,
}
const ROW = { ref: 'ref', shown_digest: 'digest', expires_at: 1_700_000_000 }

test('what a passkey signs is different for each member of an approval, and the same in whatever order the scopes were chosen', async () => {
  const approved = approvedOf(ROW, SHOWN, ['c', 'a'])
  expect(approved).toEqual({
    ...{ request_ref: 'ref', agent: 'agent', harness: 'harness', tier: 'unverified', user: PEOPLE.ada.email, task: 'task', service: SERVICE },
    ...{ type: 'browser_session', destination: `${SERVICE}/x`, scope: ['a', 'c'], authorization_seconds: 60 },
    ...{ expires_at: '2023-11-14T22:13:20.000Z', shown_digest: 'digest' },
  })
  const same = await challengeOf(approvedOf(ROW, SHOWN, ['a', 'c', 'z']))
  expect(await challengeOf(approved)).toBe(same)
  const changes: Partial<Approved>[] = [
    ...(['request_ref', 'agent', 'harness', 'tier', 'user', 'task', 'service', 'type', 'destination', 'expires_at', 'shown_digest'] as const).map(
      (name) => ({ [name]: 'another' }),
    ),
    ...[['a'], ['a', 'b'], ['a', 'b', 'c'], ['a c'], ['a","c']].map((scope) => ({ scope })),
    { authorization_seconds: 61 },
  ]
  expect(Object.keys(approved).filter((name) => !changes.some((change) => name in change))).toEqual([])
  const all = await Promise.all([approved, ...changes.map((change) => ({ ...approved, ...change }))].map(challengeOf))
  expect(new Set(all).size).toBe(all.length)
  const { destination: _, ...without } = approved
  expect(all).not.toContain(await challengeOf(without))
})

const recent = { console: { step_up: { recent_minutes: 5, rules: [{ scopes: ['tickets:write'], require: 'recent_sign_in' }] } } }

test('what needs a recent sign-in is approved within so many minutes of it, and the rest at any time', async () => {
  const o = await consoleOffice(recent)
  const ada = await o.signedIn(PEOPLE.ada)
  const { ref } = await o.asked()
  o.pass(310) // the provider's clock is the real one, which goes on meanwhile
  const page = await ada.open(`/requests/${ref}`)
  expect((await ada.submit(page, '/approve')).status).toBe(403)
  expect((await ada.submit(page, '/approve', { 'scope:tickets:write': undefined })).status).toBe(303)
  const other = await o.asked()
  o.provider.forged.claims = { auth_time: o.now() }
  await o.signedIn(PEOPLE.ada, ada)
  o.pass(299)
  expect((await ada.send(`/requests/${other.ref}`, '/approve')).status).toBe(303)
})

test('who is not said to have proved who they are has not done so recently, and makes no passkey', async () => {
  const o = await consoleOffice(recent)
  o.provider.forged.claims = { auth_time: undefined }
  const ada = await o.signedIn(PEOPLE.ada)
  const { ref } = await o.asked()
  expect((await ada.send(`/requests/${ref}`, '/approve')).status).toBe(403)
  const { fields } = formOf(await ada.open(`/requests/${ref}`), '/approve')
  const form = { form_token: fields.form_token!, name: 'Laptop' }
  expect((await ada.open('/account/passkeys/challenge', { form, headers: { origin: AUTHORITY } })).status).toBe(403)
  o.provider.mend()
  await o.signedIn(PEOPLE.ada, ada)
  expect((await ada.send(`/requests/${ref}`, '/approve')).status).toBe(303)
})

const PASSKEY = { console: { step_up: { rules: [{ scopes: ['tickets:write'], require: 'passkey' }] } } }

/** Ada with a passkey, and a request of hers. */
async function bound(more: object = {}) {
  const o = await consoleOffice({ ...PASSKEY, ...more })
  const ada = await o.signedIn(PEOPLE.ada)
  const passkey = createPasskey()
  expect((await enrolled(ada, passkey)).status).toBe(303)
  const { ref } = await o.asked()
  const page = await ada.open(`/requests/${ref}`)
  const approve = async (assertion: object | string | undefined, changed: Record<string, string | undefined> = {}) =>
    (
      await ada.submit(page, '/approve', {
        ...(assertion !== undefined && { assertion: typeof assertion === 'string' ? assertion : JSON.stringify(assertion) }),
        ...changed,
      })
    ).status
  return { o, ada, passkey, ref, page, approve, challenge: await challengeFor(ada, page) }
}

type Bound = Awaited<ReturnType<typeof bound>>
test.each<[string, (b: Bound) => object | string | undefined | Promise<object | string>, number]>([
  ['no assertion', () => undefined, 403],
  ['what is no assertion', () => '{}', 400],
  ['what is no JSON', () => 'x', 400],
  ['an assertion of somebody’s passkey who only touched it', ({ passkey, challenge }) => passkey.signs(challenge, { flags: ONLY_TOUCHED }), 403],
  ['an assertion that nobody was there for', ({ passkey, challenge }) => passkey.signs(challenge, { flags: 0x04 }), 403],
  ['an assertion over something else', ({ passkey }) => passkey.signs('x'.repeat(43)), 409],
  [
    'an assertion over fewer scopes',
    async ({ ada, page, passkey }) => passkey.signs(await challengeFor(ada, page, { 'scope:tickets:read': '' })),
    409,
  ],
  ['an assertion made on another page', ({ passkey, challenge }) => passkey.signs(challenge, { origin: 'https://authority.evil.example' }), 403],
  ['an assertion for another site', ({ passkey, challenge }) => passkey.signs(challenge, { rpId: 'evil.example' }), 403],
  ['an assertion of another kind', ({ passkey, challenge }) => passkey.signs(challenge, { type: 'webauthn.create' }), 403],
  ['an assertion of a passkey that is not known', ({ challenge }) => createPasskey().signs(challenge), 403],
  ['an assertion of another key under the known name', ({ passkey, challenge }) => ({ ...createPasskey().signs(challenge), id: passkey.id }), 403],
  [
    'an assertion whose signature is of another',
    ({ passkey, challenge }) => ({ ...passkey.signs(challenge), response: { ...passkey.signs(challenge).response, signature: base64url('x') } }),
    403,
  ],
])('with %s nothing that needs a passkey is approved; with a good one it is', async (_, made, status) => {
  const b = await bound()
  const assertion = await made(b)
  expect([await b.approve(assertion), await b.o.standsAt(b.ref)]).toEqual([status, 'pending'])
  expect([await b.approve(b.passkey.signs(b.challenge)), await b.o.standsAt(b.ref)]).toEqual([303, 'approved'])
})

test('the passkey of somebody else approves nothing, and what needs none is approved without', async () => {
  const b = await bound()
  const cleo = await b.o.signedIn(PEOPLE.cleo)
  const page = await cleo.open(`/requests/${b.ref}`)
  const challenge = await challengeFor(cleo, page)
  expect((await cleo.submit(page, '/approve', { assertion: JSON.stringify(b.passkey.signs(challenge)) })).status).toBe(403)
  expect((await cleo.submit(page, '/approve', { 'scope:tickets:write': undefined })).status).toBe(303)
})

test('a passkey that counts is used once for each number: an assertion that was kept, or is of a copy, approves nothing', async () => {
  const b = await bound()
  const { o, ada, passkey } = b
  expect(await b.approve(passkey.signs(b.challenge, { uses: 5 }))).toBe(303)
  for (const [uses, status] of [
    [5, 403],
    [4, 403],
    [0, 403],
    [6, 303],
  ] as const) {
    const { ref } = await o.asked()
    const page = await ada.open(`/requests/${ref}`)
    const assertion = passkey.signs(await challengeFor(ada, page), { uses })
    expect([uses, (await ada.submit(page, '/approve', { assertion: JSON.stringify(assertion) })).status]).toEqual([uses, status])
  }
})

test('of two approvals at once with one count of an authenticator, one holds', async () => {
  const b = await bound()
  const { o, ada, passkey } = b
  const other = await o.asked()
  const page = await ada.open(`/requests/${other.ref}`)
  const second = passkey.signs(await challengeFor(ada, page), { uses: 1 })
  const answers = await Promise.all([
    b.approve(passkey.signs(b.challenge, { uses: 1 })),
    ada.submit(page, '/approve', { assertion: JSON.stringify(second) }).then(({ status }) => status),
  ])
  expect(answers.sort()).toEqual([303, 403])
  expect([await o.standsAt(b.ref), await o.standsAt(other.ref)].sort()).toEqual(['approved', 'pending'])
})

test('a removed passkey approves nothing, and nobody removes another’s', async () => {
  const b = await bound()
  const ben = await b.o.signedIn(PEOPLE.ben)
  const { fields } = formOf(await ben.open('/account'), '/sign-out')
  const tried = await ben.open('/account/passkeys/remove', { form: { ...fields, id: b.passkey.id }, headers: { origin: AUTHORITY }, follow: false })
  expect([tried.status, await b.approve(b.passkey.signs(b.challenge))]).toEqual([404, 303])
  expect((await b.ada.send('/account', '/account/passkeys/remove')).status).toBe(303)
  const { ref } = await b.o.asked()
  const page = await b.ada.open(`/requests/${ref}`)
  const assertion = b.passkey.signs(await challengeFor(b.ada, page))
  expect((await b.ada.submit(page, '/approve', { assertion: JSON.stringify(assertion) })).status).toBe(403)
})

const passkeys = async (o: Office) => (await o.database<{ passkey: { id: string } }>().read.selectFrom('passkey').select('id').execute()).length

test('a second passkey is added only with one that they have, and none with a wrong challenge, or that did not verify them', async () => {
  const b = await bound()
  const { o, ada, passkey } = b
  const fresh = createPasskey()
  for (const [how, status] of [
    [{}, 403],
    [{ confirm: createPasskey() }, 403],
    [{ confirm: passkey, forConfirm: { flags: ONLY_TOUCHED } }, 403],
    [{ confirm: passkey, flags: ONLY_TOUCHED }, 403],
    [{ confirm: passkey, challenge: base64url('x'.repeat(32)) }, 403],
  ] as const)
    expect([how, (await enrolled(ada, fresh, how)).status, await passkeys(o)]).toEqual([how, status, 1])
  expect((await enrolled(ada, passkey, { confirm: passkey })).status).toBe(422)
  expect([(await enrolled(ada, fresh, { confirm: passkey })).status, await passkeys(o)]).toEqual([303, 2])
})

test('a challenge for a new passkey is of one session, and for ten minutes', async () => {
  const o = await consoleOffice({ console: { step_up: { recent_minutes: 60 } } })
  const [ada, ben] = [await o.signedIn(PEOPLE.ada), await o.signedIn(PEOPLE.ben)]
  const ask = async (who: typeof ada) => {
    const form = { ...formOf(await who.open('/account'), '/account/passkeys').fields, name: 'Laptop' }
    const page = await who.open('/account/passkeys/challenge', { form, headers: { origin: AUTHORITY, accept: 'application/json' } })
    return { form, ...(JSON.parse(page.html) as { challenge: string; create: { challenge: string } }) }
  }
  const add = async (who: typeof ada, form: object, passkey: Passkey, asked: { challenge: string; create: { challenge: string } }) =>
    (
      await who.open('/account/passkeys', {
        form: { ...form, challenge: asked.challenge, credential: JSON.stringify(passkey.made(asked.create.challenge)) },
        headers: { origin: AUTHORITY },
        follow: false,
      })
    ).status
  const [ofAda, ofBen] = [await ask(ada), await ask(ben)]
  expect(await add(ada, ofAda.form, createPasskey(), ofBen)).toBe(403)
  const [at = ''] = ofAda.challenge.split('.')
  expect(await add(ada, ofAda.form, createPasskey(), { ...ofAda, challenge: ofAda.challenge.replace(at, String(Number(at) + 60)) })).toBe(403)
  o.pass(600)
  expect(await add(ada, ofAda.form, createPasskey(), ofAda)).toBe(403)
  o.pass(-1)
  expect([await add(ada, ofAda.form, createPasskey(), ofAda), await passkeys(o)]).toEqual([303, 1])
})

test('an approval by passkey is kept so that anybody can verify it again, and nothing of it can be changed', async () => {
  const b = await bound()
  expect(await b.approve(b.passkey.signs(b.challenge))).toBe(303)
  const event = (await b.o.trail()).find(({ event: kind, outcome }) => kind === 'decision' && outcome === 'approved')
  expect(await verifyEvent(event)).toBeUndefined()
  const { passkey } = event
  const signed = {
    only: b.passkey.signs(b.challenge, { flags: ONLY_TOUCHED }).response,
    elsewhere: b.passkey.signs(b.challenge, { origin: 'https://evil.example' }).response,
  }
  const kept = ({ clientDataJSON, authenticatorData, signature }: typeof signed.only) => ({
    client_data: clientDataJSON,
    authenticator_data: authenticatorData,
    signature,
  })
  const forged: object[] = [
    { ...event, request_ref: 'AAAAAAAAAAAA' },
    { ...event, scope: ['tickets:read'] },
    { ...event, scope: ['tickets:read', 'tickets:read'] },
    { ...event, scope: [...event.scope, 'tickets:admin'] },
    { ...event, service: 'https://wiki.example' },
    { ...event, passkey: {} },
    { ...event, passkey: 'x' },
    { ...event, passkey: { ...passkey, approved: { ...passkey.approved, user: 'ben@acme.example' } } },
    { ...event, passkey: { ...passkey, approved: { ...passkey.approved, shown_digest: 'x' } } },
    { ...event, passkey: { ...passkey, signature: base64url('x') } },
    { ...event, passkey: { ...passkey, public_key: createPasskey().publicKey } },
    { ...event, passkey: { ...passkey, origin: 'https://evil.example' } },
    { ...event, passkey: { ...passkey, ...kept(signed.only) } },
    { ...event, passkey: { ...passkey, ...kept(signed.elsewhere) } },
    { ...event, request_ref: 'AAAAAAAAAAAA', passkey: { ...passkey, approved: { ...passkey.approved, request_ref: 'AAAAAAAAAAAA' } } },
  ]
  for (const one of forged) expect(await verifyEvent(one), JSON.stringify(one)).toEqual(expect.any(String))
  expect(await verifyEvent({ ...event, passkey: { ...passkey, ...kept(b.passkey.signs(b.challenge).response) } })).toBeUndefined()
  const { passkey: _, ...without } = event
  expect([await verifyEvent(without), await verifyEvent({ event: 'check' }), await verifyEvent('x')]).toEqual([undefined, undefined, undefined])
})

test('an event that is changed so that it is no approval any more is not thereby good', async () => {
  const b = await bound()
  expect(await b.approve(b.passkey.signs(b.challenge))).toBe(303)
  const event = (await b.o.trail()).find(({ event: kind, outcome }) => kind === 'decision' && outcome === 'approved')
  for (const change of [{ scope: 'tickets:read' }, { request_ref: undefined }, { service: undefined }])
    expect(await verifyEvent({ ...event, ...change }), JSON.stringify(change)).toEqual(expect.any(String))
})

test('a whole walk of the trail finds an approval that was signed with a key which its approver had not added', async () => {
  const b = await bound()
  expect(await b.approve(b.passkey.signs(b.challenge))).toBe(303)
  const trail = await b.o.trail()
  const walk = async (events: unknown[]) => {
    const verify = createVerifyEvent()
    const found: (string | undefined)[] = []
    for (const event of events) found.push(await verify(event))
    return found.filter((why) => why !== undefined)
  }
  expect(await walk(trail)).toEqual([])
  const own = createPasskey()
  const { response } = own.signs(b.challenge)
  const signed = { client_data: response.clientDataJSON, authenticator_data: response.authenticatorData, signature: response.signature }
  const forged = trail.map((event) =>
    event.event === 'decision' && event.outcome === 'approved'
      ? { ...event, passkey: { ...event.passkey, ...signed, passkey: own.id, public_key: own.publicKey } }
      : event,
  )
  expect(await walk(forged)).toHaveLength(1)
  expect(
    await walk(trail.map((event) => (event.event === 'decision' && event.outcome === 'approved' ? { ...event, by: 'ben@acme.example' } : event))),
  ).toHaveLength(1)
})
