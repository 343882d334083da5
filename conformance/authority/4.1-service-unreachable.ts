import { DNS_FAULTS } from '../actors/dns-faults.ts'
import { BODY_FAULTS, FETCH_FAULTS, type FetchFault } from '../actors/document-faults.ts'
import type { Answer } from '../actors/hosts.ts'
import type { FakeService, ServiceEndpoint } from '../actors/service.ts'
import { type Case, expectEqual } from '../case.ts'
import { expectClosed, questions } from './discovering.ts'
import type { AuthorityStage } from './stage.ts'

type Fetched = Extract<ServiceEndpoint, 'document' | 'jwks'>
const NAMES = { document: 'the Service’s document', jwks: 'the Service’s key set' } as const

/** The right answer, as the Service gives it. */
const good = (service: FakeService, what: Fetched): unknown => (what === 'document' ? service.document : { keys: service.keys.map(({ jwk }) => jwk) })

/** A case of a document, or a key set, that cannot be had. */
const fetching =
  (what: Fetched) =>
  ({ slug, about, answer, slow }: FetchFault): Case<AuthorityStage> => ({
    id: `AUTH-ASRT-19/${what === 'document' ? 'document' : 'keys'}-${slug}`,
    about: `${NAMES[what]} is asked for: ${about}`,
    negative: true,
    ...(slow && { slow }),
    run: async (s) => {
      let followed = 0
      await expectClosed(s, {
        begin: (service) => {
          service.otherwise = () => {
            followed++
            return { json: good(service, what) }
          }
          service.on[what] = () => answer(good(service, what), `${service.origin}/elsewhere`)
        },
        end: (service) => {
          delete service.on[what]
        },
        met: (service) => service.callsTo(what).length,
        forgotten: what === 'document' ? 'document' : 'nothing',
      })
      expectEqual(followed, 0, 'requests for where it was sent on to')
    },
  })

/** Sizes beyond what is read (protocol 2). */
const TOO_LARGE: [Fetched, number, string][] = [
  ['document', 80, 'large'],
  ['jwks', 300, 'large'],
]
const padded = (value: unknown, kibibytes: number): Answer => ({
  body: `${JSON.stringify(value)}${' '.repeat(kibibytes * 1024)}`,
  headers: { 'content-type': 'application/json' },
})

/** Bodies of key sets: the others are judged of the document, which is read in the same way. */
const OF_KEYS = new Set(['html', 'null', 'trailing'])

/** A Service whose document, keys or record cannot be had is nobody (§5.4.1): fail closed. */
export const unreachable: Case<AuthorityStage>[] = [
  ...FETCH_FAULTS.map(fetching('document')),
  ...FETCH_FAULTS.map(fetching('jwks')),
  ...BODY_FAULTS.map(fetching('document')),
  ...BODY_FAULTS.filter(({ slug }) => OF_KEYS.has(slug)).map(fetching('jwks')),
  ...TOO_LARGE.map(
    ([what, kibibytes, slug]): Case<AuthorityStage> => ({
      id: `AUTH-ASRT-19/${what === 'document' ? 'document' : 'keys'}-${slug}`,
      about: `${NAMES[what]} has ${kibibytes} KiB`,
      negative: true,
      run: (s) =>
        expectClosed(s, {
          begin: (service) => {
            service.on[what] = () => padded(good(service, what), kibibytes)
          },
          end: (service) => {
            delete service.on[what]
          },
          met: (service) => service.callsTo(what).length,
          forgotten: what === 'document' ? 'document' : 'nothing',
          lenient: `${NAMES[what]} of ${kibibytes} KiB is better refused: a stranger decides its size`,
        }),
    }),
  ),
  ...DNS_FAULTS.map(
    ({ slug, about, truth, slow }): Case<AuthorityStage> => ({
      id: `AUTH-ASRT-19/dns-${slug}`,
      about: `the Service's record is asked for: ${about}`,
      negative: true,
      ...(slow && { slow }),
      run: (s) =>
        expectClosed(s, {
          begin: (service) => s.ground.dns.answer(service.record, truth(service.configurationUrl)),
          end: (service) => s.ground.dns.publish(service.record, [service.configurationUrl]),
          met: (service) => questions(s, service),
          forgotten: 'record',
        }),
    }),
  ),
]
