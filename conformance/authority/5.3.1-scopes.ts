import { z } from 'zod'
import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { ScopesRequest } from '../../spec/wire/scopes.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer, isSuccess } from '../actors/client.ts'
import { BODY_FAULTS, FETCH_FAULTS, type FetchFault } from '../actors/document-faults.ts'
import type { PublicJwk } from '../actors/jws.ts'
import { type Decoded, decodeJws, nowSeconds, verifies } from '../actors/jwt.ts'
import type { FakeService } from '../actors/service.ts'
import { type Case, expectEqual, expectThat, Unmet } from '../case.ts'
import { scopeOf } from './5.3.1-approved-scopes.ts'
import { expectAdmitted, expectNotAdmitted } from './admission.ts'
import type { AuthorityStage } from './stage.ts'

const KeySet = z.looseObject({ keys: z.array(z.custom<PublicJwk>((key) => typeof key === 'object' && key !== null)) })

/** The one question for its scopes that a Service was asked, with the assertion that came with it. */
function askedOf(s: AuthorityStage, service: FakeService) {
  const [call] = service.callsTo('scopes')
  if (!call) throw new Unmet('the Service to be asked for its scopes', 'no request')
  const [, compact = ''] = /^bearer +(\S+)$/i.exec(call.headers.authorization ?? '') ?? []
  const assertion: Decoded | undefined = decodeJws(s.secret(compact))
  if (!assertion) throw new Unmet('an assertion with the question for scopes', call.headers.authorization ?? 'none')
  return { call, assertion }
}

/** A request by a Harness that is called so: refused, or the Service hears the name as it is. */
async function expectNameAsItIs(s: AuthorityStage, id: string, { mayRefuse = false } = {}): Promise<void> {
  const service = s.service()
  const reply = await s.issue({ ...s.message(service), harness: { id }, task: { id, description: id } })
  if (mayRefuse && !isSuccess(reply)) return expectNotAdmitted(reply)
  expectAdmitted(reply)
  const { call } = askedOf(s, service)
  expectEqual(call.headers['x-injected'], undefined, 'a header that was never to be there')
  expectEqual(member(member(call.json, 'agent'), 'id'), id, 'agent.id')
  expectEqual(member(member(call.json, 'task'), 'id') ?? id, id, 'task.id')
}

const answering = (slug: string, about: string, status: number, json: unknown): FetchFault => ({ slug, about, answer: () => ({ status, json }) })
const ERROR = { error: { code: 'overloaded', message: 'the suite says no' } }
/** What a Service says in place of its scopes. */
const NO_SCOPES: FetchFault[] = [
  answering('none', 'the Service offers no scope', 200, { scopes: [] }),
  answering('missing', 'the answer has no scopes', 200, {}),
  answering('error-200', 'the answer is an error, with the status of a success', 200, ERROR),
  answering('text', 'the scopes are text', 200, { scopes: 'things:read' }),
  answering('nameless', 'a scope has no name', 200, { scopes: [{ description: 'Everything' }] }),
  answering('401', 'the answer is 401', 401, ERROR),
  answering('403', 'the answer is 403', 403, ERROR),
  answering('429', 'the answer is 429', 429, ERROR),
  answering('503', 'the answer is 503', 503, ERROR),
]

/** A Service that cannot be asked: nothing is approved, whatever policy says and whoever approves. Then it can be, and all is well. */
const unlearnt = (fault: FetchFault): Case<AuthorityStage> => ({
  id: `AUTH-ISS-20/${fault.slug}`,
  about: `the Service is asked for its scopes: ${fault.about}`,
  negative: true,
  ...(fault.slow && { slow: true }),
  run: async (s) => {
    const decided = s.adapter.variants.automatic ? await s.variant('automatic') : s
    const [service, other] = [decided.service(), decided.service()]
    service.on.scopes = () => fault.answer({ scopes: service.scopes }, other.urls.scopes)
    const reply = await decided.issue(decided.message(service))
    expectThat(reply.status < 500 || [502, 503, 504].includes(reply.status), '202, 4xx or 502', `${reply.status} ${reply.text.slice(0, 200)}`)
    const { data: status } = IssuanceStatus.safeParse(reply.json)
    if (status && decided === s && s.instance.decisions.approve) await s.decide('approve', status.id, { scopes: ['things:read'] })
    const last = status && IssuanceStatus.safeParse((await decided.status(status.id)).json).data
    expectThat(status?.status !== 'approved' && last?.status !== 'approved', 'no approval', last?.status ?? status?.status)
    expectEqual(other.calls, [], 'requests that followed a redirect')
    service.on = {}
    await decided.approved({ service })
  },
})

/** How the Authority learns what it may approve (§5.3.1, §4.3). */
export const issuanceScopes: Case<AuthorityStage>[] = [
  {
    id: 'AUTH-ISS-17',
    about: 'a request is sent, and the Service hears who asks, for whom',
    run: async (s) => {
      const service = s.service()
      const { message } = await s.pending(service)
      const { call, assertion } = askedOf(s, service)
      expectThat(
        ScopesRequest.safeParse(call.json).success && call.method === 'POST',
        'a POST of user.email and agent.id',
        `${call.method} ${call.text}`,
      )
      expectEqual(
        [member(member(call.json, 'user'), 'email'), member(member(call.json, 'agent'), 'id')],
        [message.user.email, message.harness.id],
        'user and agent',
      )
      const { keys } = expectAnswer(await s.client.send(s.document.jwks_uri), KeySet, 'the key set')
      expectThat(verifies(assertion, keys), 'an assertion that verifies under the published keys', 'one that does not')
    },
  },
  {
    id: 'AUTH-ISS-17/each-user',
    about: 'two users’ requests come to one Service, which offers them different scopes',
    negative: true,
    run: async (s) => {
      const service = s.service()
      const [one, other] = [s.user(), s.user()]
      service.on.scopes = ({ json }) => ({
        json: { scopes: [{ name: member(member(json, 'user'), 'email') === one ? 'things:read' : 'things:admin' }] },
      })
      await s.approved({ service, changed: { user: { email: other } }, scopes: ['things:admin'] })
      const { id } = await s.pending(service, { user: { email: one } })
      await s.decide('approve', id, { scopes: ['things:admin'] })
      const scope = await scopeOf(s, id, service)
      expectThat(!scope?.includes('things:admin'), 'no approval of what another user is offered', scope)
      expectEqual(service.callsTo('scopes').length, 2, 'the number of questions')
    },
  },
  {
    id: 'AUTH-ISS-17/decomposed',
    about: 'the names of Harness and task are decomposed Unicode, and blanks stand around them',
    negative: true,
    run: (s) => expectNameAsItIs(s, ' Zoe\u0308 \u212b ﬁn '),
  },
  {
    id: 'AUTH-ISS-17/line-break',
    about: 'the names of Harness and task hold a line break and a header',
    negative: true,
    run: (s) => expectNameAsItIs(s, 'suite\r\nX-Injected: yes\r\n\r\n{}', { mayRefuse: true }),
  },
  {
    id: 'AUTH-ISS-18',
    about: 'the assertion of the question is read',
    run: async (s) => {
      const service = s.service()
      await s.pending(service)
      const { iss, aud, iat, exp } = askedOf(s, service).assertion.claims
      expectEqual({ iss, aud: [aud].flat() }, { iss: s.identifier, aud: [service.origin] }, 'iss and aud')
      expectThat(typeof iat === 'number' && typeof exp === 'number' && iat <= nowSeconds() + 60 && exp > iat, 'iat and exp', { iat, exp })
      if (exp - iat > 300) s.warn(`it is to be short-lived, and lives for ${exp - iat} s`)
    },
  },
  {
    id: 'AUTH-ISS-18/each-service',
    about: 'two Services are asked, and each hears an assertion for itself alone',
    negative: true,
    run: async (s) => {
      const services = [s.service(), s.service()]
      for (const service of services) await s.pending(service)
      const heard = services.map((service) => [askedOf(s, service).assertion.claims.aud].flat())
      expectEqual(
        heard,
        services.map(({ origin }) => [origin]),
        'aud of each',
      )
    },
  },
  {
    id: 'AUTH-ISS-18/each-question',
    about: 'one Service is asked twice, and hears two assertions',
    negative: true,
    run: async (s) => {
      const service = s.service()
      for (let i = 0; i < 2; i++) await s.pending(service)
      const heard = service.callsTo('scopes').map(({ headers }) => s.secret(headers.authorization ?? ''))
      if (new Set(heard).size < heard.length) s.warn('an assertion is best made for one question: the same came twice')
    },
  },
  ...NO_SCOPES.map(unlearnt),
  ...FETCH_FAULTS.map(unlearnt),
  ...BODY_FAULTS.map(({ slug, ...fault }) => unlearnt({ ...fault, slug: `body-${slug}` })),
  {
    id: 'AUTH-ISS-20/later',
    about: 'the Service could be asked before, for the same user, and cannot be now',
    negative: true,
    run: async (s) => {
      s.needDecision('approve')
      const service = s.service()
      const user = { email: s.user() }
      await s.approved({ service, changed: { user } })
      service.on.scopes = () => ({ status: 503, json: ERROR })
      const reply = await s.issue(s.message(service, { user }))
      const { data: status } = IssuanceStatus.safeParse(reply.json)
      const done = status && s.instance.decisions.approve && (await s.decide('approve', status.id, { scopes: ['things:read'] }))
      expectThat(status?.status !== 'approved' && !done?.ok, 'no approval of scopes that were learnt for another request', status)
      service.on = {}
      await s.approved({ service, changed: { user } })
    },
  },
]
