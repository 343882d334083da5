import { IssuanceRequest } from '../../spec/wire/issuance.ts'
import { sha256Hex } from '../actors/jws.ts'
import { decodeJws, nowSeconds } from '../actors/jwt.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { skip } from '../stage.ts'
import { expectDone, type HarnessStage, type HarnessWorld, pendingAnswer, type Run } from './stage.ts'
import { asText, boundKey, dig, expectJws, expectSignedBy, onlyCall, openElsewhere, runTwice, setEndpoint } from './trip.ts'

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const WORDS = 'Ärger mit Ünicode: 漢字, 😀, e\u0301 and é, “quoted”, a\ttab'

/** A whole trip, and the issuance request it made. */
async function requestOf(w: HarnessWorld, how?: Omit<Run, 'service'>): Promise<unknown> {
  expectDone(await w.run(how))
  return onlyCall(w, 'issuance').json
}

/** Two trips, and their requests. */
async function requestsOfTwo(s: HarnessStage): Promise<[unknown, unknown]> {
  const w = s.world()
  await runTwice(w)
  const [one, two, ...more] = w.issued.requests
  expectEqual(more.length, 0, 'the number of further issuance requests')
  return [one, two]
}

function expectValid(request: unknown): IssuanceRequest {
  const parsed = IssuanceRequest.safeParse(request)
  const [issue] = parsed.error?.issues ?? []
  if (!parsed.success) expectThat(false, 'a valid issuance request', `${issue?.path.join('.') || 'the body'}: ${issue?.message}`)
  return parsed.data ?? skip('there is no request')
}

/** What a Harness asks an Authority for (§3.2.3, §3.1). */
export const issuance: Case<HarnessStage>[] = [
  {
    id: 'HAR-ISS-01',
    about: 'the issuance endpoint has a query',
    run: async (s) => {
      const w = s.world()
      const url = `${w.authority.urls.issuance}?tenant=${s.chance.name()}`
      setEndpoint(w.authority, 'issuance', url)
      expectDone(await w.run())
      const { method, url: asked } = onlyCall(w, 'issuance')
      expectEqual(`${method} ${asked}`, `POST ${url}`, 'the request')
    },
  },
  {
    id: 'HAR-ISS-01/other-host',
    about: 'the issuance endpoint is on another host than the document',
    run: async (s) => {
      const w = s.world()
      const elsewhere = openElsewhere(s, ({ json }) => {
        w.issued.requests.push({ type: dig(json, 'type') })
        return pendingAnswer(w.issued, { status: 202 })
      })
      setEndpoint(w.authority, 'issuance', elsewhere.url)
      expectDone(await w.run())
      expectEqual(elsewhere.calls.length, 1, 'the number of requests there')
    },
  },
  {
    id: 'HAR-ISS-02',
    about: 'the request for a bearer token is looked at',
    run: async (s) => {
      const w = s.world()
      const { type, service, user, task } = expectValid(await requestOf(w, { task: 'Count the sheep' }))
      const seen = { type, origin: service.origin, email: user.email, description: task.description }
      expectEqual(seen, { type: 'bearer_token', origin: w.service.origin, email: s.user, description: 'Count the sheep' }, 'what is asked for')
    },
  },
  {
    id: 'HAR-ISS-02/browser',
    about: 'the request for a browser session is looked at',
    run: async (s) => {
      const { type } = expectValid(await requestOf(s.world(), { type: 'browser' }))
      expectEqual(type, 'browser_session', 'type')
    },
  },
  {
    id: 'HAR-ISS-03',
    about: 'two tasks are bound to two keys',
    negative: true,
    run: async (s) => {
      const [one, two] = (await requestsOfTwo(s)).map((request) => dig(request, 'harness', 'cnf', 'jwk'))
      expectThat(one !== undefined && two !== undefined, 'requests with harness.cnf.jwk', 'none')
      expectThat(JSON.stringify(one) !== JSON.stringify(two), 'a fresh key for each task', 'the same key twice')
    },
  },
  {
    id: 'HAR-ISS-03/private',
    about: 'the key that is sent is searched for private members',
    negative: true,
    run: async (s) => {
      const members = Object.keys(boundKey(await requestOf(s.world())))
      expectEqual(
        members.filter((name) => PRIVATE_MEMBERS.includes(name)),
        [],
        'the private members of harness.cnf.jwk',
      )
    },
  },
  {
    id: 'HAR-ISS-04',
    about: 'the task attestation is verified under the bound key',
    run: async (s) => {
      const request = await requestOf(s.world())
      const key = boundKey(request)
      const attestation = dig(request, 'task', 'attestation', 'jwt')
      expectThat(attestation !== undefined, 'task.attestation.jwt', 'none')
      expectSignedBy(expectJws(attestation, 'task.attestation.jwt'), key, 'the task attestation')
    },
  },
  {
    id: 'HAR-ISS-05',
    about: 'a browser session is asked for with a destination',
    run: async (s) => {
      const w = s.world()
      const destination = `${w.service.origin}/things/17`
      const request = await requestOf(w, { type: 'browser', destination })
      expectEqual(dig(request, 'intent', 'destination_url'), destination, 'intent.destination_url')
    },
  },
  {
    id: 'HAR-ISS-05/bearer',
    about: 'a bearer token is asked for, and a destination looked for',
    negative: true,
    run: async (s) => {
      const destination = dig(await requestOf(s.world()), 'intent', 'destination_url')
      expectThat(destination === undefined, 'no intent.destination_url', destination)
    },
  },
  {
    id: 'HAR-ISS-06',
    about: 'two tasks have two ids',
    negative: true,
    run: async (s) => {
      const [one, two] = (await requestsOfTwo(s)).map((request) => asText(dig(request, 'task', 'id')))
      expectThat(one !== '' && two !== '' && one !== two, 'two task ids', `${one} and ${two}`)
    },
  },
  {
    id: 'HAR-ISS-07',
    about: 'the claims of the attestation of a task that is described in many scripts',
    run: async (s) => {
      const request = await requestOf(s.world(), { task: WORDS })
      const attestation = dig(request, 'task', 'attestation', 'jwt') ?? skip('the Harness attests no task')
      const { header, claims } = expectJws(attestation, 'task.attestation.jwt')
      const { iss, task_id, task_description_hash: hash, iat, exp } = claims
      expectEqual(dig(request, 'task', 'description'), WORDS, 'task.description')
      expectEqual({ iss, task_id }, { iss: dig(request, 'harness', 'id'), task_id: dig(request, 'task', 'id') }, 'iss and task_id')
      expectEqual(hash, sha256Hex(WORDS), 'task_description_hash')
      expectThat(Number.isFinite(iat) && Number.isFinite(exp), 'iat and exp as numbers', { iat, exp })
      expectThat(Math.abs(Number(iat) - nowSeconds()) < 120 && Number(exp) > nowSeconds(), 'iat now and exp later', { iat, exp })
      const foreign = ['htm', 'htu', 'aph', 'cnf'].filter((name) => name in claims)
      expectEqual(foreign, [], 'claims of another kind of object')
      expectThat(/^(ES|PS|RS)(256|384|512)$|^Ed/.test(asText(header.alg)), 'an alg that is accepted', header.alg)
    },
  },
  {
    id: 'HAR-ISS-08',
    about: 'a Harness attestation is looked for, and whether the Harness wrote it itself',
    negative: true,
    run: async (s) => {
      const request = await requestOf(s.world())
      const attestation = dig(request, 'harness', 'attestation', 'jwt')
      if (attestation === undefined) return
      const decoded = expectJws(attestation, 'harness.attestation.jwt')
      expectThat(decoded.claims.iss !== dig(request, 'harness', 'id'), 'an issuer that is not the Harness itself', decoded.claims.iss)
      expectThat(decodeJws(attestation)?.claims.sub !== undefined, 'a sub', decoded.claims)
    },
  },
]
