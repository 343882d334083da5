import type { FakeAuthority } from '../actors/authority.ts'
import { FETCH_FAULTS } from '../actors/document-faults.ts'
import { type Case, expectEqual } from '../case.ts'
import { expectDone, type HarnessStage, type HarnessWorld } from './stage.ts'
import { approvingAuthority, dig, expectStop, expectUntouched, lastCall, offers, onlyCall } from './trip.ts'

/** Answers that offer nothing, or too much. */
const INVALID: readonly { slug: string; about: string; resolution: (w: HarnessWorld, other: FakeAuthority) => Record<string, unknown> }[] = [
  {
    slug: 'enterprise-and-service',
    about: 'an enterprise Authority and a Service’s own',
    resolution: ({ authority }, other) => ({ enterprise_authority: authority.reference, service_authority: other.reference }),
  },
  {
    slug: 'enterprise-and-federated',
    about: 'an enterprise Authority and a list of federated ones',
    resolution: ({ authority }, other) => ({ enterprise_authority: authority.reference, trusted_federated_authorities: [other.reference] }),
  },
  { slug: 'nothing', about: 'no Authority at all', resolution: () => ({}) },
  { slug: 'empty-list', about: 'an empty list of federated Authorities', resolution: () => ({ trusted_federated_authorities: [] }) },
]

const NO_ANSWERS = FETCH_FAULTS.filter(({ slug }) => ['206', '500'].includes(slug))

/** Whom a Harness lets decide, by the Service's word alone (§3.2.2). */
export const resolution: Case<HarnessStage>[] = [
  {
    id: 'HAR-RES-01',
    about: 'the resolution request is looked at',
    run: async (s) => {
      const w = s.world()
      expectDone(await w.run())
      const { method, headers, json } = lastCall(w, 'resolution')
      expectEqual(method, 'POST', 'the method')
      expectEqual(dig(json, 'user', 'email'), s.user, 'user.email')
      if (!/^application\/json\b/.test(headers['content-type'] ?? '')) s.warn(`the request’s Content-Type is ${headers['content-type'] ?? 'missing'}`)
    },
  },
  {
    id: 'HAR-RES-02',
    about: 'the answer is an enterprise Authority, while the Service’s document names others',
    negative: true,
    run: async (s) => {
      const w = s.world()
      const [own, federated] = [approvingAuthority(s, 'service'), approvingAuthority(s)]
      w.service.document.trust = { service_authority: own.reference, trusted_federated_authorities: [federated.reference] }
      expectDone(await w.run())
      onlyCall(w, 'issuance')
      for (const other of [own, federated]) expectUntouched(other, 'an Authority that was not offered')
    },
  },
  {
    id: 'HAR-RES-03',
    about: 'the answer is the Service’s own Authority',
    run: async (s) => {
      const w = s.world({ authority: { trustMode: 'service' } })
      offers(w, { service_authority: w.authority.reference })
      expectDone(await w.run())
      onlyCall(w, 'issuance')
    },
  },
  {
    id: 'HAR-RES-04',
    about: 'the answer is a list of two, and the second is chosen',
    run: async (s) => {
      const w = s.world({ authority: { trustMode: 'federated' } })
      const first = approvingAuthority(s)
      offers(w, { trusted_federated_authorities: [first.reference, w.authority.reference] })
      expectDone(await w.run({ authority: w.authority.identifier }))
      onlyCall(w, 'issuance')
      expectUntouched(first, 'the Authority that was not chosen')
    },
  },
  {
    id: 'HAR-RES-04/one',
    about: 'the answer is a list of one, and nobody chooses',
    run: async (s) => {
      const w = s.world({ authority: { trustMode: 'federated' } })
      offers(w, { trusted_federated_authorities: [w.authority.reference] })
      expectDone(await w.run())
      onlyCall(w, 'issuance')
    },
  },
  {
    id: 'HAR-RES-05',
    about: 'an Authority is named that is not on the list of two',
    negative: true,
    run: async (s) => {
      const w = s.world({ authority: { trustMode: 'federated' } })
      const [second, foreign] = [approvingAuthority(s), approvingAuthority(s)]
      offers(w, { trusted_federated_authorities: [w.authority.reference, second.reference] })
      await expectStop(w, 'resolution', { authority: foreign.identifier })
      for (const other of [second, foreign]) expectUntouched(other, 'another Authority')
    },
  },
  {
    id: 'HAR-RES-05/enterprise',
    about: 'another Authority than the enterprise’s is named',
    negative: true,
    run: async (s) => {
      const w = s.world()
      const foreign = approvingAuthority(s)
      await expectStop(w, 'resolution', { authority: foreign.identifier })
      expectUntouched(foreign, 'the Authority that was not offered')
    },
  },
  {
    id: 'HAR-RES-05/slash',
    about: 'the offered Authority is named with a slash more: identifiers are compared byte for byte',
    negative: true,
    run: async (s) => {
      const w = s.world()
      await expectStop(w, 'resolution', { authority: `${w.authority.identifier}/` })
    },
  },
  {
    id: 'HAR-RES-06',
    about: 'the answer is the Service’s own Authority and a list, and the former is chosen',
    run: async (s) => {
      const w = s.world({ authority: { trustMode: 'service' } })
      const federated = approvingAuthority(s)
      offers(w, { service_authority: w.authority.reference, trusted_federated_authorities: [federated.reference] })
      expectDone(await w.run({ authority: w.authority.identifier }))
      onlyCall(w, 'issuance')
      expectUntouched(federated, 'the Authority that was not chosen')
    },
  },
  ...INVALID.map(
    ({ slug, about, resolution: invalid }): Case<HarnessStage> => ({
      id: `HAR-RES-07/${slug}`,
      about: `the answer names ${about}`,
      negative: true,
      run: async (s) => {
        const w = s.world()
        const other = approvingAuthority(s)
        w.service.document.trust = { trusted_federated_authorities: [w.authority.reference] }
        offers(w, invalid(w, other))
        await expectStop(w, 'resolution')
        expectUntouched(other, 'the other Authority')
      },
    }),
  ),
  ...NO_ANSWERS.map(
    ({ slug, about, answer }): Case<HarnessStage> => ({
      id: `HAR-RES-07/answer-${slug}`,
      about: `resolution: ${about}`,
      negative: true,
      run: async (s) => {
        const w = s.world()
        w.service.document.trust = { trusted_federated_authorities: [w.authority.reference] }
        w.service.on.resolve = () => answer({ enterprise_authority: w.authority.reference }, 'https://nowhere.invalid')
        await expectStop(w, 'resolution')
      },
    }),
  ),
]
