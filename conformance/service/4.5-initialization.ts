import type { Reply } from '../actors/client.ts'
import { runHook } from '../actors/hook.ts'
import { type Case, expectThat } from '../case.ts'
import { need, skip } from '../stage.ts'
import { expectNoPageOf, suggest } from './bought.ts'
import { agentPass, cookieOf, expectNotBegun, guess, hasBegun, urlGrant, withSecrets } from './link.ts'
import type { ServiceStage } from './stage.ts'

const LONGEST_WAIT_SECONDS = 60

/** That of many beginnings one became a session. */
function expectOne(replies: Reply[]): void {
  const begun = replies.filter(hasBegun).length
  expectThat(begun === 1, 'one session', `${begun}`)
}

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
      expectOne(await Promise.all(Array.from({ length: 20 }, () => s.begin(grant))))
    },
  },
  {
    id: 'SVC-BRW-05/two-instances',
    about: 'ten browsers begin one session at once, at two instances',
    negative: true,
    run: async (s) => {
      const at = s.second()
      const { grant } = await s.grant()
      expectOne(await Promise.all(Array.from({ length: 10 }, (_, i) => s.begin(grant, i % 2 === 0 ? {} : { at }))))
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
      expectNoPageOf(agent, await s.visit(cookie))
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
