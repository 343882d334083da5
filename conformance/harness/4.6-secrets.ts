import { readFileSync } from 'node:fs'
import { type Case, expectEqual } from '../case.ts'
import { expectDone, type HarnessStage, type HarnessWorld, type Outcome } from './stage.ts'
import { asText, callsAt, dig, expectStop } from './trip.ts'

/** What went over the wire in a trip and is nobody else's: by what it is called. */
function secretsOf(w: HarnessWorld): Map<string, string> {
  const [redemption] = callsAt(w, 'redemption')
  const named: [string, string][] = [
    ['the pass', w.issued.pass],
    ['the initialization token', w.service.secrets.initialization],
    ['the proof', asText(dig(redemption?.json, 'harness_proof', 'jwt'))],
    ['the task attestation', asText(dig(w.issued.requests.at(-1), 'task', 'attestation', 'jwt'))],
  ]
  return new Map(named.filter(([, value]) => value !== ''))
}

/** That nothing of it is in what the Harness says and logs. */
function expectKept(s: HarnessStage, secrets: Map<string, string>, { stdout, stderr }: Outcome): void {
  const said = [stdout, stderr, ...s.adapter.logs.map((file) => readFileSync(file, 'utf8'))].join('\n')
  const leaked = [...secrets].filter(([, value]) => said.includes(value)).map(([name]) => name)
  expectEqual(leaked, [], 'the secrets in its output and logs')
}

/** Where secrets are not to be seen (§4.6, RFC 9700). */
export const secrets: Case<HarnessStage>[] = [
  {
    id: 'SVC-AUD-03/harness',
    about: 'what the Harness says during a good trip for a bearer token is searched',
    negative: true,
    run: async (s) => {
      const w = s.world()
      const outcome = await w.run()
      expectDone(outcome)
      expectKept(s, secretsOf(w).set('the token', w.service.secrets.token), outcome)
      if (outcome.stderr.includes(w.issued.id)) s.warn('the issuance request’s id, with which anybody gets the pass, is in its output')
    },
  },
  {
    id: 'SVC-AUD-03/harness-browser',
    about: 'what the Harness says during a good trip for a browser session is searched',
    negative: true,
    run: async (s) => {
      const w = s.world()
      const outcome = await w.run({ type: 'browser' })
      expectDone(outcome)
      expectKept(s, secretsOf(w), outcome)
    },
  },
  {
    id: 'SVC-AUD-03/harness-initialization',
    about: 'the session cannot begin, and what the Harness says is searched',
    negative: true,
    run: async (s) => {
      const w = s.world()
      w.service.on.initialize = () => ({ status: 410 })
      expectKept(s, secretsOf(w), await expectStop(w, 'initialization', { type: 'browser' }))
    },
  },
  {
    id: 'SVC-AUD-03/harness-urls',
    about: 'the URLs and the Referer of everything that is asked for during good trips are searched',
    negative: true,
    run: async (s) => {
      const w = s.world()
      expectDone(await w.run())
      if (s.adapter.browser) expectDone(await w.run({ type: 'browser' }))
      const known = secretsOf(w).set('the token', w.service.secrets.token)
      const places = [...w.service.calls, ...w.authority.calls].map(({ url, headers }) => `${decodeURIComponent(url)} ${headers.referer ?? ''}`)
      const leaked = [...known].filter(([, value]) => places.some((place) => place.includes(value))).map(([name]) => name)
      expectEqual(leaked, [], 'the secrets in URLs')
    },
  },
]
