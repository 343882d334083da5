/** The word of a workload identity provider about a Harness: a token for this Authority and this key alone, of a workload that the settings admit. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { APPROVING, authorityWorld, HARNESS, message, refusal } from './authority-rig.ts'
import { AUTHORITY, USER } from './parties.ts'
import { ecPair } from './spec/jws-fixture.ts'
import { HOLDER } from './vendor.ts'
import { audienceOf, CI, CLUSTER, changed, claiming, GITHUB, POD, pinning, SVID, WORKLOADS, workloadOf } from './workloads.ts'

const ShownHarness = z.looseObject({ agent: z.unknown(), harness: z.unknown() })

test.each(Object.entries(WORKLOADS))(
  'a token of %s attests a Harness: the agent is its sub, and approvers and the trail are told by whom',
  async (_, workload) => {
    const w = await authorityWorld({ ...APPROVING, ...pinning(), minimum_tier: 'attested' })
    const { id, answer } = await w.redeemed(workloadOf(w, workload))
    const { sub } = workload.claims(w.now())
    const since = new Date(w.now() * 1000).toISOString()
    const { agent, harness } = ShownHarness.parse((await w.show(id)).shown)
    const vouched = { by: workload.pin.issuer, since }
    expect([agent, harness]).toEqual([{ id: sub }, { id: HARNESS, tier: 'attested', vouched, key_thumbprint: audienceOf().split('#jkt=')[1] }])
    expect(answer).toMatchObject({ agent: { id: sub }, harness: { id: HARNESS }, cnf: { jwk: HOLDER.jwk } })
    expect(w.desk.asked.at(-1)!.body).toMatchObject({ agent: { id: sub }, user: { email: USER } })
    await w.manage('/ready') // writes what was noted
    const rows = await w.database().read.selectFrom('audit').select('event').orderBy('seq').execute()
    const told = { tier: 'attested', vouched_by: workload.pin.issuer, agent: sub }
    expect(JSON.parse(rows[0]!.event)).toMatchObject({ event: 'issuance', outcome: 'admitted', ...told })
    expect((await w.issue()).status).toBe(403) // whom nobody attests is below the minimum
  },
)

test('a token for another audience than this Authority and this key, or for more than that, is refused', () => {
  const other = audienceOf(ecPair('P-256').jwk)
  const audiences = {
    ...{ none: undefined, empty: '', null: null, list: [], object: { 0: audienceOf() }, authority: AUTHORITY, list_of_authority: [AUTHORITY] },
    ...{
      other_key: other,
      of_two: [audienceOf(), other],
      of_two_authorities: [audienceOf(), 'https://other.example'],
      twice: [audienceOf(), audienceOf()],
    },
    ...{ nested: [[audienceOf()]], other_authority: audienceOf(HOLDER.jwk, 'https://other.example'), slash: audienceOf(HOLDER.jwk, `${AUTHORITY}/`) },
    ...{
      case: audienceOf().toLowerCase(),
      capitals: audienceOf().replace('https', 'HTTPS'),
      cut: audienceOf().slice(0, -1),
      more: `${audienceOf()}A`,
    },
    ...{ space: ` ${audienceOf()}`, key_alone: audienceOf().split('#')[1], thumbprint: audienceOf().split('=')[1], no_key: `${AUTHORITY}#jkt=` },
  }
  return changed(claiming(Object.fromEntries(Object.entries(audiences).map(([name, aud]) => [name, { aud }]))))
})

test.each(Object.entries(WORKLOADS))('the audience of %s may be a text or a list of just that', async (_, workload) => {
  const w = await authorityWorld(pinning())
  for (const aud of [audienceOf(), [audienceOf()]]) expect((await w.issue(message(workloadOf(w, workload, { claims: { aud } })))).status).toBe(202)
})

test('the token of one key attests no other', async () => {
  const w = await authorityWorld(pinning())
  const { jwk } = ecPair('P-256')
  const stolen = workloadOf(w, CI, { harness: { cnf: { jwk } } })
  expect(await refusal(await w.issue(message(stolen)))).toEqual([401, 'invalid_attestation'])
  const own = workloadOf(w, CI, { harness: { cnf: { jwk } }, claims: { aud: audienceOf(jwk) } })
  expect((await w.issue(message(own))).status).toBe(202)
})

test('a token without a holder key in the request is malformed', async () => {
  const w = await authorityWorld(pinning())
  for (const cnf of [undefined, {}])
    expect(await refusal(await w.issue(message(workloadOf(w, CI, { harness: { cnf } }))))).toEqual([400, 'malformed_request'])
  expect((await w.issue(message(workloadOf(w, CI)))).status).toBe(202)
})

test('an issuer that differs from the pinned one by anything is nobody', () =>
  changed(
    claiming({
      ...{ slash: { iss: `${GITHUB}/` }, capitals: { iss: GITHUB.toUpperCase() }, port: { iss: `${GITHUB}:443` }, path: { iss: `${GITHUB}/acme` } },
      ...{
        none: { iss: undefined },
        null: { iss: null },
        list: { iss: [GITHUB] },
        empty: { iss: '' },
        other: { iss: CLUSTER },
        inherited: { iss: 'constructor' },
      },
      ...{ trust_domain: { iss: SVID.pin.issuer }, no_iss_of_spiffe: { iss: undefined, sub: 'spiffe://acme.example/agent/build' } },
    }),
  ))

test('a workload that the settings do not admit is refused, however near its name is', () =>
  changed(
    claiming({
      ...{
        other_branch: { sub: 'repo:acme/desk:ref:refs/heads/main2' },
        pull: { sub: 'repo:acme/desk:pull_request' },
        fork: { sub: 'repo:evil/desk:ref:refs/heads/main' },
      },
      ...{
        case: { sub: 'repo:Acme/desk:ref:refs/heads/main' },
        cut: { sub: 'repo:acme/desk:ref:refs/heads/mai' },
        space: { sub: 'repo:acme/desk:ref:refs/heads/main ' },
      },
      ...{
        none: { sub: undefined },
        empty: { sub: '' },
        list: { sub: ['repo:acme/desk:ref:refs/heads/main'] },
        pod: { sub: 'system:serviceaccount:agents:desk-bot' },
      },
    }),
  ))

test('a beginning of subjects admits what begins with it and goes on', () =>
  changed(
    claiming({
      ...{
        beginning: { sub: 'system:serviceaccount:agents:' },
        without_boundary: { sub: 'system:serviceaccount:agents' },
        star: { sub: 'system:serviceaccount:*:x' },
      },
      ...{ other_namespace: { sub: 'system:serviceaccount:agents2:desk-bot' }, elsewhere: { sub: 'x:system:serviceaccount:agents:desk-bot' } },
    }),
    POD,
  ))
