/** The parties that look names up, behind one face, each asking a name server that a test plays. */
import { expect } from 'vitest'
import type { Fetch, ResolveTxt } from '../../spec/effects.ts'
import { createResolver } from '../../spec/node/dns.ts'
import { createLog } from '../../spec/node/log.ts'
import { callers, message, refusal } from '../authority-rig.ts'
import { ACME } from '../fake-authority.ts'
import { fakeService } from '../fake-service.ts'
import { harnessRig, TOKEN } from '../harness-rig.ts'
import { internet } from '../internet.ts'
import { SERVICE, startAuthority } from '../parties.ts'
import { desk, okay } from '../service-rig.ts'
import { nameServer, type Reply, type Stream, says, txt } from '../spec/dns-fixture.ts'

/** What DNS is, and what stands between a party and the internet. */
type Outside = { resolveTxt: ResolveTxt; around?: (known: Fetch) => Fetch }
type Refusal = [number, string]
export type Party = {
  /** Whatever needs the name is refused, names nobody, and reaches nobody. An Enterprise domain may also say that delegation is off. */
  closed: (outcome?: Refusal) => Promise<void>
  /** Whatever needs the name works. */
  opens: () => Promise<void>
  pass: (seconds: number) => void
}
/** `name` is the one looked up, `url` what a good record of it says. */
export type Looker = { who: string; name: string; url: string; isEnterprise: boolean; open: (outside: Outside) => Promise<Party> }

const FAILED: Refusal = [502, 'discovery_failed']
/** A URL as a real fetch reads it, whatever the case of its scheme. */
const asItIs =
  (known: Fetch): Fetch =>
  (url, init) =>
    known(new URL(url).href, init)

/** A Service with Authorities to fall back to, so that a fallback would show. */
async function service({ resolveTxt, around = asItIs }: Outside): Promise<Party> {
  let known: Fetch = internet().fetch
  const fetch = around((url, init) => known(url, init))
  const d = await desk({ trust: ['own', 'federated'], policy: { offer_both: true }, effects: { resolveTxt, fetch } })
  known = d.net.fetch
  return {
    async closed(outcome = FAILED) {
      const calls = d.sent().length
      expect(await refusal(await d.resolve())).toEqual(outcome)
      for (const authority of [ACME, d.own.identifier, d.federated.identifier]) expect(await refusal(await d.redeem({ authority }))).toEqual(outcome)
      for (const who of [d.enterprise, d.own, d.federated]) expect(await refusal(await d.scopes(await who.sign()))).toEqual(outcome)
      expect(d.sent().slice(calls)).toEqual([])
    },
    async opens() {
      expect(await okay(await d.resolve())).toMatchObject({ enterprise_authority: { authority: ACME } })
      await okay(await d.redeem())
      await okay(await d.scopes(await d.enterprise.sign()))
    },
    pass: d.pass,
  }
}

async function authority({ resolveTxt, around = asItIs }: Outside): Promise<Party> {
  const net = internet()
  const here = await startAuthority(net, { ...net, resolveTxt, fetch: around(net.fetch), log: createLog('test', 'silent') })
  const it = fakeService(net)
  const { validate, check, close, issue } = callers(here, here.opening.adminToken)
  const authenticated = async () => [await validate('x', it.bearer()), await check('x', it.bearer()), await close('x', it.bearer())]
  return {
    async closed() {
      const calls = net.calls.length
      for (const answer of await authenticated()) expect(await refusal(answer)).toEqual([401, 'invalid_assertion'])
      expect(await refusal(await issue(message()))).toEqual(FAILED)
      expect(net.calls.slice(calls)).toEqual([])
    },
    async opens() {
      for (const { status } of await authenticated()) expect(status).toBe(404) // it knows who asks, and that there is no such thing
      expect((await issue(message())).status).toBe(202)
    },
    pass: net.pass,
  }
}

async function harness({ resolveTxt, around = asItIs }: Outside): Promise<Party> {
  const h = harnessRig()
  const outside = { resolveTxt, fetch: around(h.fetch) }
  return {
    async closed() {
      const calls = h.calls.length
      expect(await h.failure(outside)).toMatchObject({ step: 'discover' })
      expect(h.calls.slice(calls)).toEqual([])
    },
    opens: async () => expect(await h.acquire(outside)).toMatchObject({ token: TOKEN }),
    pass: h.pass,
  }
}

const OF_THE_DESK = '_agentpass-service.desk.example'
export const SERVICE_LOOKS: Looker = {
  who: 'a Service',
  name: '_agentpass.acme.example',
  url: `${ACME}/.well-known/agentpass-authority`,
  isEnterprise: true,
  open: service,
}
export const LOOKERS: Looker[] = [
  SERVICE_LOOKS,
  { who: 'an Authority', name: OF_THE_DESK, url: `${SERVICE}/configuration`, isEnterprise: false, open: authority },
  { who: 'a Harness', name: OF_THE_DESK, url: `${SERVICE}/configuration`, isEnterprise: false, open: harness },
]
export const each = LOOKERS.map((looker) => [looker.who, looker] as const)

export type Server = { udp: Reply; tcp?: Stream }
/** A party that asks this server; `repair` has it tell the truth, and the party forget what failed. */
export async function asking(
  looker: Looker,
  hostile: Server,
  around?: (known: Fetch) => Fetch,
): Promise<{ party: Party; repair: () => void; asked: () => number }> {
  let serving = hostile.udp
  const { server, seen } = await nameServer((query, from) => serving(query, from), hostile.tcp)
  const { resolveTxt } = createResolver({ servers: [server], timeoutMs: 250, tries: 1 })
  const party = await looker.open({ resolveTxt, ...(around && { around }) })
  const repair = () => {
    serving = truth(looker)
    party.pass(5) // a failure is not kept longer (protocol 2)
  }
  return { party, repair, asked: () => seen.length }
}
const truth = ({ name, url }: Looker): Reply => says([txt(name, url)])
