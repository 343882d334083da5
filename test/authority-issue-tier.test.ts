/** The lowest trust tier that an Authority serves (protocol 4). Every Harness is unverified as yet. */
import { expect, test } from 'vitest'
import { isAtLeast, Tier } from '../authority/approve/shown.ts'
import { APPROVING, type AuthorityWorld, authorityWorld, HARNESS, message, refusal, TASK } from './authority-rig.ts'
import { SERVICE, USER } from './parties.ts'
import { holder } from './service-rig.ts'

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
      ...{ user: USER, service: SERVICE, harness: HARNESS, task: TASK.id },
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
  const attested = { harness: { id: HARNESS, cnf, attestation: { jwt: 'a.b.c' } } }
  expect(await refusal(await w.issue(message(attested)))).toEqual([401, 'invalid_attestation'])
  expect(await refusal(await w.issue(message({ user: { email: 'ada@other.example' } })))).toEqual([403, 'policy_denied'])
})

test.each([[{ minimum_tier: 'unverified' }], [{}]])('with the settings %j every Harness may ask [AUTH-ISS-21]', async (settings) => {
  const w = await authorityWorld({ ...APPROVING, ...settings })
  expect((await w.issue()).status).toBe(200)
})

test('attested is above registered, and registered above unverified [AUTH-ISS-21]', () => {
  const enough = (minimum: Tier) => Tier.options.filter((tier) => isAtLeast(tier, minimum))
  expect(enough('attested')).toEqual(['attested'])
  expect(enough('registered')).toEqual(['attested', 'registered'])
  expect(enough('unverified')).toEqual(['attested', 'registered', 'unverified'])
})
