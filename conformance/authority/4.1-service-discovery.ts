import { expectRefused, isSuccess } from '../actors/client.ts'
import { UNUSABLE_VALUES } from '../actors/dns-faults.ts'
import { createKey } from '../actors/jws.ts'
import type { FakeService } from '../actors/service.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectClosed, expectFailedClosed, expectGoodSoon, KEPT_MS, questions } from './discovering.ts'
import { expectStillGood } from './presenting.ts'
import type { AuthorityStage } from './stage.ts'

/** What a record may hold and still be an https URL: who accepts it breaks no MUST of the published draft. */
const LENIENT: Record<string, string> = {
  userinfo: 'a URL with userinfo is better refused',
  fragment: 'a URL with a fragment is better refused',
  control: 'a URL with a line break in it is better refused',
  long: 'a URL of over 2,048 characters is better refused',
}

const MOVED = 'what is new to be used, once what was old may be kept no longer'

/** Its pass is presented while its record holds something else. */
const record = (s: AuthorityStage, values: (service: FakeService) => (string | string[])[], lenient?: string): Promise<void> =>
  expectClosed(s, {
    begin: (service) => s.ground.dns.publish(service.record, values(service)),
    end: (service) => s.ground.dns.publish(service.record, [service.configurationUrl]),
    met: (service) => questions(s, service),
    forgotten: 'record',
    lenient,
  })

/** How an Authority finds the Service that authenticates (§4.1, §5.4.1). */
export const serviceDiscovery: Case<AuthorityStage>[] = [
  {
    id: 'DISC-SVC-02',
    about: 'a Service that nobody has seen before presents a pass; at its origin another document lies in wait',
    run: async (s) => {
      const service = s.service()
      let waylaid = 0
      service.otherwise = () => {
        waylaid++
        return { json: { ...service.document, jwks_uri: `${service.origin}/elsewhere` } }
      }
      expectRefused(await s.validate('suite-pass-unknown', service))
      expectThat(questions(s, service) > 0, `a question for the TXT record of ${service.record}`, 'none')
      expectThat(service.callsTo('document').length > 0, 'the document that the record names to be fetched', 'no request for it')
      expectThat(service.callsTo('jwks').length > 0, 'the key set that the document names to be fetched', 'no request for it')
      expectEqual(waylaid, 0, 'requests for what neither names')
    },
  },
  {
    id: 'DISC-SVC-02/absent',
    about: 'a Service has no record any more when its pass is presented',
    negative: true,
    run: (s) =>
      expectClosed(s, {
        begin: (service) => s.ground.dns.withdraw(service.record),
        end: (service) => s.ground.dns.publish(service.record, [service.configurationUrl]),
        met: (service) => questions(s, service),
        forgotten: 'record',
      }),
  },
  ...UNUSABLE_VALUES.map(
    ({ slug, about, values }): Case<AuthorityStage> => ({
      id: slug === 'http' ? 'DISC-SVC-03/authority' : `DISC-SVC-03/authority-${slug}`,
      about: `of the Service's record: ${about}`,
      negative: true,
      run: (s) => record(s, ({ configurationUrl }) => values(configurationUrl), LENIENT[slug]),
    }),
  ),
  {
    id: 'DISC-SVC-04/authority',
    about: 'the Service’s record is the word none',
    negative: true,
    run: (s) => record(s, () => ['none']),
  },
  {
    id: 'DISC-SVC-05',
    about: 'the document of the pass’s Service names another origin',
    negative: true,
    run: async (s) => {
      const other = s.service()
      await expectClosed(s, {
        begin: (service) => {
          service.document.service = { origin: other.origin }
        },
        end: (service) => {
          service.document.service = { origin: service.origin }
        },
        met: (service) => service.callsTo('document').length,
      })
    },
  },
  {
    id: 'DISC-SVC-05/claimed',
    about: 'a stranger’s document claims the origin of the pass’s Service, and the stranger presents its pass',
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      for (const iss of [undefined, pass.service.origin]) {
        const stranger = s.service()
        stranger.document.service = { origin: pass.service.origin }
        expectFailedClosed(s, await s.validate(pass.value, stranger, { ...(iss !== undefined && { changes: { claims: { iss } } }) }))
      }
      await expectStillGood(s, pass)
    },
  },
  {
    id: 'DISC-SVC-07/authority',
    about: 'the port of a Service’s origin is part of no name that is asked for',
    run: async (s) => {
      const { service } = await s.redeemed()
      const asked = s.ground.dns.asked(`${service.host}.${s.ground.zone}`).filter(({ type }) => type === 'TXT')
      expectEqual([...new Set(asked.map(({ name }) => name))], [service.record], 'the names whose TXT records were asked for')
    },
  },
  {
    id: 'DISC-CACHE-01/authority',
    about: 'a Service has moved: its record, which may be kept for a second, names another document since',
    slow: true,
    run: async (s) => {
      const service = s.service()
      const pass = await s.approved({ service })
      moveTo(s, service, createKey())
      await s.wait(1500)
      await expectGoodSoon(() => s.validate(pass.value, service), 8000, MOVED)
    },
  },
]

/** Another document with another key set at another URL, and the record that names it. */
function moveTo(s: AuthorityStage, service: FakeService, key: ReturnType<typeof createKey>): void {
  const [document, keys] = [`${service.origin}/moved`, `${service.origin}/moved-keys`]
  service.keys = [key]
  service.on.jwks = () => ({ json: { keys: [createKey().jwk] } }) // what the old document names is of no use any more
  service.otherwise = ({ path }) => ({ json: path === '/moved' ? { ...service.document, jwks_uri: keys } : { keys: [key.jwk] } })
  s.ground.dns.publish(service.record, [document])
}

const CALLS = 12
const A_MINUTE = 'max-age=60'

/** How long documents are kept (§5.2.1). */
export const documentCaching: Case<AuthorityStage>[] = [
  {
    id: 'CFG-X-05/authority',
    about: 'a Service’s document names another key set since it was read, and may be kept no longer',
    slow: true,
    run: async (s) => {
      const service = s.service()
      const pass = await s.approved({ service })
      service.keys = [createKey()]
      service.document.jwks_uri = `${service.origin}/new-keys`
      service.otherwise = () => ({ json: { keys: service.keys.map(({ jwk }) => jwk) } })
      service.on.jwks = () => ({ json: { keys: [createKey().jwk] } })
      await s.wait(KEPT_MS)
      await expectGoodSoon(() => s.validate(pass.value, service), 3000, MOVED)
    },
  },
  {
    id: 'CFG-X-06/authority',
    about: `a Service whose record and documents may be kept for a minute checks ${CALLS} times`,
    run: async (s) => {
      const service = s.service({ publish: false })
      s.ground.dns.publish(service.record, [service.configurationUrl], { ttlSeconds: 60 })
      service.on.document = () => ({ json: service.document, headers: { 'cache-control': A_MINUTE } })
      service.on.jwks = () => ({ json: { keys: service.keys.map(({ jwk }) => jwk) }, headers: { 'cache-control': A_MINUTE } })
      const { authorizationId } = await s.redeemed({ service })
      for (let i = 0; i < CALLS; i++) expectThat(isSuccess(await s.check(authorizationId, service)), 'the check to succeed', 'a refusal')
      const fetched = { document: service.callsTo('document').length, 'key set': service.callsTo('jwks').length, record: questions(s, service) }
      for (const [what, times] of Object.entries(fetched))
        expectThat(times < CALLS / 2, `the ${what} to be kept for a while`, `${times} requests for it in ${CALLS + 2} calls`)
    },
  },
]
