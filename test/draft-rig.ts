/** The three real parties, some of which speak as one does that knows the published draft and no more, or almost as ours do. */
import { acquireBrowserSession } from '../harness/acquire.ts'
import { TripFailure } from '../harness/failure.ts'
import { initialize } from '../harness/initialize.ts'
import { createHolderKey } from '../harness/key.ts'
import { SESSION_COOKIE } from '../service/use/cookie.ts'
import type { Fetch, Now } from '../spec/effects.ts'
import { ProtocolError } from '../spec/error.ts'
import type { Profile } from '../spec/profile.ts'
import { createTap, type Lacks, type Refused, type Says, type Speech } from './draft-tap.ts'
import { keysOf } from './keys-rig.ts'
import { AUTHORITY, SERVICE, USER, world } from './parties.ts'
import { ecPair, jws } from './spec/jws-fixture.ts'

export const DRAFT: Lacks = 'everything beyond the draft'
/** Where a refusal is that no endpoint of the protocol gives, but the app behind the Service. */
export const APP = 'the app'
export const CHECK_SECONDS = 5
export type Flow = 'bearer token' | 'browser session'
type Wish = { lacks?: Lacks; profile?: Profile; settings?: object }
type Wanted = { Harness?: Omit<Wish, 'settings'> & { isAttested?: boolean }; Service?: Wish; Authority?: Wish; says?: Says }
/** A credential of a flow: how the agent acts with it, and what began its session. */
export type Held = { act: () => Promise<Response>; revokeUrl: string | undefined; token: string; initialization?: { url: string; method: string } }

const VENDOR = ecPair('P-256')
const ISSUER = 'https://vendor.example'
const ATTESTATION = { attestation: { issuers: [{ issuer: ISSUER, keys: [{ ...VENDOR.jwk, kid: 'vendor' }] }] } }

/** Has a Harness send the word of its vendor with every request for a pass. */
const attesting =
  ({ fetch, now }: { fetch: Fetch; now: Now }, profile: Profile = 'core-0.1'): Fetch =>
  (url, init = {}) => {
    if (init.method !== 'POST' || url !== `${AUTHORITY}/issuance`) return fetch(url, init)
    const { harness, ...rest } = JSON.parse(String(init.body))
    const typ = profile === 'hardened' ? 'agentpass-harness-attestation+jwt' : 'JWT'
    const claims = { iss: ISSUER, sub: harness.id, cnf: harness.cnf, iat: now(), exp: now() + 300 }
    const jwt = jws({ alg: 'ES256', typ, kid: 'vendor' }, claims, { key: VENDOR })
    return fetch(url, { ...init, body: JSON.stringify({ ...rest, harness: { ...harness, attestation: { jwt } } }) })
  }

/** The parties as a test wants them. What they lack and say is in `speech`, and may change at any time. */
export async function peers(wanted: Wanted = {}) {
  const { Harness: h = {}, Service: s = {}, Authority: a = {}, says = {} } = wanted
  const w = await world({
    authority: { ...ATTESTATION, ...(a.profile && { profile: a.profile }), ...a.settings },
    service: { ...(s.profile && { profile: s.profile }), ...s.settings },
  })
  const speech: Speech = { lacks: { Harness: h.lacks ?? [], Service: s.lacks ?? [], Authority: a.lacks ?? [] }, says }
  const [holder, ofService, ofAuthority] = await Promise.all([
    createHolderKey(),
    keysOf(w, w.service.opening).opened(),
    keysOf(w, w.authority.opening).opened(),
  ])
  const tap = createTap(speech, {
    'service assertion': ofService.current,
    'authority assertion': ofAuthority.current,
    'holder proof': () => holder,
    'task attestation': () => holder,
    'harness attestation': () => VENDOR,
  })
  w.host(SERVICE, tap.site(w.service.app))
  w.host(AUTHORITY, tap.site(w.authority.app))
  Object.assign(w.harness, { holderKey: holder, ...(h.profile && { profile: h.profile }), ...(h.isAttested && { fetch: attesting(w, h.profile) }) })
  const count = (message: string) => tap.heard.filter((one) => one.message === message).length

  return {
    ...w,
    ...{ speech, count, heard: tap.heard, refused: tap.refused },
    /** Gets a credential, approved as it is shown, and in a browser's place begins its session. */
    trip: (flow: Flow): Promise<Held> => (flow === 'bearer token' ? getToken(w) : getSession(w)),
    site: tap.site,
    /** How the Authority sees the authorization of the newest request. */
    state: async () => (await w.newest()).authorization?.state,
  }
}

export type Peers = Awaited<ReturnType<typeof peers>>

/** Gets a credential, acts with it, and gives what was refused on the way, to whomever; whatever else went wrong is thrown. */
export async function refusalsOf(w: Peers, flow: Flow = 'bearer token'): Promise<Refused[]> {
  w.refused.length = 0
  try {
    const { act } = await w.trip(flow)
    const response = await act()
    return response.ok ? [...w.refused] : [...w.refused, { at: APP, status: response.status, ...(await response.json()).error }]
  } catch (failure) {
    if (w.refused.length > 0) return [...w.refused]
    const cause = failure instanceof TripFailure ? failure.cause : undefined
    if (!(cause instanceof ProtocolError)) throw failure
    return [{ at: 'Harness', status: cause.status, code: cause.code, message: cause.message }]
  }
}

type World = Awaited<ReturnType<typeof world>>

async function getToken(w: World): Promise<Held> {
  const { token, revokeUrl } = await w.acquired()
  return { token, revokeUrl, act: async () => w.call('/api/tickets', token) }
}

async function getSession(w: World): Promise<Held> {
  let decided: Promise<unknown> | undefined
  const wait: typeof w.wait = async (ms, signal) => {
    await w.wait(ms, signal)
    decided ??= w.approvePending()
    await decided
  }
  const wanted = { service: SERVICE, user: USER, task: 'Answer ticket 17', destination: `${SERVICE}/tickets/17` }
  const { initialization, revokeUrl } = await acquireBrowserSession({ ...w.harness, wait }, wanted)
  const { cookies } = await initialize(w, SERVICE, initialization)
  const token = cookies.find(({ name }) => name === SESSION_COOKIE)?.value ?? ''
  const act = async () => w.service.app.request(`${SERVICE}/api/tickets`, { headers: { cookie: `${SESSION_COOKIE}=${token}` } })
  return { token, revokeUrl, initialization, act }
}
