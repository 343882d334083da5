import { runHook } from '../actors/hook.ts'
import { type Case, expectThat } from '../case.ts'
import { need, skip } from '../stage.ts'
import { expectNothing, isSessionOf, suggest } from './bought.ts'
import { agentPass, cookieOf, expectNotBegun, guess, hasBegun, withSecrets } from './link.ts'
import type { ServiceStage, WantedPass } from './stage.ts'

const LONGEST_WAIT_SECONDS = 60

/** A redemption whose link can be loaded, as that of a Harness of the published draft. */
const urlGrant = async (s: ServiceStage) =>
  (await s.grant(s.pass({ type: 'browser_session' }), { changed: { initialization_methods: undefined } })).grant

/** The beginning of a browser session: once, soon, and by its one-time secret alone (§4.5). */
export const initialization: Case<ServiceStage>[] = [
  {
    id: 'SVC-BRW-05',
    about: 'a browser session is begun twice',
    negative: true,
    run: async (s) => {
      const { grant } = await s.grant()
      expectThat(hasBegun(await s.begin(grant)), 'the session to begin', 'none')
      const again = await s.begin(grant)
      expectNotBegun(again)
      suggest(s, again, 409, 410)
      await s.session()
    },
  },
  {
    id: 'SVC-BRW-05/url',
    about: 'a browser session is begun twice, by loading its URL',
    negative: true,
    run: async (s) => {
      const grant = await urlGrant(s)
      expectThat(hasBegun(await s.begin(grant)), 'the session to begin', 'none')
      expectNotBegun(await s.begin(grant))
      await s.session()
    },
  },
  {
    id: 'SVC-BRW-05/at-once',
    about: 'twenty browsers begin one session at once',
    negative: true,
    run: async (s) => {
      const { grant } = await s.grant()
      const replies = await Promise.all(Array.from({ length: 20 }, () => s.begin(grant)))
      const begun = replies.filter(hasBegun).length
      expectThat(begun === 1, 'one session', `${begun}`)
    },
  },
  {
    id: 'SVC-BRW-05/two-instances',
    about: 'ten browsers begin one session at once, at two instances',
    negative: true,
    run: async (s) => {
      const at = s.second()
      const { grant } = await s.grant()
      const replies = await Promise.all(Array.from({ length: 10 }, (_, i) => s.begin(grant, i % 2 === 0 ? {} : { at })))
      const begun = replies.filter(hasBegun).length
      expectThat(begun === 1, 'one session', `${begun}`)
    },
  },
  {
    id: 'SVC-BRW-05/after-a-crash',
    about: 'a browser session has begun; the Service is killed and comes back; it is begun again',
    negative: true,
    alone: true,
    run: async (s) => {
      const v = await s.variant('durable')
      const restart = need(s.adapter.variants.durable?.restart, 'the adapter cannot restart the Service')
      const { grant } = await v.grant()
      expectThat(hasBegun(await v.begin(grant)), 'the session to begin', 'none')
      const { ok, text } = await runHook(restart, {}, s.client)
      expectThat(ok, 'the Service to be back', text)
      expectNotBegun(await v.begin(grant))
      await v.session()
    },
  },
  {
    id: 'SVC-BRW-06',
    about: 'a browser session is begun when its time is over',
    negative: true,
    slow: true,
    run: async (s) => {
      const v = await s.variant('short')
      const seconds = s.adapter.variants.short?.initialization_seconds ?? s.adapter.initialization_seconds
      if (seconds > LONGEST_WAIT_SECONDS) skip(`the adapter names no variant whose links live for at most ${LONGEST_WAIT_SECONDS} seconds`)
      const { grant } = await v.grant()
      await s.wait(seconds * 1000 + 1500)
      const late = await v.begin(grant)
      expectNotBegun(late)
      suggest(s, late, 409, 410)
      await v.session()
    },
  },
  {
    id: 'SVC-BRW-07',
    about: 'a browser session is begun with a secret that nobody gave out',
    negative: true,
    run: async (s) => {
      const { grant } = await s.grant()
      const guessed = await s.begin(withSecrets(grant, guess))
      expectNotBegun(guessed)
      suggest(s, guessed, 400, 404, 409)
      expectThat(hasBegun(await s.begin(grant)), 'the session to begin with the right one', 'none')
    },
  },
  {
    id: 'SVC-BRW-07/longer',
    about: 'a browser session is begun with a secret that only begins like the right one',
    negative: true,
    run: async (s) => {
      const { grant } = await s.grant()
      expectNotBegun(await s.begin(withSecrets(grant, (secret) => `${secret}A`)))
      expectThat(hasBegun(await s.begin(grant)), 'the session to begin with the right one', 'none')
    },
  },
  {
    id: 'SVC-BRW-08',
    about: 'the Authority has ended the authorization when its browser session is begun: one attempt, then a second',
    negative: true,
    slow: true,
    run: async (s) => {
      const { pass, agent } = agentPass(s)
      pass.script.check = () => ({ status: 404, json: { error: { code: 'unknown_authorization', message: 'it has ended' } } })
      const { grant } = await s.grant(pass)
      const first = await s.begin(grant)
      const cookie = cookieOf(s, first)
      await s.wait(s.adapter.check_seconds * 1000 + 500) // so long the answer of the redemption may be believed
      expectThat(!isSessionOf(agent, await s.visit(cookie)), 'no page for the agent', 'one')
      delete pass.script.check
      expectNotBegun(await s.begin(grant))
      await s.session()
    },
  },
  {
    id: 'SVC-BRW-14',
    about: 'a browser session is begun without its secret',
    negative: true,
    run: async (s) => {
      const { grant } = await s.grant()
      expectNotBegun(await s.begin({ ...grant, initialization_request: { method: 'POST', form_fields: {} } }))
      expectThat(hasBegun(await s.begin(grant)), 'the session to begin with it', 'none')
    },
  },
  {
    id: 'SVC-BRW-14/cross-site',
    about: 'a browser session is begun from another site’s page',
    run: async (s) => {
      const { grant } = await s.grant()
      const reply = await s.begin(grant, { headers: { origin: 'https://somebody-else.invalid', 'sec-fetch-site': 'cross-site' } })
      expectThat(hasBegun(reply), 'the session to begin: the one-time secret is the proof', `${reply.status} ${reply.text.slice(0, 200)}`)
    },
  },
  {
    id: 'SVC-BRW-14/referrer',
    about: 'a browser session is begun: where the browser goes next is not told where it came from',
    run: async (s) => {
      const { reply } = await s.session()
      expectThat(reply.headers['referrer-policy'] === 'no-referrer', 'Referrer-Policy: no-referrer', reply.headers['referrer-policy'] ?? 'none')
    },
  },
]

/** What looks ahead, or looks only. */
const LOOKS: [slug: string, about: string, method: string, headers: Record<string, string>][] = [
  ['head', 'the link is asked for with HEAD', 'HEAD', {}],
  ['prefetch', 'the link is fetched ahead of time (Sec-Purpose: prefetch)', 'GET', { 'sec-purpose': 'prefetch' }],
  ['prerender', 'the link is rendered ahead of time (Sec-Purpose: prefetch;prerender)', 'GET', { 'sec-purpose': 'prefetch;prerender' }],
  ['purpose', 'the link is fetched ahead of time (Purpose: prefetch)', 'GET', { purpose: 'prefetch' }],
]

/** Redemptions that fail after the pass was spent. */
const FAILING: [slug: string, about: string, wanted: (s: ServiceStage) => WantedPass, changed: Record<string, unknown>][] = [
  ['destination', 'the destination is another site’s', () => ({ validation: { destination_url: 'https://somebody-else.invalid/' } }), {}],
  ['scope', 'nothing is granted', () => ({ validation: { scope: ['nothing:known'] } }), {}],
  ['requested', 'nothing of what is asked for was approved', () => ({}), { requested_scope: ['nothing:known'] }],
  ['user', 'the Authority speaks for another user', ({ adapter }) => ({ validation: { user: { email: adapter.users.lacking } } }), {}],
]

/** What spends nothing, and what begins nothing. */
export const nothingBegun: Case<ServiceStage>[] = [
  ...LOOKS.map(
    ([slug, about, method, headers]): Case<ServiceStage> => ({
      id: `SVC-BRW-18/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const grant = await urlGrant(s)
        const looked = await s.client.send(grant.initialization_url, { method, headers: { accept: 'text/html', ...headers } })
        expectThat(!hasBegun(looked), 'no session', `${looked.status}`)
        expectThat(hasBegun(await s.begin(grant)), 'the session to begin after it', 'none')
      },
    }),
  ),
  ...FAILING.map(
    ([slug, about, wanted, changed]): Case<ServiceStage> => ({
      id: `SVC-BRW-04/${slug}`,
      about: `for a browser session: ${about}`,
      negative: true,
      run: async (s) => {
        expectNothing(await s.redeem(s.pass({ type: 'browser_session', ...wanted(s) }), { changed }))
        await s.session()
      },
    }),
  ),
]
