import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectDone, type HarnessStage } from './stage.ts'
import { callsAt, lastCall, openElsewhere, tokenGrant } from './trip.ts'

/** What a Harness does with a token (§3.4). */
export const bearer: Case<HarnessStage>[] = [
  {
    id: 'HAR-TOK-01',
    about: 'the token has every character that one may have',
    run: async (s) => {
      const w = s.world()
      const token = s.secret(`suite-${s.chance.name()}-AZ09._~+/==`)
      w.service.on.bearer = () => ({ json: tokenGrant(token) })
      w.service.on.api = () => ({ json: { done: true } })
      expectDone(await w.run())
      const [scheme, value] = (lastCall(w, 'api').headers.authorization ?? '').split(' ')
      expectThat(scheme?.toLowerCase() === 'bearer', 'Authorization: Bearer', scheme || 'no Authorization')
      expectThat(value === token, 'the token as it was given', 'another')
    },
  },
  {
    id: 'HAR-TOK-01/redirect',
    about: 'the API answers with a redirect to another host: whoever follows it leaves the token behind',
    negative: true,
    run: async (s) => {
      const w = s.world()
      const elsewhere = openElsewhere(s, () => ({ json: { done: true } }))
      w.service.on.api = () => ({ status: 307, headers: { location: elsewhere.url } })
      await w.run()
      expectThat(callsAt(w, 'api').length > 0, 'the API to be called', 'it was not')
      const leaks = elsewhere.calls.filter((call) => JSON.stringify([call.url, call.headers, call.text]).includes(w.service.secrets.token))
      expectEqual(leaks.length, 0, 'the number of times that the token was sent elsewhere')
    },
  },
  {
    id: 'HAR-TOK-02',
    about: 'the Service says neither scope nor expires_in',
    run: async (s) => {
      const w = s.world()
      w.service.on.bearer = () => ({ json: { bearer_token: w.service.secrets.token } })
      expectDone(await w.run())
    },
  },
]
