/** Attacks D-10 and D-12 to D-16: answers that change, and users whose addresses are written so that two readers would look up two domains. */
import { expect, test } from 'vitest'
import type { ResolveTxt } from '../../spec/effects.ts'
import { authorityWorld, message } from '../authority-rig.ts'
import { fakeAuthority, json, USER } from '../fake-authority.ts'
import { type Desk, desk, OWN, okay, refusal } from '../service-rig.ts'

const NAME = '_agentpass.acme.example'
const EVIL = 'https://authority.evil.example'

test('D-10: a record that changes after resolution is obeyed at scope discovery and redemption as soon as its time is up [SVC-RED-04]', async () => {
  const d = await desk({ trust: ['federated'] })
  const evil = await fakeAuthority(d.net, EVIL)
  evil.publish('acme.example') // for the time of one answer
  expect(await okay(await d.resolve())).toEqual({ enterprise_authority: evil.reference })
  d.enterprise.publish('acme.example')
  d.pass(60)
  expect(await refusal(await d.redeem({ authority: EVIL }))).toEqual([403, 'untrusted_authority'])
  expect(await refusal(await d.scopes(await evil.sign()))).toEqual([403, 'untrusted_authority'])
  expect([...evil.asked('validate'), ...evil.asked('jwks.json')]).toEqual([])
  await okay(await d.redeem())
})

test('D-10: a forged answer that claims to live for years is forgotten within the hour, and where DNSSEC is demanded it is never believed [DISC-CACHE-01 DISC-ENT-17]', async () => {
  for (const dnssec of ['optional', 'required']) {
    const forged: Awaited<ReturnType<ResolveTxt>> = {
      values: [`${EVIL}/.well-known/agentpass-authority`],
      ttlSeconds: 2 ** 31 - 1,
      authenticated: false,
    }
    let answer = forged
    const d = await desk({ effects: { resolveTxt: async () => answer }, settings: { ...(dnssec === 'required' && { network: { dnssec } }) } })
    const evil = await fakeAuthority(d.net, EVIL)
    if (dnssec === 'required') expect(await refusal(await d.redeem({ authority: EVIL }))).toEqual([502, 'discovery_failed'])
    else expect(await okay(await d.resolve())).toEqual({ enterprise_authority: evil.reference })
    answer = { values: [d.enterprise.reference.authority_configuration_url], ttlSeconds: 60, authenticated: true }
    d.pass(3600)
    expect(await refusal(await d.redeem({ authority: EVIL }))).toEqual([403, 'untrusted_authority'])
    expect(evil.asked('validate')).toEqual([])
    await okay(await d.redeem())
  }
})

/** Each an address of another domain than acme.example, though it looks alike, and how DNS knows it. */
const HOMOGRAPHS: [string, string][] = [
  ['ada@аcme.example', 'xn--cme-5cd.example'], // Cyrillic а
  ['ada@acmе.example', 'xn--acm-tdd.example'], // Cyrillic е
  ['ada@асмe.example', 'xn--e-7sb0bt.example'],
  ['ada@xn--cme-5cd.example', 'xn--cme-5cd.example'],
  ['ada@acme.example.evil.example', 'acme.example.evil.example'],
  ['ada@acme-example.example', 'acme-example.example'],
]
test.each(HOMOGRAPHS)('D-12: %s is a user of a domain of its own, %s, at every door [DISC-ENT-02 SVC-RED-13]', async (email, domain) => {
  const d = await desk({ trust: ['own'] })
  d.enterprise.publish('acme.example')
  const user = { email }
  expect(await okay(await d.resolve(email))).toEqual({ service_authority: d.own.reference })
  expect(d.net.lookups).toEqual([`_agentpass.${domain}`])
  expect(await refusal(await d.redeem({ user }))).toEqual([403, 'untrusted_authority'])
  expect(await refusal(await d.scopes(await d.enterprise.sign(), { user, agent: { id: 'agent-7' } }))).toEqual([403, 'untrusted_authority'])
  d.own.answers.validate = async () => json(d.own.validation({ user: { email: USER } }))
  expect(await refusal(await d.redeem({ user, authority: OWN }))).toEqual([403, 'user_mismatch'])
  expect(d.enterprise.asked('validate')).toEqual([])
  await okay(await d.redeem())
  const w = await authorityWorld()
  expect(await refusal(await w.issue(message({ user })))).toEqual([403, 'policy_denied'])
  expect(w.desk.asked).toEqual([])
  expect((await w.issue()).status).toBe(202)
})

/** What each door says of an address: every place where a stranger's address is read. */
async function doors(): Promise<{ d: Desk; answers: (email: unknown) => Promise<Response[]>; lookups: () => string[] }> {
  const d = await desk({ trust: ['own'] })
  const w = await authorityWorld({ trust_mode: 'federated', domains: undefined })
  const answers = async (email: unknown) => {
    const user = { email }
    d.own.answers.validate = async () => json(d.own.validation({ user }))
    const browser = d.redemption({ agentpass: { type: 'browser_session', value: 'pass-1' }, user, authority: OWN })
    return [
      await d.post('/agentpass/resolve-authorities', { user }),
      await d.redeem({ user, authority: OWN }),
      await d.scopes(await d.own.sign(), { user, agent: { id: 'agent-7' } }),
      await d.post('/agentpass/redeem/browser-session', browser),
      await w.issue(message({ user })),
    ]
  }
  return { d, answers, lookups: () => [...d.net.lookups, ...w.lookups.filter((name) => !name.startsWith('_agentpass-service.'))] }
}

const MALFORMED = [
  ...[
    '',
    'ada',
    '@acme.example',
    'ada@',
    'a@b@acme.example',
    '"a@b"@acme.example',
    '"ada"@acme.example',
    'ada(x)@acme.example',
    'ada@(x)acme.example',
  ],
  ...['<ada@acme.example>', 'Ada <ada@acme.example>', 'ada@acme.example,eve@evil.example', 'ada@acme.example;eve', 'mailto:ada@acme.example'],
  ...[
    'ada@[127.0.0.1]',
    'ada@[IPv6:::1]',
    'ada@127.0.0.1',
    'ada@2130706433',
    'ada@0x7f.1',
    'ada@acme.example.',
    'ada@acme.example\r\nBcc: eve@evil.example',
  ],
  ...[
    'ada@acme.example\n',
    ' ada@acme.example',
    'ada@acme.example ',
    'a da@acme.example',
    'ada\0@acme.example',
    'ada@acme.example\0',
    'ada@acme%2eexample',
  ],
  ...[
    'ada＠acme.example',
    'ada@acme.example@',
    'ada@@acme.example',
    'ada@acme.example/x',
    'ada@acme.example:443',
    'ada@acme.example#x',
    'ada\\@acme.example',
  ],
]
const NO_HOSTS = [
  ...['ada@ac me.example', 'ada@acme_corp.example', 'ada@_agentpass.acme.example', `ada@${'a'.repeat(64)}.example`, `ada@${'a.'.repeat(130)}example`],
  ...[
    'ada@.acme.example',
    'ada@acme..example',
    'ada@-acme.example',
    'ada@acme-.example',
    'ada@*.example',
    `ada@${'ö'.repeat(62)}.example`,
    'ada@__proto__',
  ],
]
const NO_TEXTS: unknown[] = [null, 5, true, {}, ['ada@acme.example'], { toString: 'ada@acme.example' }]

const ROWS: [string, unknown[]][] = [
  ['D-13: what is no address is 400 at every door alike, and no question to DNS [SVC-RES-01 AUTH-ISS-05]', [...MALFORMED, ...NO_TEXTS]],
  ['D-15: an address with a domain that DNS cannot know is 400 at every door alike, and no question to DNS [DISC-ENT-01]', NO_HOSTS],
]
test.each(ROWS)('%s', async (_, addresses) => {
  const { d, answers, lookups } = await doors()
  for (const email of addresses) for (const answer of await answers(email)) expect(answer.status, JSON.stringify(email)).toBe(400)
  for (const answer of await answers(`ada@acme.example${' '.repeat(2 ** 20)}`)) expect(answer.status).toBe(413)
  expect(lookups()).toEqual([])
  expect(d.own.calls).toEqual([])
  expect(await okay(await d.resolve())).toEqual({ service_authority: d.own.reference })
})

test('D-13: an address that one door takes all doors take, and the case of a domain is no other domain [DISC-ENT-02]', async () => {
  const { answers, lookups } = await doors()
  const good = [
    'ada@acme.example',
    'ADA@ACME.EXAMPLE',
    'a+b@acme.example',
    "o'neil@acme.example",
    'ada.x@acme.example',
    'ädä@acme.example',
    'ada@ＡＣＭＥ.example',
  ]
  for (const email of good)
    expect(
      (await answers(email)).map(({ status }) => status),
      email,
    ).toEqual([200, 200, 200, 422, 202]) // no browser sessions as yet
  expect(new Set(lookups())).toEqual(new Set([NAME]))
})

test('D-14: a domain named as what every object has is a domain like any other, at every door', async () => {
  const { answers, lookups } = await doors()
  const before = Object.getOwnPropertyNames(Object.prototype)
  const names = ['constructor', 'hasownproperty', 'tostring', 'valueof', 'prototype', 'constructor.prototype', 'then']
  for (const name of names)
    expect(
      (await answers(`ada@${name}`)).map(({ status }) => status),
      name,
    ).toEqual([200, 200, 200, 422, 202])
  expect(new Set(lookups())).toEqual(new Set(names.map((name) => `_agentpass.${name}`)))
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
})

const LIMITS = { resolutions_per_minute: 20, scope_requests_per_minute: 20, redemptions_per_minute: 20 }
test('D-16: a caller has so many questions to DNS a minute, by whichever door; another caller has their own [SVC-RES-16]', async () => {
  const d = await desk({ trust: ['own'], settings: { limits: LIMITS, client_address_header: 'x-client' } })
  const assertion = await d.own.sign()
  const ask = (i: number, client: string) => {
    const [headers, user] = [{ 'x-client': client }, { email: `ada@domain-${i}.example` }]
    return [
      d.post('/agentpass/resolve-authorities', { user }, headers),
      d.redeem({ user, authority: OWN }, headers),
      d.post('/agentpass/available-scopes', { user, agent: { id: 'a' } }, { ...headers, authorization: `Bearer ${assertion}` }),
    ]
  }
  const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => ask(i, '192.0.2.1')).flat())
  const limited = answers.filter(({ status }) => status === 429)
  expect(limited).toHaveLength(3 * (1000 - 20))
  for (const answer of limited) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(d.net.lookups).toHaveLength(20) // the three doors share what was learnt
  const [resolved] = await Promise.all(ask(0, '192.0.2.2'))
  expect(resolved?.status).toBe(200)
})

test('D-16: an absence is known for its time to live, however many ask meanwhile', async () => {
  const d = await desk({ trust: ['own'], settings: { limits: { resolutions_per_minute: 100_000 } } })
  for (let minute = 0; minute < 3; minute++) {
    const answers = await Promise.all(Array.from({ length: 300 }, () => d.resolve('ada@nobody.example')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(d.net.lookups).toHaveLength(minute + 1)
    d.pass(60)
  }
})
