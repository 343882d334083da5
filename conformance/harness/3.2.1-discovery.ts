import { refusal } from '../actors/authority.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { skip } from '../stage.ts'
import { expectDone, type HarnessStage } from './stage.ts'
import { callsAt, expectStop, expectUntouched, type Hop, onlyCall } from './trip.ts'

const ORDER: readonly Hop[] = ['service document', 'resolution', 'authority document', 'issuance', 'status', 'redemption']

/** Refusals of resolution, upon which a Harness might look for itself. */
const REFUSALS: readonly [slug: string, status: number, code: string][] = [
  ['no-authority', 404, 'no_authority'],
  ['disabled', 403, 'delegation_disabled'],
  ['failed', 502, 'discovery_failed'],
]

/** What a document says instead of the origin that was looked up. */
const ORIGINS: readonly { slug?: string; about: string; origin: (own: string, other: string) => string | undefined }[] = [
  { about: 'is another Service’s', origin: (_, other) => other },
  { slug: 'slash', about: 'has a slash at its end', origin: (own) => `${own}/` },
]

/** Service discovery by the Harness (§3.2.1). */
export const discovery: Case<HarnessStage>[] = [
  {
    id: 'HAR-DISC-01',
    about: 'the order of everything that is asked for during a whole trip is looked at',
    run: async (s) => {
      const w = s.world()
      expectDone(await w.run())
      const first = ORDER.map((hop) => ({ hop, at: callsAt(w, hop)[0]?.at ?? Number.POSITIVE_INFINITY }))
      const looked = s.ground.settings.names === 'static' ? [] : [{ hop: 'DNS record', at: s.ground.dns.asked(w.service.record)[0]?.at ?? 0 }]
      const seen = [...looked, ...first].toSorted((a, b) => a.at - b.at).map(({ hop }) => hop)
      expectEqual(seen, [...looked.map(({ hop }) => hop), ...ORDER], 'the order')
      if (looked.length > 0) expectThat(s.ground.dns.asked(w.service.record).length > 0, 'the record to be asked for', 'no question')
    },
  },
  {
    id: 'HAR-DISC-02',
    about: 'every DNS name that is asked for during a whole trip is looked at',
    negative: true,
    run: async (s) => {
      s.ground.needDns()
      const w = s.world()
      expectDone(await w.run())
      expectEqual(s.ground.dns.asked(domainRecord(s)), [], 'questions about the user’s own domain')
    },
  },
  ...REFUSALS.map(
    ([slug, status, code]): Case<HarnessStage> => ({
      id: `HAR-DISC-02/${slug}`,
      about: `resolution answers ${status} ${code}, while DNS names an Authority for the user’s domain`,
      negative: true,
      run: async (s) => {
        s.ground.needDns()
        const w = s.world()
        s.ground.dns.publish(domainRecord(s), [w.authority.reference.authority_configuration_url])
        w.service.on.resolve = () => refusal(status, code)
        await expectStop(w, 'resolution')
        expectEqual(s.ground.dns.asked(domainRecord(s)), [], 'questions about the user’s own domain')
      },
    }),
  ),
  {
    id: 'DISC-SVC-01/harness',
    about: 'the record is asked for by its exact name, and the URL in it is fetched as it stands, query and all',
    run: async (s) => {
      s.ground.needDns()
      const w = s.world()
      const url = `${w.service.configurationUrl}?edition=${s.chance.name()}`
      s.ground.dns.publish(w.service.record, [url])
      expectDone(await w.run())
      const fetched = callsAt(w, 'service document').map(({ method, url: asked }) => `${method} ${asked}`)
      expectEqual([...new Set(fetched)], [`GET ${url}`], 'what is fetched')
    },
  },
  {
    id: 'DISC-SVC-01/harness-split',
    about: 'the URL is one record of three character-strings',
    run: async (s) => {
      s.ground.needDns()
      const w = s.world()
      const { configurationUrl: url } = w.service
      s.ground.dns.publish(w.service.record, [[url.slice(0, 9), url.slice(9, 20), url.slice(20)]])
      expectDone(await w.run())
    },
  },
  {
    id: 'DISC-SVC-07/harness',
    about: 'the Service’s origin has a port, and every name that is asked for is looked at',
    negative: true,
    run: async (s) => {
      s.ground.needDns()
      const w = s.world()
      if (new URL(w.service.origin).port === '') skip('the suite listens on 443: its Services have no port')
      expectDone(await w.run())
      const names = s.ground.dns.asked(w.service.record).map(({ name }) => name)
      expectEqual([...new Set(names)], [w.service.record], 'the names that are asked for')
    },
  },
  ...ORIGINS.map(
    ({ slug, about, origin }): Case<HarnessStage> => ({
      id: slug === undefined ? 'DISC-SVC-06' : `DISC-SVC-06/${slug}`,
      about: `the origin in the Service’s document ${about}`,
      negative: true,
      run: async (s) => {
        const w = s.world()
        const victim = s.service()
        w.service.document.service = { origin: origin(w.service.origin, victim.origin), name: 'A service of the conformance suite' }
        await expectStop(w, 'service document')
        expectUntouched(victim, 'the Service of that origin')
      },
    }),
  ),
  {
    id: 'CFG-X-06/harness',
    about: 'both documents may be kept for ten seconds, and the times they are fetched during one trip are counted',
    run: async (s) => {
      const w = s.world()
      expectDone(await w.run())
      onlyCall(w, 'service document')
      onlyCall(w, 'authority document')
    },
  },
]

const domainRecord = ({ user }: HarnessStage): string => `_agentpass.${user.slice(user.indexOf('@') + 1)}`
