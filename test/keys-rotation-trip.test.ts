/** The three real parties while the two servers rotate their signing keys: nothing that is under way notices. */
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { openService } from '../service/node/open.ts'
import { type SigningKey, signJwt } from '../spec/jwt.ts'
import { PUBLISHED_AFTER_SECONDS, PUBLISHED_BEFORE_SECONDS, type RotationKind } from '../spec/node/rotation.ts'
import { keysOf, kidsOf } from './keys-rig.ts'
import { AUTHORITY, SERVICE, USER, world } from './parties.ts'

const CACHED_SECONDS = 300
const APP = 'http://127.0.0.1:1'
const JWKS = { authority: `${AUTHORITY}/.well-known/jwks.json`, service: `${SERVICE}/.well-known/agentpass-service/jwks.json` }
const DAY_SECONDS = 86_400

type Signing = { key: SigningKey; ttlSeconds: number }

async function rotating() {
  const w = await world({
    authority: { lifetimes: { authorization_seconds: DAY_SECONDS } },
    service: { lifetimes: { credential_seconds: DAY_SECONDS, check_seconds: 5 } },
  })
  const keys = { authority: keysOf(w, w.authority.opening), service: keysOf(w, w.service.opening) }
  const published = async (party: 'authority' | 'service') => (await (await w[party].app.request(JWKS[party])).json()) as JSONWebKeySet
  /** As the chore does every few seconds. */
  const follow = () => Promise.all([w.authority, w.service].map(({ management }) => management.request('/ready')))
  /** The app behind keeps the key set as long as it may, and never asks for it in between. */
  let kept = { keys: await published('service'), until: w.now() + CACHED_SECONDS }
  const identity = async (token: string) => {
    const { headers } = (await (await w.call('/api/tickets', token)).json()) as { headers: Record<string, string> }
    return headers['agentpass-identity']!
  }
  const assertion = (kind: 'service-assertion' | 'authority-assertion', [iss, aud]: [string, string], { key, ttlSeconds }: Signing) =>
    signJwt(kind, { iss, aud, iat: w.now(), exp: w.now() + ttlSeconds, jti: w.random(16) }, key, 'core-0.1')
  const post = async (app: typeof w.service.app, url: string, assertion: string, body: object) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${assertion}` }
    return (await app.request(url, { method: 'POST', body: JSON.stringify(body), headers })).status
  }
  const asService = (signed: string) => post(w.authority.app, `${AUTHORITY}/authorization/check`, signed, { authorization_id: 'x' })
  const asAuthority = (signed: string) =>
    post(w.service.app, `${SERVICE}/agentpass/available-scopes`, signed, { user: { email: USER }, agent: { id: 'a' } })
  return {
    ...w,
    keys,
    published,
    ofService: (key: SigningKey, ttlSeconds = 60) => assertion('service-assertion', [SERVICE, AUTHORITY], { key, ttlSeconds }),
    ofAuthority: (key: SigningKey, ttlSeconds = 60) => assertion('authority-assertion', [AUTHORITY, SERVICE], { key, ttlSeconds }),
    /** What each party answers to an assertion of the other: 404 (there is no such authorization) and 200, or 401 for one that it does not believe. */
    answers: async (service: string, authority: string) => [await asService(service), await asAuthority(authority)],
    identity,
    rotate: async (kind: RotationKind) => {
      const made = { authority: await keys.authority.rotate(kind), service: await keys.service.rotate(kind) }
      await follow()
      return made
    },
    /** An API call of a live session: the Authority is asked whether it stands, and the app verifies who acts. Gives the id of the key that says so. */
    used: async (token: string) => {
      const jwt = await identity(token)
      if (kept.until <= w.now()) kept = { keys: await published('service'), until: w.now() + CACHED_SECONDS }
      const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(kept.keys), {
        ...{ issuer: SERVICE, audience: APP, typ: 'agentpass-identity+jwt', algorithms: ['ES256'], currentDate: new Date(w.now() * 1000) },
      })
      expect(payload.sub).toBe(USER)
      return protectedHeader.kid
    },
    /** The id of the key that signed the last assertion to an address. */
    lastSigner: (url: string) => {
      const sent = w.calls.findLast((call) => call.url === url)?.headers.get('authorization') ?? ''
      return decodeProtectedHeader(sent.replace('Bearer ', '')).kid
    },
  }
}

test('a task begun before a rotation goes on through it and after it, others begin meanwhile, and no peer needs more than its cache', async () => {
  const w = await rotating()
  const { token } = await w.acquired()
  const first = { authority: kidsOf(await w.published('authority'))[0], service: await w.used(token) }
  const next = await w.rotate('overlap')
  const rotatedAt = w.now()
  const fetched: Record<string, number[]> = { [JWKS.authority]: [], [JWKS.service]: [] }
  let seen = w.calls.length
  const signers = { check: new Set<unknown>(), scopes: new Set<unknown>(), identity: new Set<unknown>() }
  for (let step = 0; w.now() < rotatedAt + PUBLISHED_BEFORE_SECONDS + PUBLISHED_AFTER_SECONDS + CACHED_SECONDS; step++) {
    w.pass(29)
    signers.identity.add(await w.used(token))
    signers.check.add(w.lastSigner(`${AUTHORITY}/authorization/check`))
    if (step % 4 === 0) {
      await w.used((await w.acquired()).token)
      signers.scopes.add(w.lastSigner(`${SERVICE}/agentpass/available-scopes`))
    }
    for (const { url } of w.calls.slice(seen)) fetched[url]?.push(w.now())
    seen = w.calls.length
  }
  expect(signers).toEqual({
    check: new Set([first.service, next.service]),
    identity: new Set([first.service, next.service]),
    scopes: new Set([first.authority, next.authority]),
  })
  for (const times of Object.values(fetched)) {
    expect(times.length).toBeGreaterThan(10)
    for (const [i, at] of times.slice(1).entries()) expect(at - times[i]!).toBeGreaterThanOrEqual(CACHED_SECONDS - 29) // a step is the tests' accuracy
  }
  expect([kidsOf(await w.published('authority')), kidsOf(await w.published('service'))]).toEqual([[next.authority], [next.service]])
})

test('what the old key signed last is believed for as long as it lives, though it live for the longest time allowed', async () => {
  const w = await rotating()
  await w.rotate('overlap')
  w.pass(PUBLISHED_BEFORE_SECONDS - 1)
  const last = { authority: (await w.keys.authority.opened()).current(), service: (await w.keys.service.opened()).current() }
  const [service, authority] = [await w.ofService(last.service, 3600), await w.ofAuthority(last.authority, 3600)]
  for (const seconds of [1, 300, 3299, 59]) {
    w.pass(seconds)
    expect(await w.answers(service, authority)).toEqual([404, 200])
  }
  w.pass(1) // skew and all, they have expired
  expect(await w.answers(service, authority)).toEqual([401, 401])
})

test('a stolen key is refused by every peer when its cache is over, and the parties go on with the new ones at once', async () => {
  const w = await rotating()
  const { token } = await w.acquired()
  const before = await w.identity(token)
  const stolen = { authority: (await w.keys.authority.opened()).current(), service: (await w.keys.service.opened()).current() }
  expect(await w.answers(await w.ofService(stolen.service), await w.ofAuthority(stolen.authority))).toEqual([404, 200])
  const made = await w.rotate('now')
  w.pass(CACHED_SECONDS) // nobody has called meanwhile: the caches were not refreshed
  expect(await w.answers(await w.ofService(stolen.service), await w.ofAuthority(stolen.authority))).toEqual([401, 401])
  expect(decodeProtectedHeader(await w.identity(token)).kid).toBe(made.service)
  expect(decodeProtectedHeader(before).kid).toBe(stolen.service.keyId)
  const again = await w.acquired()
  expect(await w.used(again.token)).toBe(made.service)
  expect(w.lastSigner(`${SERVICE}/agentpass/available-scopes`)).toBe(made.authority)
})

test('after a rotation at once the next call of a session goes through, and what it says to the app is signed anew', async () => {
  const w = await rotating()
  const { token } = await w.acquired()
  const before = await w.identity(token)
  const made = await w.rotate('now')
  const after = await w.identity(token) // within the time for which an identity is kept
  expect([decodeProtectedHeader(before).kid, decodeProtectedHeader(after).kid]).not.toContain(undefined)
  expect(decodeProtectedHeader(after).kid).toBe(made.service)
  w.pass(6) // the Authority is asked again, with a key it has never seen
  expect((await w.call('/api/tickets', token)).status).toBe(200)
  expect(w.lastSigner(`${AUTHORITY}/authorization/check`)).toBe(made.service)
  expect((await w.acquired()).token).not.toBe(token)
})

test('every instance follows a rotation that another process made', async () => {
  const w = await rotating()
  const second = await openService(w.service.opening)
  onTestFinished(second.stop)
  const next = await w.rotate('overlap')
  await second.management.request('/ready')
  const both = async () =>
    Promise.all([w.service, second].map(async ({ app }) => kidsOf((await (await app.request(JWKS.service)).json()) as JSONWebKeySet)))
  const [one, other] = await both()
  expect([one?.[0], other]).toEqual([next.service, one])
  const only = await w.rotate('now')
  await second.management.request('/ready')
  expect(await both()).toEqual([[only.service], [only.service]])
})

test('a clock that is set back publishes no removed key again, at start neither', async () => {
  const w = await rotating()
  w.pass(DAY_SECONDS)
  const made = await w.rotate('now')
  await w.keys.service.db.write((tx) => tx.updateTable('clock').set({ latest_at: w.now() }).execute()) // as each instance does every minute
  w.pass(-DAY_SECONDS / 2)
  expect(kidsOf(await w.published('service'))).toEqual([made.service])
  const late = await openService(w.service.opening)
  onTestFinished(late.stop)
  expect(kidsOf((await (await late.app.request(JWKS.service)).json()) as JSONWebKeySet)).toEqual([made.service])
})
