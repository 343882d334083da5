import { isSuccess } from '../actors/client.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectDead, expectNoPageOf, isSessionOf } from './bought.ts'
import { agentPass, cookieOf, expectNotBegun, hasBegun, nameOf, secretsOf, valuesOf, withSecrets } from './link.ts'
import type { ServiceStage } from './stage.ts'

/** What the redemption of a browser session’s pass answers (§4.5). */
export const browserGrants: Case<ServiceStage>[] = [
  {
    id: 'SVC-BRW-01',
    about: 'a browser session is bought: its answer has an https URL to begin it with, and that begins it',
    run: async (s) => {
      const { grant } = await s.grant()
      expectThat(grant.initialization_url.startsWith('https://'), 'an https URL', grant.initialization_url.split('?')[0])
      const reply = await s.begin(grant)
      expectThat(hasBegun(reply), 'a redirect with a cookie', `${reply.status} ${reply.text.slice(0, 200)}`)
    },
  },
  {
    id: 'SVC-BRW-02',
    about: 'a browser session is bought: its answer says that it is for one time, and until when',
    run: async (s) => {
      const { grant } = await s.grant()
      expectEqual(grant.one_time, true, 'one_time')
      const left = Date.parse(grant.expires_at ?? '') - Date.now()
      expectThat(left > 0 && left <= (s.adapter.initialization_seconds + 5) * 1000, 'expires_at within the minute', grant.expires_at ?? 'none')
    },
  },
  {
    id: 'SVC-BRW-13',
    about: 'a browser session is bought: the answer may be kept by no cache',
    run: async (s) => {
      const reply = await s.redeem(s.pass({ type: 'browser_session' }))
      expectThat(isSuccess(reply), 'a grant', `${reply.status}`)
      const control = reply.headers['cache-control'] ?? 'none'
      expectThat(/\bno-store\b/.test(control), 'Cache-Control: no-store', control)
    },
  },
  {
    id: 'SVC-BRW-13/begin',
    about: 'a browser session is begun: the answer with its cookie may be kept by no cache',
    run: async (s) => {
      const { reply } = await s.session()
      const control = reply.headers['cache-control'] ?? 'none'
      expectThat(/\bno-store\b/.test(control), 'Cache-Control: no-store', control)
    },
  },
  {
    id: 'SVC-BRW-15',
    about: 'a browser session is bought: the URL to begin it with carries no secret, and begins nothing alone',
    negative: true,
    run: async (s) => {
      const { grant } = await s.grant()
      const { initialization_url: url } = grant
      for (const secret of secretsOf(grant)) expectThat(!url.includes(secret), 'a URL without the one-time secret', 'one with it')
      const loaded = await s.client.send(url, { headers: { accept: 'text/html' } })
      expectThat(!hasBegun(loaded), 'no session by loading the URL', `${loaded.status}`)
      expectThat(hasBegun(await s.begin(grant)), 'the session to begin as the grant says', 'none')
    },
  },
  {
    id: 'SVC-BRW-15/unasked',
    about: 'the Harness does not say that it can submit a form: the URL carries no secret all the same',
    negative: true,
    run: async (s) => {
      const { grant } = await s.grant(s.pass({ type: 'browser_session' }), { changed: { initialization_methods: undefined } })
      const loaded = await s.client.send(grant.initialization_url, { headers: { accept: 'text/html' } })
      expectThat(!hasBegun(loaded), 'no session by loading the URL', `${loaded.status}`)
      expectThat(hasBegun(await s.begin(grant)), 'the session to begin as the grant says', 'none')
    },
  },
  {
    id: 'SVC-BRW-15/moved',
    about: 'the form’s one-time secret is put into the URL',
    negative: true,
    run: async (s) => {
      const { grant } = await s.grant()
      const url = new URL(grant.initialization_url)
      for (const [name, value] of Object.entries(grant.initialization_request?.form_fields ?? {})) url.searchParams.set(name, value)
      const loaded = await s.client.send(url.href, { headers: { accept: 'text/html' } })
      expectThat(!hasBegun(loaded), 'no session by loading a URL', `${loaded.status}`)
      await s.session()
    },
  },
]

/** The session that a browser has then, and whose it is (§4.5). */
export const browserSessions: Case<ServiceStage>[] = [
  {
    id: 'SVC-BRW-09',
    about: 'a browser session has begun: its page says which agent acts, and for whom',
    run: async (s) => {
      const { pass, agent } = agentPass(s)
      const { cookie } = await s.session(pass)
      const { status, text } = await s.visit(cookie)
      expectThat(status === 200 && text.includes(pass.user), `a page that names ${pass.user}`, `${status} ${text.slice(0, 300)}`)
      expectThat(text.includes(agent), `a page that names ${agent}`, text.slice(0, 300))
    },
  },
  {
    id: 'SVC-BRW-12',
    about: 'a browser session has begun: the flags of its cookie',
    run: async (s) => {
      const { reply } = await s.session()
      for (const line of reply.cookies) {
        const shown = line.replace(/=[^;]*/, '=…')
        expectThat(/;\s*secure\b/i.test(line) && /;\s*httponly\b/i.test(line), 'Secure and HttpOnly', shown)
        if (!/;\s*samesite=(lax|strict)\b/i.test(line)) s.warn(`SameSite=Lax is suggested: ${shown}`)
        if (!line.startsWith('__Host-')) s.warn(`a name that begins with __Host- is suggested: ${shown}`)
      }
    },
  },
  {
    id: 'SVC-BRW-16/fixation',
    about: 'the browser that begins a session was given a cookie of that name before',
    negative: true,
    run: async (s) => {
      const name = nameOf((await s.session()).cookie)
      const preset = `${name}=chosen-by-an-attacker`
      const { pass, agent } = agentPass(s)
      const begun = await s.begin((await s.grant(pass)).grant, { headers: { cookie: preset } })
      expectThat(hasBegun(begun) && !begun.cookies.some((line) => line.startsWith(preset)), 'a cookie of another value', `${begun.status}`)
      expectThat(!isSessionOf(agent, await s.visit(preset)), 'no session under the value that was there before', 'one')
    },
  },
  {
    id: 'SVC-BRW-16/merged',
    about: 'the browser that begins a session has one of another agent already',
    negative: true,
    run: async (s) => {
      const [one, other] = [agentPass(s), agentPass(s)]
      const first = await s.session(one.pass)
      const begun = await s.begin((await s.grant(other.pass)).grant, { headers: { cookie: first.cookie } })
      expectThat(hasBegun(begun), 'a session', `${begun.status}`)
      const second = cookieOf(s, begun)
      expectThat(second !== first.cookie, 'a cookie of its own', 'the one that was there')
      expectThat(isSessionOf(other.agent, await s.visit(second)), 'the second session to be the second agent’s', 'another page')
      const still = await s.visit(first.cookie)
      expectThat(!still.text.includes(other.agent), 'the first session not to be the second agent’s', 'it is')
    },
  },
  {
    id: 'SVC-BRW-17/link-as-token',
    about: 'the one-time secret is used as a bearer token',
    negative: true,
    run: async (s) => {
      const { grant } = await s.grant()
      for (const secret of secretsOf(grant)) expectDead(await s.call(s.scope.first, secret))
      expectThat(hasBegun(await s.begin(grant)), 'the session to begin', 'none')
    },
  },
  {
    id: 'SVC-BRW-17/token-as-link',
    about: 'a bearer token is used to begin a browser session',
    negative: true,
    run: async (s) => {
      const { token } = await s.token()
      const { grant } = await s.grant()
      expectNotBegun(await s.begin(withSecrets(grant, () => token)))
      expectThat(hasBegun(await s.begin(grant)), 'the session to begin', 'none')
    },
  },
  {
    id: 'SVC-BRW-17/session-as-token',
    about: 'the cookie of a browser session is used as a bearer token',
    negative: true,
    run: async (s) => {
      const { pass, agent } = agentPass(s)
      const { cookie } = await s.session(pass)
      for (const value of valuesOf(cookie)) expectDead(await s.call(s.scope.first, value))
      expectThat(isSessionOf(agent, await s.visit(cookie)), 'the session to go on', 'another page')
    },
  },
  {
    id: 'SVC-BRW-17/token-as-session',
    about: 'a bearer token is used as the cookie of a browser session',
    negative: true,
    run: async (s) => {
      const name = nameOf((await s.session()).cookie)
      const agent = `agent-${s.chance.name()}`
      const { token } = await s.token(s.pass({ validation: { agent: { id: agent } } }))
      expectNoPageOf(agent, await s.visit(`${name}=${token}`))
    },
  },
]
