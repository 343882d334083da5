import { type Case, expectThat } from '../case.ts'
import { expectNothing } from './bought.ts'
import { hasBegun, urlGrant } from './link.ts'
import type { ServiceStage, WantedPass } from './stage.ts'

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
