/** A peer rotates its published keys while it is heard: whoever verifies believes no removed key beyond its cache, and no new one is refused beyond the time between refreshes. */
import { type CryptoKey, exportJWK, generateKeyPair } from 'jose'
import { expect, test } from 'vitest'
import { authorityWorld } from './authority-rig.ts'
import { desk } from './service-rig.ts'
import { ecPair } from './spec/jws-fixture.ts'

const CACHED_SECONDS = 300
const REFRESH_SECONDS = 30
const STEP_SECONDS = 10
const AT_ONCE = 3

/** One who verifies, and the peer it hears: what that publishes, and whether what one of its keys has signed is believed. */
type Heard = {
  pass: (seconds: number) => void
  publish: (kids: string[], maxAge: number) => void
  isBelieved: (kid: string) => Promise<boolean>
  fetches: () => number
}

/** The Authority, which hears a Service. */
async function authority(): Promise<Heard> {
  const w = await authorityWorld()
  const keys = new Map(KIDS.map((kid) => [kid, ecPair('P-256')]))
  return {
    pass: w.pass,
    publish(published, maxAge) {
      const set = { keys: published.map((kid) => ({ ...keys.get(kid)!.jwk, kid })) }
      w.desk.pages.keys = () => Response.json(set, { headers: { 'cache-control': `max-age=${maxAge}` } })
    },
    async isBelieved(kid) {
      const { status } = await w.validate('no pass', w.desk.bearer({}, { kid }, { key: keys.get(kid)! }))
      expect([404, 401]).toContain(status) // there is no such pass, or there is no such Service
      return status === 404
    },
    fetches: () => w.desk.fetches('keys'),
  }
}

/** The Service, which hears an Authority. */
async function service(): Promise<Heard> {
  const d = await desk({ settings: { limits: { scope_requests_per_minute: 1_000_000 } } })
  d.enterprise.publish('acme.example')
  const keys = new Map<string, { privateKey: CryptoKey; jwk: object }>()
  for (const kid of KIDS) {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    keys.set(kid, { privateKey, jwk: await exportJWK(publicKey) })
  }
  return {
    pass: d.pass,
    publish(published, maxAge) {
      const set = { keys: published.map((kid) => ({ ...keys.get(kid)!.jwk, kid })) }
      d.enterprise.answers.jwks = () => Response.json(set, { headers: { 'cache-control': `max-age=${maxAge}` } })
    },
    async isBelieved(kid) {
      const { status } = await d.scopes(await d.enterprise.sign({}, { kid }, keys.get(kid)!.privateKey))
      expect([200, 401]).toContain(status)
      return status === 200
    },
    fetches: () => d.enterprise.asked('jwks.json').length,
  }
}

/** What the peer publishes from when on, in seconds from the start: a key beside another, a change at once, all of them gone but one, a key that comes back. */
const TIMELINE: [number, string[]][] = [
  [0, ['a']],
  [430, ['a', 'b']],
  [730, ['b']],
  [1210, ['c']],
  [1330, ['d', 'c']],
  [1340, ['e']],
  [1750, ['a', 'e']],
]
const KIDS = ['a', 'b', 'c', 'd', 'e']
const END_SECONDS = 2200

/** Whether a key was published at some moment of a time, or during all of it. */
function published(kid: string, from: number, until: number): { once: boolean; throughout: boolean } {
  const then = TIMELINE.filter(([at], i) => at <= until && (TIMELINE[i + 1]?.[0] ?? Number.POSITIVE_INFINITY) > from).map(([, kids]) =>
    kids.includes(kid),
  )
  return { once: then.includes(true), throughout: from >= 0 && !then.includes(false) }
}

test.each([
  ['an Authority that hears a Service', authority, 300, 'what was published'],
  ['an Authority that hears a Service, whose key set is kept for a minute, amid guesses', authority, 60, 'anything'],
  ['a Service that hears an Authority, amid guesses', service, 300, 'anything'],
  ['a Service that hears an Authority, which would have its key set kept for a day', service, 86_400, 'what was published'],
] as const)('keys rotate under load: %s [AUTH-ASRT-17 CFG-X-05]', async (_, open, maxAge, asking) => {
  const heard = await open()
  const found = { falselyBelieved: [] as string[], falselyRefused: [] as string[], believed: new Set<string>() }
  for (let at = 0; at <= END_SECONDS; at += STEP_SECONDS) {
    const change = TIMELINE.find(([from]) => from === at)
    if (change) heard.publish(change[1], maxAge)
    const kids = asking === 'anything' ? KIDS : KIDS.filter((kid) => published(kid, 0, at).once)
    const calls = Array.from({ length: AT_ONCE }, () => kids).flat()
    const believed = await Promise.all(calls.map((kid) => heard.isBelieved(kid)))
    for (const [i, kid] of calls.entries()) {
      if (believed[i]) found.believed.add(kid)
      if (believed[i] && !published(kid, at - CACHED_SECONDS, at).once) found.falselyBelieved.push(`${kid} at ${at}`)
      if (!believed[i] && published(kid, at - REFRESH_SECONDS, at).throughout) found.falselyRefused.push(`${kid} at ${at}`)
    }
    heard.pass(STEP_SECONDS)
  }
  expect(found).toEqual({ falselyBelieved: [], falselyRefused: [], believed: expect.any(Set) })
  expect([...found.believed]).toEqual(expect.arrayContaining(['a', 'b', 'c', 'e'])) // d may be gone before it is looked for
  expect(heard.fetches()).toBeLessThanOrEqual(1 + END_SECONDS / REFRESH_SECONDS + END_SECONDS / Math.min(maxAge, CACHED_SECONDS))
})
