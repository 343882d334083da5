import { ValidationResponse } from '../../spec/wire/validation.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer } from '../actors/client.ts'
import { createKey } from '../actors/jws.ts'
import type { Changes } from '../actors/jwt.ts'
import { lifetime } from '../actors/jwt.ts'
import { EXPIRED, EXPIRY_FAULTS, FUTURE_FAULTS, ISSUED_FAULTS, type JwtFault, LIFETIME_FAULTS, takeApart } from '../actors/jwt-faults.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { changed, expectAdmitted, expectNotAdmitted, expectOnlyFault } from './admission.ts'
import { attestHarness, attestTask, bind, USUAL } from './attesting.ts'
import type { AuthorityStage } from './stage.ts'

/** A case in which an attestation of a Harness is made wrong, of a good one. */
export const forgedHarness = (requirement: string, { slug, about, forge }: JwtFault, lenient?: string): Case<AuthorityStage> => ({
  id: `${requirement}/${slug}`,
  about: `the attestation of the Harness is not in order: ${about}`,
  negative: true,
  run: async (s) => {
    const { message, holder } = bind(s)
    const good = s.vendorAttestation(message, holder)
    const forged = forge(takeApart(good, s.vendor.key))
    await expectOnlyFault(s, attestHarness(message, forged), attestHarness(message, good), { usual: USUAL, lenient })
  },
})

const harnessCase = (id: string, about: string, changes: Changes): Case<AuthorityStage> => ({
  id,
  about,
  negative: true,
  run: async (s) => {
    const { message, holder } = bind(s)
    const wrong = attestHarness(message, s.vendorAttestation(message, holder, changes))
    await expectOnlyFault(s, wrong, attestHarness(message, s.vendorAttestation(message, holder)), { usual: USUAL })
  },
})

/** What a vendor may say of the holder key, and does not mean this one. */
const OTHER_KEYS: [slug: string, about: string, cnf: () => unknown][] = [
  ['other', 'its cnf is another key', () => ({ jwk: createKey().jwk })],
  ['missing', 'it has no cnf', () => undefined],
  ['empty', 'its cnf is an empty object', () => ({})],
  ['text', 'its cnf.jwk is text', () => ({ jwk: 'key' })],
  ['null', 'its cnf.jwk is null', () => ({ jwk: null })],
]

/** Harness attestations (§3.1.2): who holds the key of a request, by the word of a vendor. */
export const harnessAttestation: Case<AuthorityStage>[] = [
  {
    id: 'AUTH-HATT-01',
    about: 'the vendor attests the Harness',
    run: async (s) => {
      const { message, holder } = bind(s)
      expectAdmitted(await s.issue(attestHarness(message, s.vendorAttestation(message, holder))))
    },
  },
  harnessCase('AUTH-HATT-01/own-key', 'the Harness signs its attestation itself, with another key than the vendor’s', { key: createKey() }),
  ...OTHER_KEYS.map(
    ([slug, about, cnf]): Case<AuthorityStage> => ({
      ...harnessCase(`AUTH-HATT-02/${slug}`, `the attestation of the Harness is about another key: ${about}`, { claims: { cnf: cnf() } }),
    }),
  ),
  {
    id: 'AUTH-HATT-02/reordered',
    about: 'the key in the attestation is the same, with its members in another order and a kid of its own',
    run: async (s) => {
      const { message, holder } = bind(s)
      const { crv, kty, x, y } = holder.jwk
      const jwk = { y, x, use: 'sig', kty, kid: 'a-kid-of-the-vendor', crv }
      expectAdmitted(await s.issue(attestHarness(message, s.vendorAttestation(message, holder, { claims: { cnf: { jwk } } }))))
    },
  },
  ...[EXPIRED, ...EXPIRY_FAULTS].map((fault) => forgedHarness('AUTH-HATT-03', fault)),
  {
    id: 'AUTH-HATT-04',
    about: 'the Harness is attested, and the request has no holder key',
    negative: true,
    run: async (s) => {
      const { message, holder } = bind(s)
      const right = attestHarness(message, s.vendorAttestation(message, holder))
      await expectOnlyFault(s, changed(right, 'harness.cnf', undefined), right, { usual: USUAL })
    },
  },
  harnessCase('AUTH-HATT-06', 'the attestation is of a Harness that is called something else', { claims: { sub: 'another-harness' } }),
  {
    id: 'AUTH-HATT-07',
    about: 'the attestation of the Harness is expired, and policy would approve',
    negative: true,
    run: async (s) => {
      const automatic = s.adapter.variants.automatic ? await s.variant('automatic') : s
      const { message, holder } = bind(automatic)
      const expired = automatic.vendorAttestation(message, holder, { claims: { iat: lifetime().iat - 600, exp: lifetime().iat - 300 } })
      expectNotAdmitted(await automatic.issue(attestHarness(message, expired)))
      expectAdmitted(await automatic.issue(attestHarness(message, automatic.vendorAttestation(message, holder))))
    },
  },
  {
    id: 'AUTH-HATT-07/task-good',
    about: 'the attestation of the task is good, and that of the Harness is not',
    negative: true,
    run: async (s) => {
      const { message, holder } = bind(s)
      const bound = attestTask(message, s.taskAttestation(message, holder))
      const wrong = attestHarness(bound, s.vendorAttestation(message, holder, { key: createKey() }))
      await expectOnlyFault(s, wrong, attestHarness(bound, s.vendorAttestation(message, holder)), { usual: USUAL })
    },
  },
  {
    id: 'AUTH-HATT-07/harness-good',
    about: 'the attestation of the Harness is good, and that of the task is not',
    negative: true,
    run: async (s) => {
      const { message, holder } = bind(s)
      const bound = attestHarness(message, s.vendorAttestation(message, holder))
      const wrong = attestTask(bound, s.taskAttestation(message, createKey()))
      await expectOnlyFault(s, wrong, attestTask(bound, s.taskAttestation(message, holder)), { usual: USUAL })
    },
  },
  {
    id: 'AUTH-HATT-08',
    about: 'the Harness calls itself something else than the vendor does',
    profile: 'core-0.1',
    run: async (s) => {
      const service = s.service()
      const { message, holder } = bind(s, service)
      const sub = `agent-of-the-vendor-${message.task.id}`
      const { harness } = attestHarness(message, s.vendorAttestation(message, holder, { claims: { sub } }))
      const { value } = await s.approved({ service, changed: { harness } })
      expectEqual(expectAnswer(await s.validate(value, service), ValidationResponse, 'the validation answer').agent.id, sub, 'agent.id')
      expectEqual(member(member(service.callsTo('scopes')[0]?.json, 'agent'), 'id'), sub, 'agent.id, as the Service hears it,')
    },
  },
  {
    id: 'AUTH-HATT-08/unattested',
    about: 'a Harness without an attestation brings the name of an agent',
    negative: true,
    run: async (s) => {
      const service = s.service()
      const { harness } = s.message(service)
      const claimed = { harness: { ...harness, sub: 'agent-of-the-vendor' }, agent: { id: 'agent-of-the-vendor' } }
      const { value } = await s.approved({ service, changed: claimed })
      const { agent } = expectAnswer(await s.validate(value, service), ValidationResponse, 'the validation answer')
      expectThat(agent.id === harness.id, `agent.id to be the harness.id ${harness.id}`, agent.id)
    },
  },
  ...[...ISSUED_FAULTS, ...FUTURE_FAULTS, ...LIFETIME_FAULTS].map((fault) => forgedHarness('AUTH-HATT-09', fault)),
]
