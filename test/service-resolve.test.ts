/** The decision table of protocol 3, row by row: what resolution answers, and whom redemption then permits. */
import { describe, expect, test } from 'vitest'
import { USER } from './fake-authority.ts'
import { type Desk, desk, okay, refusal } from './service-rig.ts'

type Enterprise = 'allows' | 'says nothing' | 'forbids' | 'none' | 'SERVFAIL' | 'not fetched' | 'invalid' | 'absent'
type Own = 'no own' | 'accept' | 'prefer' | 'require'
type Lists = 'federated' | 'nobody'
type Outcome = 'enterprise' | 'own' | 'federated' | 'both' | [number, string]

const ANY_OWN: Own[] = ['no own', 'accept', 'prefer', 'require']
const DISABLED: Outcome = [403, 'delegation_disabled']
const FAILED: Outcome = [502, 'discovery_failed']
const INVALID: Outcome = [502, 'configuration_invalid']
const UNSUPPORTED: Outcome = [403, 'agents_unsupported']

/** Enterprise discovery, the Service's own Authority, what is answered, who is permitted. Whether there are federated ones makes no difference. */
const WITH_RECORD: [Enterprise, Own, Outcome, string[]][] = [
  ['allows', 'no own', 'enterprise', ['enterprise']],
  ['allows', 'accept', 'enterprise', ['enterprise', 'own']],
  ['allows', 'prefer', 'own', ['enterprise', 'own']],
  ['allows', 'require', 'own', ['own']],
  ['says nothing', 'no own', 'enterprise', ['enterprise']],
  ['says nothing', 'accept', 'enterprise', ['enterprise', 'own']],
  ['says nothing', 'prefer', 'own', ['enterprise', 'own']],
  ['says nothing', 'require', 'own', ['own']],
  ['forbids', 'no own', 'enterprise', ['enterprise']],
  ['forbids', 'accept', 'enterprise', ['enterprise']],
  ['forbids', 'prefer', 'enterprise', ['enterprise']],
  ['forbids', 'require', UNSUPPORTED, []],
  ...ANY_OWN.map((own): [Enterprise, Own, Outcome, string[]] => ['none', own, DISABLED, []]),
  ...ANY_OWN.map((own): [Enterprise, Own, Outcome, string[]] => ['SERVFAIL', own, FAILED, []]),
  ...ANY_OWN.map((own): [Enterprise, Own, Outcome, string[]] => ['not fetched', own, FAILED, []]),
  ...ANY_OWN.map((own): [Enterprise, Own, Outcome, string[]] => ['invalid', own, INVALID, []]),
]

/** Without a record: the own Authority, the federated ones, the setting "offer both". */
const WITHOUT_RECORD: [Own, Lists, boolean, Outcome, string[]][] = [
  ['no own', 'nobody', false, [404, 'no_authority'], []],
  ['no own', 'nobody', true, [404, 'no_authority'], []],
  ['no own', 'federated', false, 'federated', ['federated']],
  ['no own', 'federated', true, 'federated', ['federated']],
  ['accept', 'nobody', false, 'own', ['own']],
  ['accept', 'federated', false, 'own', ['own']],
  ['accept', 'federated', true, 'both', ['own', 'federated']],
  ['prefer', 'nobody', true, 'own', ['own']],
  ['prefer', 'federated', false, 'own', ['own']],
  ['prefer', 'federated', true, 'both', ['own', 'federated']],
  ['require', 'nobody', false, 'own', ['own']],
  ['require', 'federated', false, 'own', ['own']],
  ['require', 'federated', true, 'own', ['own']],
]

/** What a row with a record is about. That both redemption endpoints decide alike is every row's. */
function shown(enterprise: Enterprise, own: Own): string {
  if (enterprise === 'none') return '[SVC-RES-07 SVC-RED-05 SVC-TOK-05]'
  if (enterprise === 'SERVFAIL') return '[DISC-ENT-09 SVC-TOK-05]'
  if (enterprise === 'not fetched' || enterprise === 'invalid') return '[SVC-RES-08 SVC-TOK-05]'
  if (enterprise === 'forbids') return `[SVC-RES-02 SVC-RES-05 SVC-RES-12 SVC-RED-06 SVC-TOK-05${own === 'require' ? ' SVC-RES-14' : ''}]`
  return `[SVC-RES-02 SVC-RES-12 SVC-TOK-05 ${own === 'no own' ? 'SVC-RES-03' : 'SVC-RES-04 SVC-RED-06 SVC-RED-07'}]`
}

/** What a row without a record is about. */
function shownWithout(own: Own, lists: Lists, outcome: Outcome): string {
  if (outcome === 'both') return '[SVC-RES-13 SVC-RES-18]'
  if (own !== 'no own') return '[SVC-RES-02 SVC-RES-09 SVC-RES-18]'
  return lists === 'federated' ? '[SVC-RES-02 SVC-RES-10 SVC-RES-18]' : '[SVC-RES-11 SVC-RES-18]'
}

async function opened(enterprise: Enterprise, own: Own, lists: Lists, offerBoth = false): Promise<Desk> {
  const trust: ('own' | 'federated')[] = [...(own === 'no own' ? [] : ['own' as const]), ...(lists === 'federated' ? ['federated' as const] : [])]
  const d = await desk({ trust, policy: { ...(own !== 'no own' && { own }), offer_both: offerBoth } })
  const name = '_agentpass.acme.example'
  if (enterprise === 'absent') return d
  d.enterprise.publish('acme.example')
  if (enterprise === 'allows' || enterprise === 'forbids') d.enterprise.configuration.policy = { allow_service_authorities: enterprise === 'allows' }
  if (enterprise === 'none') d.net.publish(name, 'none')
  if (enterprise === 'SERVFAIL') d.net.breakDns(name)
  if (enterprise === 'not fetched') d.net.unplug(d.enterprise.identifier)
  if (enterprise === 'invalid') d.enterprise.configuration.trust_mode = 'federated'
  return d
}

/** What each outcome looks like on the wire: exactly this, and no other member. */
function expected(d: Desk, outcome: Outcome): unknown {
  if (outcome === 'enterprise') return { enterprise_authority: d.enterprise.reference }
  if (outcome === 'own') return { service_authority: d.own.reference }
  if (outcome === 'federated') return { trusted_federated_authorities: [d.federated.reference] }
  return { service_authority: d.own.reference, trusted_federated_authorities: [d.federated.reference] }
}

/** Answers as the row says, and redeems for exactly the permitted: an Authority outside the set is never asked. */
async function expectRow(d: Desk, outcome: Outcome, permitted: string[]): Promise<void> {
  const response = await d.resolve()
  if (Array.isArray(outcome)) expect(await refusal(response)).toEqual(outcome)
  else expect(await okay(response)).toEqual(expected(d, outcome))
  for (const who of ['enterprise', 'own', 'federated'] as const) {
    const redeemed = await d.redeem({ authority: d[who].identifier })
    if (permitted.includes(who)) expect(redeemed.status, who).toBe(200)
    else expect(await refusal(redeemed), who).toEqual(Array.isArray(outcome) && outcome[0] !== 404 ? outcome : [403, 'untrusted_authority'])
    expect(d[who].asked('validate'), who).toHaveLength(permitted.includes(who) ? 1 : 0)
  }
}

describe.each(['federated', 'nobody'] as const)('with a record, and %s trusted', (lists) => {
  for (const [enterprise, own, outcome, permitted] of WITH_RECORD)
    test(`enterprise ${enterprise}, own Authority ${own}: ${outcome} ${shown(enterprise, own)}`, async () => {
      await expectRow(await opened(enterprise, own, lists), outcome, permitted)
      await expectRow(await opened(enterprise, own, lists, true), outcome, permitted)
    })
})

for (const [own, lists, offerBoth, outcome, permitted] of WITHOUT_RECORD)
  test(`no record, own Authority ${own}, ${lists}, offer both ${offerBoth}: ${outcome} ${shownWithout(own, lists, outcome)}`, async () => {
    await expectRow(await opened('absent', own, lists, offerBoth), outcome, permitted)
  })

test('the answer pairs the URL that DNS names with the identifier of the document [SVC-RES-15]', async () => {
  const d = await desk()
  const url = `${d.enterprise.identifier}/elsewhere/config.json`
  d.enterprise.configuration.authority = `${d.enterprise.identifier}/tenants/acme`
  d.net.host(d.enterprise.identifier, { request: async () => Response.json(d.enterprise.configuration) })
  d.net.publish('_agentpass.acme.example', url)
  expect(await okay(await d.resolve())).toEqual({
    enterprise_authority: { authority: `${d.enterprise.identifier}/tenants/acme`, authority_configuration_url: url },
  })
})

test('an Authority that DNS names is never offered as a federated one [DISC-FED-01]', async () => {
  const d = await desk({ trust: ['federated'] })
  d.net.publish('_agentpass.acme.example', d.federated.reference.authority_configuration_url)
  expect(await refusal(await d.resolve())).toEqual([502, 'configuration_invalid'])
  expect(await okay(await d.resolve('ada@elsewhere.example'))).toEqual({ trusted_federated_authorities: [d.federated.reference] })
})

test('federated and own Authorities are never looked up in DNS, and not fetched to be named [DISC-FED-01]', async () => {
  const d = await desk({ trust: ['own', 'federated'] })
  await okay(await d.resolve(USER))
  expect(d.net.lookups).toEqual(['_agentpass.acme.example'])
  expect(d.sent()).toEqual([])
})
