import { instant } from '../actors/authority.ts'
import type { Reply } from '../actors/client.ts'
import type { Answer } from '../actors/hosts.ts'
import { decodeJws } from '../actors/jwt.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { until } from '../stage.ts'
import { callsAbout, checkWindowMs, expectDead, expectDeadSoon, expectNoPageOf, expectPageOf, isSessionOf, unlessBroken } from './bought.ts'
import { agentPass } from './link.ts'
import { expectAllowed, type Pass, type ServiceStage } from './stage.ts'

const GONE: Answer = { status: 404, json: { error: { code: 'unknown_authorization', message: 'the authorization has ended' } } }

/** A bought token, as the call that it is good for. */
async function callable(s: ServiceStage): Promise<{ pass: Pass; call: () => Promise<Reply> }> {
  const { token, pass } = await s.token()
  return { pass, call: () => s.call(s.scope.first, token) }
}

/** A call of the API that is let through again, once the Authority says yes again. */
const expectAlive = async (s: ServiceStage, call: () => Promise<Reply>): Promise<void> => {
  let last: Reply | undefined
  const isAlive = async () => {
    last = await call()
    return last.status < 400
  }
  expectThat(await until(isAlive, checkWindowMs(s)), 'the same token to be good again', `${last?.status} ${last?.text.slice(0, 200)}`)
}

/** Answers to a check that are neither a yes nor the word that all is over: the request is refused, and nothing is ended. */
const NO_ANSWERS: [slug: string, about: string, answer: Answer, slow?: true][] = [
  ['500', 'answers 500', { status: 500, json: { error: { code: 'internal', message: 'an error' } } }],
  ['401', 'answers 401', { status: 401, json: { error: { code: 'invalid_assertion', message: 'no' } } }],
  ['204', 'answers 204', { status: 204 }],
  ['302', 'answers with a redirect', { status: 302, headers: { location: 'https://somebody-else.invalid/' } }],
  ['page', 'answers with a page', { body: '<!doctype html><title>Welcome</title>', headers: { 'content-type': 'text/html' } }],
  ['no-scope', 'answers without a scope', { json: {} }],
  ['scope-text', 'answers with a scope that is a text', { json: { scope: '*', authorization_expires_at: instant(3600) } }],
  ['closed', 'closes the connection', { raw: (response) => void response.destroy() }],
  ['silent', 'does not answer', { raw: (response) => void setTimeout(() => response.destroy(), 15_000).unref() }, true],
]

/** Living with an authorization: the check (§5.5). */
export const check: Case<ServiceStage>[] = [
  {
    id: 'SVC-CONT-01',
    about: 'a token is used, and again when the last check is old: the Authority is asked again',
    slow: true,
    run: async (s) => {
      const { token, pass } = await s.token()
      expectAllowed(await s.call(s.scope.first, token))
      const before = callsAbout(pass, 'check').length
      await s.wait(checkWindowMs(s))
      expectAllowed(await s.call(s.scope.first, token))
      const later = callsAbout(pass, 'check').slice(before)
      expectThat(later.length > 0, `a check within ${checkWindowMs(s)} ms`, 'none')
      const assertion = decodeJws(String(later[0]?.headers.authorization).replace(/^Bearer /i, ''))
      expectEqual([assertion?.claims.iss, assertion?.claims.aud], [s.origin, pass.authority.identifier], 'iss and aud of the check')
    },
  },
  {
    id: 'SVC-CONT-02/token',
    about: 'the Authority ends an authorization; its token is used',
    negative: true,
    slow: true,
    run: async (s) => {
      const { pass, call } = await callable(s)
      expectAllowed(await call())
      pass.script.check = () => GONE
      await expectDeadSoon(s, call)
      const dead = await call()
      expectDead(dead)
      if (dead.status !== 401) s.warn(`401 is suggested for a token that has ended, not ${dead.status}`)
      await s.token()
    },
  },
  {
    id: 'SVC-CONT-02/session',
    about: 'the Authority ends an authorization; its browser session is used',
    negative: true,
    slow: true,
    run: async (s) => {
      const { pass, agent } = agentPass(s)
      const { cookie } = await s.session(pass)
      expectPageOf(agent, await s.visit(cookie))
      pass.script.check = () => GONE
      const isOver = await until(async () => !isSessionOf(agent, await unlessBroken(s.visit(cookie))), checkWindowMs(s))
      expectThat(isOver, `the session to be over within ${checkWindowMs(s)} ms`, 'it goes on')
    },
  },
  {
    id: 'SVC-CONT-02/for-good',
    about: 'the Authority ends an authorization, and would say yes again: its token is dead for good',
    negative: true,
    slow: true,
    run: async (s) => {
      const { pass, call } = await callable(s)
      pass.script.check = () => GONE
      await expectDeadSoon(s, call)
      delete pass.script.check
      await s.wait(checkWindowMs(s))
      expectDead(await call())
      await s.token()
    },
  },
  {
    id: 'SVC-CONT-02/second-instance',
    about: 'the Authority ends an authorization; its token is used at another instance',
    negative: true,
    slow: true,
    run: async (s) => {
      const at = s.second()
      const { token, pass } = await s.token()
      const there = () => s.call(s.scope.first, token, { at })
      expectAllowed(await there())
      pass.script.check = () => GONE
      await expectDeadSoon(s, there)
    },
  },
  {
    id: 'SVC-CONT-02/others',
    about: 'the Authority ends one of two authorizations of a user: the other goes on',
    negative: true,
    slow: true,
    run: async (s) => {
      const [one, other] = [await s.token(), await s.token()]
      one.pass.script.check = () => GONE
      await expectDeadSoon(s, () => s.call(s.scope.first, one.token))
      expectAllowed(await s.call(s.scope.first, other.token))
    },
  },
  ...NO_ANSWERS.map(
    ([slug, about, answer]): Case<ServiceStage> => ({
      id: `SVC-CONT-03/${slug}`,
      about: `asked whether the authorization still stands, the Authority ${about}`,
      negative: true,
      slow: true,
      run: async (s) => {
        const { pass, call } = await callable(s)
        pass.script.check = () => answer
        await expectDeadSoon(s, call)
        const refused = await call()
        expectThat([401, 403, 502, 503].includes(refused.status), 'status 401, 502 or 503', `${refused.status}`)
        delete pass.script.check
        await expectAlive(s, call)
      },
    }),
  ),
  {
    id: 'SVC-CONT-04',
    about: 'the Authority said yes once, and then cannot be asked: that yes is not used when it is old',
    negative: true,
    slow: true,
    run: async (s) => {
      const { pass, call } = await callable(s)
      expectAllowed(await call())
      pass.script.check = () => ({ status: 503 })
      await s.wait(checkWindowMs(s))
      const { status } = await call()
      expectThat(status >= 400, 'a refusal', `${status}`)
      delete pass.script.check
      await expectAlive(s, call)
    },
  },
  {
    id: 'SVC-CONT-04/session',
    about: 'the Authority said yes to a browser session once, and then cannot be asked',
    negative: true,
    slow: true,
    run: async (s) => {
      const { pass, agent } = agentPass(s)
      const { cookie } = await s.session(pass)
      expectPageOf(agent, await s.visit(cookie))
      pass.script.check = () => ({ raw: (response) => void response.destroy() })
      await s.wait(checkWindowMs(s))
      expectNoPageOf(agent, await s.visit(cookie))
    },
  },
]
