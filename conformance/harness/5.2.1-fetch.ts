import { refusal } from '../actors/authority.ts'
import { expectUnvisited } from '../actors/canary.ts'
import type { Answer } from '../actors/hosts.ts'
import { type Case, expectThat } from '../case.ts'
import { approvedAnswer, expectGivenUp, type HarnessStage, type HarnessWorld, pendingAnswer } from './stage.ts'
import { asText, callsAt, expectNothingFrom, expectStop, expectUntouched, type Hop, inTurn, openElsewhere, setEndpoint } from './trip.ts'

const inClear = (url: unknown): string => asText(url).replace('https:', 'http:')

/** URLs that are http: `at` is where they are read, and nothing may be asked for from `before` on. The suite answers in clear, too. */
const HTTP_URLS: readonly { slug: string; about: string; at: Hop; before: Hop; put: (w: HarnessWorld) => void }[] = [
  {
    slug: 'configuration',
    about: 'the configuration URL of the Authority that is offered is http',
    ...{ at: 'resolution', before: 'authority document' },
    put: ({ service, authority: { reference } }) => {
      const { authority, authority_configuration_url: url } = reference
      service.on.resolve = () => ({ json: { enterprise_authority: { authority, authority_configuration_url: inClear(url) } } })
    },
  },
  {
    slug: 'resolution',
    about: 'the Service’s resolution endpoint is http',
    ...{ at: 'service document', before: 'resolution' },
    put: ({ service }) => setEndpoint(service, 'resolve_authorities', inClear(service.urls.resolve)),
  },
  {
    slug: 'issuance',
    about: 'the Authority’s issuance endpoint is http',
    ...{ at: 'authority document', before: 'issuance' },
    put: ({ authority }) => setEndpoint(authority, 'issuance', inClear(authority.urls.issuance)),
  },
  {
    slug: 'status',
    about: 'the Authority’s status template is http',
    ...{ at: 'authority document', before: 'status' },
    put: ({ authority }) => setEndpoint(authority, 'issuance_status', inClear(authority.urls.status)),
  },
  {
    slug: 'redemption',
    about: 'the Service’s redemption endpoint is http',
    ...{ at: 'service document', before: 'redemption' },
    put: ({ service }) => setEndpoint(service, 'redeem_bearer_token', inClear(service.urls.bearer)),
  },
]

/** Redirects to another host, where the right answer is. */
const REDIRECTS: readonly { hop: Hop; status: number; right: (w: HarnessWorld) => Answer; redirect: (w: HarnessWorld, answer: Answer) => void }[] = [
  {
    hop: 'service document',
    status: 302,
    right: ({ service }) => ({ json: service.document }),
    redirect: ({ service }, answer) => {
      service.on.document = () => answer
    },
  },
  {
    hop: 'resolution',
    status: 307,
    right: ({ authority }) => ({ json: { enterprise_authority: authority.reference } }),
    redirect: ({ service }, answer) => {
      service.on.resolve = () => answer
    },
  },
  {
    hop: 'authority document',
    status: 301,
    right: ({ authority }) => ({ json: authority.document }),
    redirect: ({ authority }, answer) => {
      authority.on.document = () => answer
    },
  },
  {
    hop: 'issuance',
    status: 308,
    right: ({ issued }) => pendingAnswer(issued, { status: 202 }),
    redirect: ({ authority }, answer) => {
      authority.on.issuance = () => answer
    },
  },
  {
    hop: 'status',
    status: 302,
    right: ({ issued }) => approvedAnswer(issued, 'bearer_token'),
    redirect: ({ authority }, answer) => {
      authority.on.status = inTurn(answer, refusal(410, 'request_gone'))
    },
  },
]

/** What a Harness fetches and how (§5.2.1): https alone, no redirects, within bounds, and never from where only this machine or its network is. */
export const fetching: Case<HarnessStage>[] = [
  ...HTTP_URLS.map(
    ({ slug, about, at, before, put }): Case<HarnessStage> => ({
      id: `HAR-RES-09/http-${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const w = s.world()
        put(w)
        await expectStop(w, at, { before })
      },
    }),
  ),
  ...REDIRECTS.map(
    ({ hop, status, right, redirect }): Case<HarnessStage> => ({
      id: `HAR-RES-09/redirect-${hop.replace(' ', '-')}`,
      about: `the answer of the ${hop} is a redirect (${status}) to another host, where the right one is`,
      negative: true,
      run: async (s) => {
        const w = s.world()
        const elsewhere = openElsewhere(s, () => right(w))
        redirect(w, { status, headers: { location: elsewhere.url } })
        const outcome = await w.run()
        expectThat(callsAt(w, hop).length > 0, `the Harness to come as far as the ${hop}`, 'it did not')
        expectUntouched(elsewhere, 'the host that the redirect names')
        expectNothingFrom(w, 'redemption')
        expectGivenUp(outcome)
      },
    }),
  ),
  {
    id: 'HAR-RES-09/private-address',
    about: 'DNS says that the Authority’s host is at 0.0.0.0, which is this machine',
    negative: true,
    run: async (s) => {
      s.ground.needDns()
      const w = s.world()
      s.ground.dns.move(`${w.authority.host}.${s.ground.zone}`, '0.0.0.0')
      const outcome = await w.run()
      expectThat(w.service.callsTo('resolve').length > 0, 'the Harness to ask for its Authority', 'it did not')
      const visits = () => s.ground.hosts.greeted(w.authority.host)
      expectUnvisited(s, { host: '0.0.0.0', visits })
      if (visits() === 0) expectGivenUp(outcome)
    },
  },
]
