import { isErrorBody, type Observed } from '../actors/client.ts'
import { type Case, expectThat, Unmet } from '../case.ts'
import { domainWhere, enterpriseOf } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

/** What a server may answer before it has read the request: its own, and not the protocol's. */
const OF_THE_SERVER = [408, 431]
/** What nobody outside may read: where in which program it went wrong. */
const TRACES = [
  /\bat (?:[\w.<>$ ]+ )?\(?(?:file:|node:|\/|[A-Z]:\\)[^\n]{0,200}:\d+:\d+/,
  /Traceback \(most recent call last\)/,
  /(?:\/[\w.@-]+){2,}\.(?:[cm]?[jt]sx?|py|rb|go|java|php|cs|rs):\d+/,
  /\bpanic: |goroutine \d+/,
]
/** What an Authority of the suite says when it fails: nobody else may repeat it. */
const UPSTREAM = 'the-suite-said-this-upstream'
const SHORTEST_SECRET = 16

/** Refusals of every endpoint of the protocol that the Service and its variants publish, in the whole run; and a few of this case's own, so that there are some. */
async function refusals(s: ServiceStage): Promise<Observed[]> {
  const stages = [s]
  for (const name of ['own_accepted', 'own_preferred', 'own_required', 'both', 'closed', 'limited', 'short', 'durable'] as const)
    if (s.adapter.variants[name]) stages.push(await s.variant(name).catch(() => s)) // one that does not answer has refused nothing
  const urls = new Set(
    stages.flatMap(({ document, adapter }) => [...Object.values(document.endpoints).map(String), document.jwks_uri, adapter.configuration_url]),
  )
  await provoke(s)
  return s.watch.refusals.filter(({ sent, reply }) => urls.has(sent.url.split('?')[0] ?? '') && !OF_THE_SERVER.includes(reply?.status ?? 0))
}

/** One refusal of each endpoint, and of each way in which something behind it fails. */
async function provoke(s: ServiceStage): Promise<void> {
  const { endpoints } = s.document
  for (const url of [endpoints.resolve_authorities, endpoints.available_scopes, endpoints.redeem_bearer_token, endpoints.redeem_browser_session])
    await s.client.send(url, { body: '{"user":' })
  const failing = { status: 500, json: { error: { code: UPSTREAM, message: UPSTREAM }, stack: UPSTREAM } }
  if (s.ground.settings.names === 'dns') {
    const { authority, user } = enterpriseOf(s)
    authority.on.document = () => failing
    await s.resolve(user)
    await s.resolve(domainWhere(s, { kind: 'rcode', code: 'SERVFAIL' }).user)
  }
  const pass = s.pass()
  pass.script.validate = () => failing
  await s.redeem(pass)
  const denied = s.pass({ type: 'browser_session' })
  denied.script.validate = () => ({ ...failing, status: 404 })
  await s.redeem(denied)
}

/** The first refusal that is not as it should be. */
function expectAll(all: Observed[], what: string, isRight: (observed: Observed) => boolean): void {
  expectThat(all.length > 0, 'refusals to judge', 'none')
  const wrong = all.filter((observed) => !isRight(observed))
  const [first] = wrong
  if (first)
    throw new Unmet(
      `${what} in each of ${all.length} refusals`,
      `${wrong.length} without, such as ${first.sent.method} ${first.sent.url}: ${first.reply?.status} ${first.reply?.text.slice(0, 300) || '(no body)'}`,
    )
}

/** What a refusal looks like, in everything that the run has seen (§5.5). */
export const errors: Case<ServiceStage>[] = [
  {
    id: 'CFG-X-01/service',
    about: 'the body of every refusal in this run: {"error":{"code","message"}}',
    negative: true,
    last: true,
    run: async (s) =>
      expectAll(await refusals(s), 'an error body', ({ sent, reply }) => sent.method === 'HEAD' || (reply !== undefined && isErrorBody(reply))),
  },
  {
    id: 'CFG-X-02/service',
    about: 'the media type of every refusal in this run',
    negative: true,
    last: true,
    run: async (s) =>
      expectAll(await refusals(s), 'application/json', ({ reply }) => /^application\/json\b/i.test(reply?.headers['content-type'] ?? '')),
  },
  {
    id: 'CFG-X-03/service',
    about: 'the text of every refusal in this run: no secret that was sent, no stack, and nothing that an Authority said',
    negative: true,
    last: true,
    run: async (s) => {
      const all = await refusals(s)
      const secrets = [...s.watch.secrets].filter(({ length }) => length >= SHORTEST_SECRET)
      expectAll(all, 'no trace of the program', ({ reply }) => !TRACES.some((trace) => trace.test(reply?.text ?? '')))
      expectAll(all, 'nothing that an Authority said', ({ reply }) => !reply?.text.includes(UPSTREAM))
      expectAll(all, 'no secret', ({ reply }) => !secrets.some((secret) => reply?.text.includes(secret)))
    },
  },
]
