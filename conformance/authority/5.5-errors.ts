import { member } from '../actors/authority.ts'
import { isErrorBody, type Observed, type Reply } from '../actors/client.ts'
import { type Case, expectThat } from '../case.ts'
import type { AuthorityStage } from './stage.ts'

/** Refused before anything of the protocol is read: no word of HTTP's own is judged. */
const OF_HTTP = new Set([408, 414, 431, 494])
const SHOWN_CHARS = 200

/** Some refusals of every kind, where nobody else has provoked any. */
async function provoke(s: AuthorityStage): Promise<void> {
  const { endpoints } = s.document
  const service = s.service()
  await s.issue('{')
  await s.issue(null)
  await s.status('unknown-request')
  await s.validate('suite-pass', service, { assertion: null })
  await s.validate('suite-pass', service)
  const spent = await s.redeemed({ service })
  await s.validate(spent.value, service)
  await s.check('unknown-authorization', service)
  await s.client.send(String(endpoints.validate))
  await s.client.send(`${new URL(s.instance.configuration_url).origin}/suite/nowhere`)
  await s.client.send(String(endpoints.issuance), { body: Buffer.from('type=bearer'), headers: { 'content-type': 'text/plain' } })
}

/** What was read as HTTP, asked at a door of the protocol, and may be answered with a body. */
const isJudged = ({ url, method, raw, hook }: Observed['sent'], { status }: Reply): boolean =>
  URL.canParse(url) && method !== 'HEAD' && !raw && !hook && !OF_HTTP.has(status)

/** Every refusal of this Authority that the run has seen, but for those that can have no body. */
function refusalsOf(s: AuthorityStage): Observed[] {
  const { issuance, validate, authorization_check } = s.document.endpoints
  const documents = [s.adapter, ...Object.values(s.adapter.variants)].map(({ configuration_url: url }) => url)
  const origins = new Set([issuance, validate, authorization_check, ...documents].map((url) => new URL(String(url)).origin))
  return s.watch.refusals.filter(({ sent, reply }) => reply && isJudged(sent, reply) && origins.has(new URL(sent.url).origin))
}

const shown = ({ sent, reply }: Observed): string =>
  `${sent.method} ${sent.url.slice(0, SHOWN_CHARS)}: ${reply?.status} ${reply?.text.slice(0, SHOWN_CHARS)}`

/** What tells where in which program it went wrong. */
const INSIDE = [
  /\bat (?:[\w.<>$ ]+ )?\(?(?:file:|node:|\/|[A-Z]:\\)[^\n]{0,200}:\d+:\d+/,
  /\bnode_modules\/|Traceback \(most recent call last\)|Exception in thread|\bpanic: |goroutine \d+/,
  /(?:\/[\w.@-]+){2,}\.(?:[cm]?[jt]sx?|py|rb|go|java|php|cs|rs):\d+/,
]

/** Errors, in all the refusals of a run (§5.5). */
export const errors: Case<AuthorityStage>[] = [
  {
    id: 'CFG-X-01/authority',
    about: 'every refusal that the Authority sent during the run is looked at',
    last: true,
    run: async (s) => {
      await provoke(s)
      const wrong = refusalsOf(s).find(({ reply }) => reply && !isErrorBody(reply))
      expectThat(wrong === undefined, 'every error body to be {"error":{"code","message"}}, with a code', wrong ? shown(wrong) : '')
    },
  },
  {
    id: 'CFG-X-02/authority',
    about: 'the media type of every refusal that the Authority sent during the run is looked at',
    last: true,
    run: async (s) => {
      await provoke(s)
      const wrong = refusalsOf(s).find(({ reply }) => !/^application\/(?:[\w.+-]+\+)?json\b/i.test(reply?.headers['content-type'] ?? ''))
      expectThat(wrong === undefined, 'errors as application/json', wrong ? `${wrong.reply?.headers['content-type']}: ${shown(wrong)}` : '')
    },
  },
  {
    id: 'CFG-X-03/authority',
    about: 'no refusal that the Authority sent during the run tells a secret, or what it looks like inside',
    negative: true,
    last: true,
    run: async (s) => {
      await provoke(s)
      const secrets = [...s.watch.secrets].filter((secret) => secret.length >= 16)
      for (const refusal of refusalsOf(s)) {
        const text = (refusal.reply?.text ?? '').replaceAll('\\n', '\n') // a line break in JSON is one
        expectThat(!INSIDE.some((trace) => trace.test(text)), 'no stack trace, and no path of its files', shown(refusal))
        const told = secrets.find((secret) => text.includes(secret))
        expectThat(told === undefined, 'no secret in an error', told === undefined ? '' : shown(refusal))
      }
      await s.redeemed() // it is alive
    },
  },
  {
    id: 'CFG-X-03/authority-upstream',
    about: 'a Service fails with texts of its own: at its document, at its scopes and at its keys',
    negative: true,
    run: async (s) => {
      const canary = `suite-canary-${s.chance.name()}`
      const failing = () => ({ status: 500, json: { error: { code: canary, message: canary, stack: canary } }, headers: { 'x-canary': canary } })
      const [at, keys] = [s.service(), s.service()]
      const [document, scopes] = [s.service(), s.service()]
      document.on.document = failing
      scopes.on.scopes = failing
      at.on.scopes = () => ({ body: `{"scopes": "${canary}"}`, headers: { 'content-type': 'application/json' } })
      keys.on.jwks = failing
      const pass = await s.approved({ service: keys })
      const replies = [
        await s.issue(s.message(document)),
        await s.issue(s.message(scopes)),
        await s.issue(s.message(at)),
        await s.validate(pass.value, keys),
      ]
      for (const { status, text } of replies)
        expectThat(!text.includes(canary), 'nothing of what a peer said in the refusal', `${status} ${text.slice(0, SHOWN_CHARS)}`)
      expectThat(
        member(replies[0]?.json, 'id') === undefined,
        'no request where its Service has no document',
        replies[0]?.text.slice(0, SHOWN_CHARS) ?? '',
      )
      await s.redeemed() // it is alive
    },
  },
]
