import { BrowserSessionGrant } from '../../spec/wire/redemption.ts'
import { isSuccess } from '../actors/client.ts'
import { type Case, expectThat } from '../case.ts'
import { expectNothing, suggest } from './bought.ts'
import { hasBegun } from './link.ts'
import type { ServiceStage } from './stage.ts'

/** Sites that are not the Service’s. */
const ELSEWHERE: [slug: string, about: string, of: (origin: string) => string][] = [
  ['other-site', 'the approved destination is another site’s', () => 'https://somebody-else.invalid/'],
  [
    'lookalike',
    'the host of the approved destination begins like the Service’s',
    (origin) => `${origin.replace(/:\d+$/, '')}.somebody-else.invalid/`,
  ],
  ['other-port', 'the approved destination is at another port of the Service’s host', (origin) => `${origin.replace(/:\d+$/, '')}:4444/`],
  ['below', 'the approved destination is at a host below the Service’s', (origin) => `${origin.replace('https://', 'https://below.')}/`],
]

/** Texts that readers of URLs understand in different ways. Refused, or led to the Service’s own pages: never elsewhere. */
const AMBIGUOUS: ((service: URL) => string)[] = [
  () => '//somebody-else.invalid/',
  () => '\\\\somebody-else.invalid\\',
  () => '/\\somebody-else.invalid/',
  () => 'https:somebody-else.invalid',
  () => 'https:/somebody-else.invalid',
  () => 'https:\\\\somebody-else.invalid',
  ({ host }) => `https://${host}@somebody-else.invalid/`,
  ({ host }) => `https://somebody-else.invalid\\@${host}/`,
  ({ host }) => `https://somebody-else.invalid#@${host}/`,
  ({ host }) => `https://${host}%2f@somebody-else.invalid/`,
  ({ hostname }) => `https://${hostname}.somebody-else.invalid/`,
  ({ origin }) => `${origin}//somebody-else.invalid/%2f..`,
  ({ origin }) => `${origin}\t.somebody-else.invalid/`,
  () => 'https://somebody-else\u3002invalid/',
  () => 'javascript:alert(document.cookie)',
  () => 'data:text/html,<script>alert(1)</script>',
  ({ origin }) => `${origin.replace('https:', 'http:')}/`,
]

/** Where a begun session leads (§4.5 step 8). */
export const destination: Case<ServiceStage>[] = [
  ...ELSEWHERE.map(
    ([slug, about, of]): Case<ServiceStage> => ({
      id: `SVC-BRW-03/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const refused = await s.redeem(s.pass({ type: 'browser_session', validation: { destination_url: of(s.origin) } }))
        expectNothing(refused)
        suggest(s, refused, 403)
        await s.session()
      },
    }),
  ),
  {
    id: 'SVC-BRW-10',
    about: `the approved destination is one of ${AMBIGUOUS.length} texts that look like a way to another site`,
    negative: true,
    run: async (s) => {
      for (const of of AMBIGUOUS) {
        const text = of(new URL(s.origin))
        const { location } = await whereItLeads(s, text)
        expectThat(location === undefined || isOwn(s, location), `${JSON.stringify(text)} to be refused, or to lead to ${s.origin}`, location)
      }
      await s.session()
    },
  },
  {
    id: 'SVC-BRW-11',
    about: 'a browser session is begun: the browser is sent to the approved destination',
    run: async (s) => {
      const { location, status } = await whereItLeads(s, s.destination)
      expectThat(status === 302 || status === 303, 'status 302 or 303', `${status}`)
      expectThat(location === new URL(s.destination).href, `Location ${s.destination}`, location ?? 'none')
    },
  },
  {
    id: 'SVC-BRW-11/unsaid',
    about: 'a browser session is begun without an approved destination: the browser is sent to a page of the Service',
    run: async (s) => {
      const { location, status } = await whereItLeads(s, undefined)
      expectThat(status === 302 || status === 303, 'status 302 or 303', `${status}`)
      expectThat(location !== undefined && isOwn(s, location), `a Location of ${s.origin}`, location ?? 'none')
    },
  },
]

const isOwn = (s: ServiceStage, location: string): boolean => new URL(location, s.origin).origin === s.origin

/** Redeems a pass with that destination and begins its session. No location: it was refused on the way. */
async function whereItLeads(s: ServiceStage, destination: string | undefined): Promise<{ status: number; location?: string }> {
  const reply = await s.redeem(s.pass({ type: 'browser_session', validation: { destination_url: destination } }))
  const { data: grant } = BrowserSessionGrant.safeParse(reply.json)
  if (!isSuccess(reply) || !grant) return { status: reply.status }
  const begun = await s.begin(grant)
  const { location } = begun.headers
  return { status: begun.status, ...(hasBegun(begun) && location !== undefined && { location: new URL(location, s.origin).href }) }
}
