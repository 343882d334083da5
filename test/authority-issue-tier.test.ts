/** The lowest trust tier that an Authority serves (protocol 4), at all and for one Service. */
import { expect, test } from 'vitest'
import { isAtLeast, Tier } from '../authority/approve/shown.ts'
import { APPROVING, type AuthorityWorld, authorityWorld, HARNESS, message, refusal, TASK } from './authority-rig.ts'
import { fakeService } from './fake-service.ts'
import { SERVICE, USER } from './parties.ts'
import { holder } from './service-rig.ts'
import { ecPair } from './spec/jws-fixture.ts'
import { attested, VENDOR, VENDOR_KEY } from './vendor.ts'

async function audited(w: AuthorityWorld): Promise<object[]> {
  await w.manage('/ready') // writes what was noted
  const rows = await w.database().read.selectFrom('audit').select('event').execute()
  return rows.map(({ event }) => JSON.parse(event))
}

test.each(['registered', 'attested'])('where the minimum is %s, a request of an unverified Harness is 403 [AUTH-ISS-21]', async (minimum_tier) => {
  const w = await authorityWorld({ ...APPROVING, minimum_tier })
  expect(await refusal(await w.issue())).toEqual([403, 'trust_tier_required'])
  expect([w.calls, w.lookups]).toEqual([[], []]) // nobody is asked
  expect(await (await w.manage('/requests')).json()).toEqual({ requests: [] })
  expect(await audited(w)).toEqual([
    {
      ...{ at: w.now(), event: 'issuance', outcome: 'refused', code: 'trust_tier_required' },
      ...{ user: USER, service: SERVICE, harness: HARNESS, task: TASK.id, address: 'unknown' },
    },
  ])
})

test('a holder key, or what a Harness says of its own tier, makes it no more than unverified [AUTH-ISS-21]', async () => {
  const w = await authorityWorld({ ...APPROVING, minimum_tier: 'registered' })
  const { cnf } = await holder()
  for (const more of [{ cnf }, { tier: 'attested' }])
    expect(await refusal(await w.issue(message({ harness: { id: HARNESS, ...more } })))).toEqual([403, 'trust_tier_required'])
})

test('an attestation that does not verify is still 401, and a user of another domain policy_denied: the tier comes after them [AUTH-ISS-21]', async () => {
  const w = await authorityWorld({ ...APPROVING, minimum_tier: 'attested' })
  const { cnf } = await holder()
  const broken = { harness: { id: HARNESS, cnf, attestation: { jwt: 'a.b.c' } } }
  expect(await refusal(await w.issue(message(broken)))).toEqual([401, 'invalid_attestation'])
  expect(await refusal(await w.issue(message({ user: { email: 'ada@other.example' } })))).toEqual([403, 'policy_denied'])
})

test.each([[{ minimum_tier: 'unverified' }], [{}]])('with the settings %j every Harness may ask [AUTH-ISS-21]', async (settings) => {
  const w = await authorityWorld({ ...APPROVING, ...settings })
  expect((await w.issue()).status).toBe(200)
})

const OTHER = 'https://mail.example'
const at = (minimum_tier: Tier, service = SERVICE) => ({ minimum_tier_at: [{ service, minimum_tier }] })
const PINNED = { attestation: { issuers: [{ issuer: VENDOR, keys: [VENDOR_KEY.jwk] }] } }

test('a Service may be out of reach for a tier that others are open to; it is asked nothing then [AUTH-ISS-21]', async () => {
  const w = await authorityWorld({ ...APPROVING, ...at('registered') })
  fakeService(w.net, OTHER)
  expect(await refusal(await w.issue())).toEqual([403, 'trust_tier_required'])
  expect([w.calls, w.lookups]).toEqual([[], []])
  expect(await (await w.manage('/requests')).json()).toEqual({ requests: [] })
  expect((await w.issue(message({ service: { origin: OTHER } }))).status).toBe(200)
})

/** Which tiers a Service is open to under settings. */
async function served(settings: object): Promise<Tier[]> {
  const w = await authorityWorld({ ...APPROVING, ...PINNED, ...settings })
  const registered = ecPair('P-256')
  await w.manage('/harness-keys', { name: 'build farm', jwk: registered.jwk })
  const of: Record<Tier, object> = {
    attested: attested(w),
    registered: { harness: { id: HARNESS, cnf: { jwk: registered.jwk } } },
    unverified: {},
  }
  const statuses = await Promise.all(Tier.options.map(async (tier) => (await w.issue(message(of[tier]))).status))
  return Tier.options.filter((_, i) => statuses[i] === 200)
}

test.each<[Tier, Tier | undefined, Tier[]]>([
  ['unverified', undefined, ['attested', 'registered', 'unverified']],
  ['registered', undefined, ['attested', 'registered']],
  ['attested', undefined, ['attested']],
  ['unverified', 'registered', ['attested', 'registered']],
  ['unverified', 'attested', ['attested']],
  ['registered', 'attested', ['attested']],
  ['registered', 'unverified', ['attested', 'registered']],
  ['attested', 'registered', ['attested']],
  ['attested', 'unverified', ['attested']],
])('where the minimum is %s, and %s for the Service, it is open to %j: the stricter counts [AUTH-ISS-21]', async (minimum_tier, own, open) => {
  expect(await served({ minimum_tier, ...(own && at(own)) })).toEqual(open)
})

test('attested is above registered, and registered above unverified [AUTH-ISS-21]', () => {
  const enough = (minimum: Tier) => Tier.options.filter((tier) => isAtLeast(tier, minimum))
  expect(enough('attested')).toEqual(['attested'])
  expect(enough('registered')).toEqual(['attested', 'registered'])
  expect(enough('unverified')).toEqual(['attested', 'registered', 'unverified'])
})
