import { instant } from '../actors/authority.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { need, until } from '../stage.ts'
import { callsAbout, checkWindowMs, expectDead, expectDeadSoon, expectNoPageOf, expectPageOf, isSessionOf } from './bought.ts'
import { agentPass, cookieOf } from './link.ts'
import { expectAllowed, type ServiceStage } from './stage.ts'

/** Living with an authorization: its scope and its end (§4.4, §5.5). */
export const lifetime: Case<ServiceStage>[] = [
  {
    id: 'SVC-CONT-05',
    about: 'the Authority narrows an authorization to one of its scopes',
    negative: true,
    slow: true,
    run: async (s) => {
      const { token, pass } = await s.token()
      pass.script.check = () => ({ json: { scope: [s.scope.first], authorization_expires_at: instant(3600) } })
      await expectDeadSoon(s, () => s.call(s.scope.second, token))
      expectAllowed(await s.call(s.scope.first, token))
    },
  },
  {
    id: 'SVC-TOK-04/widened',
    about: 'a check answers with more than was granted',
    negative: true,
    slow: true,
    run: async (s) => {
      const { token, pass } = await s.token(s.pass({ validation: { scope: [s.scope.first] } }))
      pass.script.check = () => ({ json: { scope: ['*', ...s.scope.all], authorization_expires_at: instant(3600) } })
      expectAllowed(await s.call(s.scope.first, token))
      await s.wait(checkWindowMs(s))
      expectDead(await s.call(s.scope.second, token))
      expectAllowed(await s.call(s.scope.first, token))
    },
  },
  {
    id: 'SVC-CONT-06/token',
    about: 'the authorization ends in six seconds: so does its token, and its answer says so',
    negative: true,
    slow: true,
    run: async (s) => {
      const { token, grant } = await s.token(s.pass({ validation: { authorization_expires_at: instant(6) } }))
      expectThat((grant.expires_in ?? 0) <= 6, 'expires_in of at most 6', grant.expires_in)
      expectAllowed(await s.call(s.scope.first, token))
      await s.wait(7500)
      expectDead(await s.call(s.scope.first, token))
    },
  },
  {
    id: 'SVC-CONT-06/session',
    about: 'the authorization ends in six seconds: so does its browser session, whatever a check says',
    negative: true,
    slow: true,
    run: async (s) => {
      const { pass, agent } = agentPass(s, { authorization_expires_at: instant(6) })
      pass.script.check = () => ({ json: { scope: pass.script.validation.scope, authorization_expires_at: instant(3600) } })
      const { cookie } = await s.session(pass)
      expectPageOf(agent, await s.visit(cookie))
      await s.wait(7500)
      expectNoPageOf(agent, await s.visit(cookie))
    },
  },
  {
    id: 'SVC-CONT-06/shortened',
    about: 'a check says that the authorization ends in three seconds: later answers to it count no more',
    negative: true,
    slow: true,
    run: async (s) => {
      const { token, pass } = await s.token()
      const end = instant(3)
      pass.script.check = () => ({ json: { scope: s.scope.all, authorization_expires_at: end } })
      await s.call(s.scope.first, token).catch(() => undefined) // the end may come while it is answered, and break it off
      await s.wait(4500)
      const { status } = await s.call(s.scope.first, token)
      expectThat(status >= 400, 'a refusal', `${status}`)
    },
  },
  {
    id: 'SVC-CONT-06/link',
    about: 'the authorization ends in five seconds, before its browser session is begun',
    negative: true,
    slow: true,
    run: async (s) => {
      const { pass, agent } = agentPass(s, { authorization_expires_at: instant(5) })
      pass.script.check = () => ({ json: { scope: pass.script.validation.scope, authorization_expires_at: instant(3600) } })
      const { grant } = await s.grant(pass)
      await s.wait(6500)
      const late = await s.begin(grant)
      const cookie = cookieOf(s, late)
      expectNoPageOf(agent, await s.visit(cookie))
    },
  },
  {
    id: 'SVC-CONT-07/session',
    about: 'a browser session is ended from within: the Authority is told, and the session is over at once',
    run: async (s) => {
      const end = need(s.adapter.end_session, 'the adapter does not say how a browser session is ended (service.end_session)')
      const { pass, agent } = agentPass(s)
      const { cookie } = await s.session(pass)
      await s.visit(cookie)
      await s.client.send(end.url, { method: end.method, headers: { cookie, origin: s.origin, 'sec-fetch-site': 'same-origin' } })
      expectThat(!isSessionOf(agent, await s.visit(cookie)), 'the session to be over', 'it goes on')
      const isTold = await until(() => callsAbout(pass, 'close').length > 0, 3000)
      expectThat(isTold, 'authorization_close to be called', 'no call')
      expectEqual(Object(callsAbout(pass, 'close')[0]?.json).action, 'complete', 'action')
    },
  },
  {
    id: 'SVC-CONT-07/refused',
    about: 'a redemption is refused after the Authority has opened an authorization: it is closed',
    negative: true,
    run: async (s) => {
      const pass = s.pass({ validation: { scope: ['nothing:known'] } })
      const { status } = await s.redeem(pass)
      expectThat(status >= 400, 'a refusal', `${status}`)
      const isTold = await until(() => callsAbout(pass, 'close').length > 0, 3000)
      expectThat(isTold, 'authorization_close to be called', 'no call')
      expectEqual(Object(callsAbout(pass, 'close')[0]?.json).action, 'revoke', 'action')
    },
  },
]
