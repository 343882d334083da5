/** What DNS says of an e-mail domain, and what follows: only real absence opens the way to the Service's own choice of Authorities. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { createResolver } from '../spec/node/dns.ts'
import { ACME } from './fake-authority.ts'
import { type Desk, desk, okay, refusal } from './service-rig.ts'
import { type Names, startNames } from './world/names.ts'

const NAME = '_agentpass.acme.example'
const URL = `${ACME}/.well-known/agentpass-authority`
const OTHER = 'https://other.example/config'

/** A Service with Authorities to fall back to, so that a fallback would show. */
const tempted = (more: Parameters<typeof desk>[0] = {}): Promise<Desk> => desk({ trust: ['own', 'federated'], policy: { offer_both: true }, ...more })

/** Refused, naming nobody, and nobody asked; and once DNS is in order again the user is served. */
async function expectClosed(d: Desk, outcome: [number, string], repair: () => void): Promise<void> {
  expect(await refusal(await d.resolve())).toEqual(outcome)
  for (const { identifier } of [d.enterprise, d.own, d.federated]) expect(await refusal(await d.redeem({ authority: identifier }))).toEqual(outcome)
  expect(await refusal(await d.scopes(await d.own.sign()))).toEqual(outcome)
  expect(d.sent()).toEqual([])
  repair()
  d.pass(61)
  expect(await okay(await d.resolve())).toEqual({ enterprise_authority: d.enterprise.reference })
}

const FAILED: [number, string] = [502, 'discovery_failed']
const DISABLED: [number, string] = [403, 'delegation_disabled']

/** Record sets, in any order of their values. */
const REFUSED: [string, string[], [number, string], string][] = [
  ['none', ['none'], DISABLED, '[DISC-ENT-04] [SVC-RES-07]'],
  ['none between blanks', [' none\t'], DISABLED, '[DISC-ENT-04]'],
  ['none twice', ['none', 'none '], DISABLED, '[DISC-ENT-06]'],
  ['none beside foreign text', ['none', 'v=spf1 -all'], DISABLED, '[DISC-ENT-06]'],
  ['NONE', ['NONE'], FAILED, '[DISC-ENT-05]'],
  ['None', ['None'], FAILED, '[DISC-ENT-05]'],
  ['none.', ['none.'], FAILED, '[DISC-ENT-05]'],
  ['none;x', ['none;x'], FAILED, '[DISC-ENT-05]'],
  ['"none" in quotes', ['"none"'], FAILED, '[DISC-ENT-05]'],
  ['foreign text', ['hello'], FAILED, '[DISC-ENT-03]'],
  ['an empty value', [''], FAILED, '[DISC-ENT-03]'],
  ['http', [URL.replace('https', 'http')], FAILED, '[DISC-ENT-03]'],
  ['ftp', [URL.replace('https', 'ftp')], FAILED, '[DISC-ENT-03]'],
  ['https:// alone', ['https://'], FAILED, '[DISC-ENT-03]'],
  ['https: without slashes', [URL.replace('//', '')], FAILED, '[DISC-ENT-11]'],
  ['no scheme', [URL.replace('https:', '')], FAILED, '[DISC-ENT-11]'],
  ['javascript:', ['javascript:alert(1)'], FAILED, '[DISC-ENT-11]'],
  ['userinfo', [URL.replace('//', '//acme@')], FAILED, '[DISC-ENT-11]'],
  ['a fragment', [`${URL}#x`], FAILED, '[DISC-ENT-11]'],
  ['a tab inside', [URL.replace('well', 'we\tll')], FAILED, '[DISC-ENT-11]'],
  ['a line break inside', [URL.replace('well', 'we\nll')], FAILED, '[DISC-ENT-11]'],
  ['NUL at the end', [`${URL}\0`], FAILED, '[DISC-ENT-11]'],
  ['a no-break space before', [`\u00a0${URL}`], FAILED, '[DISC-ENT-11]'],
  ['over 2,048 characters', [`${URL}?${'x'.repeat(2048)}`], FAILED, '[DISC-ENT-11]'],
  ['64 KB', [`${URL}?${'x'.repeat(65_000)}`], FAILED, '[DISC-ENT-11]'],
  ['two URLs', [URL, OTHER], FAILED, '[DISC-ENT-06]'],
  ['two spellings of one URL', [URL, URL.replace('https', 'HTTPS')], FAILED, '[DISC-ENT-06]'],
  ['a URL and none', [URL, 'none'], FAILED, '[DISC-ENT-07]'],
  ['a URL, none and foreign text', [URL, 'v=spf1 -all', 'none'], FAILED, '[DISC-ENT-07]'],
  ['a hundred URLs', Array.from({ length: 100 }, (_, i) => `${URL}/${i}`), FAILED, '[DISC-ENT-06]'],
]

describe('a record that names nobody', () => {
  test.each(REFUSED)('%s: %s is %s, and never a fallback %s', async (_, values, outcome) => {
    for (const order of [values, values.toReversed()]) {
      const d = await tempted()
      d.net.publish(NAME, ...order)
      await expectClosed(d, outcome, () => d.enterprise.publish('acme.example'))
    }
  })
})

test.each([
  ['one URL', [URL]],
  ['blanks around it', [` \t${URL} `]],
  ['the same twice', [URL, ` ${URL}`]],
  ['foreign text beside it', ['v=spf1 -all', URL]],
  ['a value that does not parse beside it', [URL, 'http://other.example/config', 'NONE', `${OTHER}#x`]],
])('%s names the Enterprise Authority [DISC-ENT-06]', async (_, values) => {
  for (const order of [values, values.toReversed()]) {
    const d = await tempted()
    d.net.publish(NAME, ...order)
    expect(await okay(await d.resolve())).toEqual({ enterprise_authority: d.enterprise.reference })
  }
})

test('an outage of DNS is never absence [DISC-ENT-09]', async () => {
  const d = await tempted()
  d.net.breakDns(NAME)
  await expectClosed(d, FAILED, () => d.enterprise.publish('acme.example'))
})

test('a short outage is not remembered as absence, nor for longer than five seconds [DISC-ENT-09] [DISC-CACHE-01]', async () => {
  const d = await tempted()
  d.net.breakDns(NAME)
  expect(await refusal(await d.resolve())).toEqual(FAILED)
  d.enterprise.publish('acme.example')
  d.pass(5)
  expect(await okay(await d.resolve())).toEqual({ enterprise_authority: d.enterprise.reference })
})

test('where the settings demand DNSSEC, an answer nobody vouches for is a failure, absence too [DISC-ENT-17]', async () => {
  const d = await tempted({ settings: { network: { dnssec: 'required' } } })
  expect(await refusal(await d.resolve())).toEqual(FAILED)
  const vouching = { resolveTxt: async () => ({ values: [URL], ttlSeconds: 60, authenticated: true }) }
  const e = await tempted({ settings: { network: { dnssec: 'required' } }, effects: vouching })
  expect(await okay(await e.resolve())).toEqual({ enterprise_authority: e.enterprise.reference })
})

describe('over real DNS', () => {
  /** A Service that asks a real name server through our own client. */
  async function onWire(timeoutMs = 2000): Promise<{ d: Desk; names: Names }> {
    const names = await startNames()
    onTestFinished(names.stop)
    const { resolveTxt } = createResolver({ servers: [names.address], timeoutMs, tries: 1 })
    return { names, d: await tempted({ effects: { resolveTxt } }) }
  }

  test.each(['SERVFAIL', 'REFUSED', 'timeout'] as const)('%s is a failure, and no Authority is named [DISC-ENT-09] [SVC-RES-17]', async (how) => {
    const { d, names } = await onWire(how === 'timeout' ? 500 : 2000)
    names.fail(NAME, how)
    await expectClosed(d, FAILED, () => {
      names.fail(NAME, undefined)
      names.publish(NAME, URL)
    })
  })

  test.each(REFUSED.filter(([, values]) => values.join('').length < 20_000))('%s: %s is %s there too %s', async (_, values, outcome) => {
    const { d, names } = await onWire()
    names.publish(NAME, ...values)
    await expectClosed(d, outcome, () => names.publish(NAME, URL))
  })

  test("a name that does not exist, and one without such records, is absent: the one way to the Service's choice [DISC-ENT-08] [SVC-RES-09]", async () => {
    const { d, names } = await onWire()
    const offered = { service_authority: d.own.reference, trusted_federated_authorities: [d.federated.reference] }
    expect(await okay(await d.resolve('ada@nxdomain.example'))).toEqual(offered)
    names.publish('_agentpass.nodata.example')
    expect(await okay(await d.resolve('ada@nodata.example'))).toEqual(offered)
    expect((await d.redeem({ authority: d.own.identifier, user: { email: 'ada@nodata.example' } })).status).toBe(403) // its Authority speaks of another user
    expect(d.own.asked('validate')).toHaveLength(1)
  })

  test('a value over 255 octets arrives in several strings, and is joined without a separator [DISC-ENT-10]', async () => {
    const { d, names } = await onWire()
    const url = `${URL}?${'x'.repeat(600)}`
    names.publish(NAME, url)
    expect(await okay(await d.resolve())).toEqual({
      enterprise_authority: { authority: ACME, authority_configuration_url: url },
    })
  })

  test('one question for the domain as DNS knows it, and no other [DISC-ENT-01] [DISC-ENT-02]', async () => {
    const { d, names } = await onWire()
    names.publish(NAME, URL)
    names.publish('_agentpass.xn--crp-sna.example', URL)
    for (const email of ['ada@acme.example', 'ada@ACME.Example', 'ada@cörp.example', 'ada@CÖRP.example', 'ada@xn--crp-sna.example'])
      expect(await okay(await d.resolve(email)), email).toEqual({ enterprise_authority: d.enterprise.reference })
    expect(new Set(names.queries().map(({ name, type }) => `${type} ${name}`))).toEqual(
      new Set([`TXT ${NAME}`, 'TXT _agentpass.xn--crp-sna.example']),
    )
  })
})
