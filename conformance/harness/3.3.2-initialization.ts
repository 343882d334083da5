import { instant } from '../actors/authority.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectDone, type HarnessStage, type HarnessWorld } from './stage.ts'
import { callsAt, expectStop, expectUntouched, onlyCall, openElsewhere } from './trip.ts'

/** Answers a redemption with this way to begin the session. */
function grants({ service }: HarnessWorld, url: string, fields: Record<string, string> = { token: service.secrets.initialization }): void {
  const form = { method: 'POST', form_fields: fields }
  service.on.browser = () => ({ json: { initialization_url: url, expires_at: instant(60), one_time: true, initialization_request: form } })
}

/** That the session was begun once, by one request. */
function expectOneBeginning(w: HarnessWorld): void {
  const seen = callsAt(w, 'initialization').map(({ method }) => method)
  expectEqual(seen.length, 1, `the number of requests to begin the session (${seen.join(', ')})`)
}

const BAD_URLS: readonly { slug: string; about: string; url: (url: string) => string }[] = [
  { slug: 'javascript', about: 'the initialization URL is a javascript one', url: () => 'javascript:alert(document.domain)' },
  { slug: 'http', about: 'the initialization URL is an http one', url: (url) => url.replace('https:', 'http:') },
]

/** How a browser session begins: once (§3.3.2). */
export const initialization: Case<HarnessStage>[] = [
  {
    id: 'HAR-BRW-01',
    about: 'the requests that begin a session are counted',
    negative: true,
    run: async (s) => {
      const w = s.world()
      expectDone(await w.run({ type: 'browser' }))
      expectOneBeginning(w)
    },
  },
  {
    id: 'HAR-BRW-01/500',
    about: 'the answer to the first request that begins a session is 500',
    negative: true,
    run: async (s) => {
      const w = s.world()
      w.service.on.initialize = () => ({ status: 500 })
      await expectStop(w, 'initialization', { type: 'browser' })
      expectOneBeginning(w)
    },
  },
  {
    id: 'HAR-BRW-01/closed',
    about: 'a session begins by a URL alone, and the connection is closed without an answer',
    negative: true,
    profile: 'core-0.1',
    run: async (s) => {
      const w = s.world({ service: { postInitialization: false } })
      w.service.on.initialize = () => ({ raw: (response) => void response.destroy() })
      await expectStop(w, 'initialization', { type: 'browser' })
      expectOneBeginning(w)
    },
  },
  {
    id: 'HAR-BRW-01/get',
    about: 'a session begins by a URL alone: it is loaded once, as it stands',
    profile: 'core-0.1',
    run: async (s) => {
      const w = s.world({ service: { postInitialization: false } })
      expectDone(await w.run({ type: 'browser' }))
      const { method, url } = onlyCall(w, 'initialization')
      expectEqual([method, url.split('?')[0]], ['GET', w.service.urls.initialize], 'the request')
      expectThat(url.endsWith(`?token=${w.service.secrets.initialization}`), 'the URL as it was given', 'another')
    },
  },
  {
    id: 'HAR-BRW-02',
    about: 'the session is refused with 410 when it is to begin',
    negative: true,
    run: async (s) => {
      const w = s.world()
      w.service.on.initialize = () => ({ status: 410 })
      await expectStop(w, 'initialization', { type: 'browser' })
      const [requests, redemptions] = [callsAt(w, 'issuance').length, callsAt(w, 'redemption').length]
      expectThat(redemptions <= requests, 'a new request before a new redemption', `${redemptions} redemptions of ${requests} requests`)
      expectEqual(callsAt(w, 'initialization').length, redemptions, 'the number of beginnings')
    },
  },
  {
    id: 'HAR-BRW-03',
    about: 'the form has fields with characters that a form encodes',
    run: async (s) => {
      const w = s.world()
      const fields = { token: w.service.secrets.initialization, state: 'a b&c=d+e%41/é漢', empty: '' }
      grants(w, w.service.urls.initialize, fields)
      expectDone(await w.run({ type: 'browser' }))
      const { method, url, headers, text } = onlyCall(w, 'initialization')
      expectEqual(`${method} ${url.split('?')[0]}`, `POST ${w.service.urls.initialize}`, 'the request')
      expectThat(!url.includes('?'), 'a URL without a query', 'one with a query')
      expectThat(/^application\/x-www-form-urlencoded\b/.test(headers['content-type'] ?? ''), 'a form', headers['content-type'] ?? 'no Content-Type')
      const seen = Object.fromEntries(new URLSearchParams(text))
      expectThat(JSON.stringify(seen) === JSON.stringify(fields), 'the given fields, each as it was given', Object.keys(seen))
    },
  },
  ...BAD_URLS.map(
    ({ slug, about, url }): Case<HarnessStage> => ({
      id: `HAR-BRW-04/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const w = s.world()
        grants(w, url(w.service.urls.initialize))
        await expectStop(w, 'redemption', { type: 'browser' })
      },
    }),
  ),
  {
    id: 'HAR-BRW-04/other-host',
    about: 'the session begins on another host than the Service’s',
    profile: 'core-0.1',
    run: async (s) => {
      const w = s.world()
      const elsewhere = openElsewhere(s, () => beginsAt(w))
      grants(w, elsewhere.url)
      expectDone(await w.run({ type: 'browser' }))
      expectEqual(elsewhere.calls.length, 1, 'the number of requests there')
    },
  },
  {
    id: 'HAR-BRW-04/hardened-other-host',
    about: 'the session is to begin on another host than the Service’s',
    negative: true,
    profile: 'hardened',
    run: async (s) => {
      const w = s.world()
      const elsewhere = openElsewhere(s, () => beginsAt(w))
      grants(w, elsewhere.url)
      await expectStop(w, 'redemption', { type: 'browser' })
      expectUntouched(elsewhere, 'the other host')
    },
  },
]

const beginsAt = ({ service }: HarnessWorld) => ({
  status: 303,
  headers: { location: `${service.origin}/`, 'set-cookie': `__Host-suite=${service.secrets.token}; Path=/; Secure; HttpOnly; SameSite=Lax` },
})
