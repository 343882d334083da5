import { BearerTokenRedemption, BrowserSessionRedemption } from '../../spec/wire/redemption.ts'
import { refusal } from '../actors/authority.ts'
import type { Received } from '../actors/hosts.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectDone, type HarnessStage, type HarnessWorld } from './stage.ts'
import { callsAt, dig, expectStop, expectUntouched, onlyCall, openElsewhere, tokenGrant } from './trip.ts'

/** A whole trip, and the redemption in it. */
async function redemptionOf(w: HarnessWorld, type: 'bearer' | 'browser' = 'bearer'): Promise<Received> {
  expectDone(await w.run({ type }))
  return onlyCall(w, 'redemption')
}

const REFUSALS: readonly [status: number, code: string][] = [
  [401, 'invalid_proof'],
  [409, 'already_consumed'],
  [422, 'invalid_agentpass'],
]

/** That no pass was redeemed twice: a new attempt has a request and a task of its own. */
function expectFresh(w: HarnessWorld): void {
  const [passes, requests] = [callsAt(w, 'redemption').length, w.issued.requests.map((request) => dig(request, 'task', 'id'))]
  expectThat(passes <= requests.length, 'a pass to be redeemed once', `${passes} redemptions of ${requests.length} passes`)
  expectEqual(new Set(requests).size, requests.length, 'the number of task ids')
}

/** How a Harness spends a pass (§3.3.1, §3.4.1). */
export const redemption: Case<HarnessStage>[] = [
  {
    id: 'HAR-RED-01',
    about: 'the redemption for a bearer token is looked at',
    run: async (s) => {
      const w = s.world()
      const { method, url, json } = await redemptionOf(w)
      const { data: body, error } = BearerTokenRedemption.safeParse(json)
      expectThat(body !== undefined, 'a valid redemption', error?.issues[0] ?? 'none')
      expectEqual(`${method} ${url}`, `POST ${w.service.urls.bearer}`, 'the request')
      expectEqual([body.agentpass.value === w.issued.pass, body.user.email], [true, s.user], 'whether it is the pass, and for whom')
    },
  },
  {
    id: 'HAR-RED-01/browser',
    about: 'the redemption for a browser session is looked at',
    run: async (s) => {
      const w = s.world()
      const { method, url, json } = await redemptionOf(w, 'browser')
      const { data: body, error } = BrowserSessionRedemption.safeParse(json)
      expectThat(body !== undefined, 'a valid redemption', error?.issues[0] ?? 'none')
      expectEqual(`${method} ${url}`, `POST ${w.service.urls.browser}`, 'the request')
      expectEqual([body.agentpass.value === w.issued.pass, body.user.email], [true, s.user], 'whether it is the pass, and for whom')
    },
  },
  ...(['/tenant-7', '/'] as const).map(
    (path): Case<HarnessStage> => ({
      id: path === '/' ? 'HAR-RED-02/slash' : 'HAR-RED-02',
      about: path === '/' ? 'the Authority’s identifier ends in a slash' : 'the Authority’s identifier has a path, and its document is elsewhere',
      run: async (s) => {
        const w = s.world({ authority: { path } })
        expectEqual(dig((await redemptionOf(w)).json, 'authority'), w.authority.identifier, 'authority')
      },
    }),
  ),
  {
    id: 'HAR-RED-06',
    about: 'two scopes are wished for',
    run: async (s) => {
      const w = s.world()
      const scope = ['things:read', 'things:write']
      expectDone(await w.run({ scope }))
      const requested = dig(onlyCall(w, 'redemption').json, 'requested_scope')
      expectEqual(Array.isArray(requested) ? requested.toSorted() : requested, scope, 'requested_scope')
    },
  },
  ...REFUSALS.map(
    ([status, code]): Case<HarnessStage> => ({
      id: `HAR-RED-07/${status}`,
      about: `redemption is refused with ${status} ${code}`,
      negative: true,
      run: async (s) => {
        const w = s.world()
        w.service.on.bearer = () => refusal(status, code)
        await expectStop(w, 'redemption')
        expectFresh(w)
      },
    }),
  ),
  {
    id: 'HAR-RED-07/with-token',
    about: 'redemption is refused with 403, and a token is in the answer',
    negative: true,
    run: async (s) => {
      const w = s.world()
      w.service.on.bearer = () => ({ status: 403, json: tokenGrant(w.service.secrets.token) })
      await expectStop(w, 'redemption')
    },
  },
  {
    id: 'HAR-RED-08',
    about: 'redemption is answered with a redirect (307) to another host',
    negative: true,
    run: async (s) => {
      const w = s.world()
      const elsewhere = openElsewhere(s, () => ({ json: tokenGrant(w.service.secrets.token) }))
      w.service.on.bearer = () => ({ status: 307, headers: { location: elsewhere.url } })
      await expectStop(w, 'redemption')
      expectUntouched(elsewhere, 'the host that the redirect names')
    },
  },
]
