import { refusal } from '../actors/authority.ts'
import type { Reply } from '../actors/client.ts'
import { BODY_FAULTS, FETCH_FAULTS, type FetchFault } from '../actors/document-faults.ts'
import type { Received } from '../actors/hosts.ts'
import type { PublicJwk } from '../actors/jws.ts'
import { type Decoded, decodeJws, nowSeconds, verifies } from '../actors/jwt.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectNothing, validationsOf } from './bought.ts'
import type { Pass, ServiceStage } from './stage.ts'

const MOST_MS = 10_000

/** The one validation of a pass: the call, and the assertion it came with. */
function validationOf(pass: Pass): { call: Received; assertion: Decoded } {
  const [call, ...more] = validationsOf(pass)
  expectThat(call !== undefined && more.length === 0, 'one validation call', `${call ? more.length + 1 : 0}`)
  const assertion = decodeJws(/^Bearer (\S+)$/i.exec(call.headers.authorization ?? '')?.[1])
  expectThat(
    assertion !== undefined,
    'Authorization: Bearer and a signed object',
    call.headers.authorization === undefined ? 'no Authorization' : 'another',
  )
  return { call, assertion }
}

async function keysOf(s: ServiceStage): Promise<PublicJwk[]> {
  const { json } = await s.client.send(s.document.jwks_uri)
  const keys = typeof json === 'object' && json !== null && 'keys' in json && Array.isArray(json.keys) ? json.keys : []
  return keys
}

/** Refused without a credential, in bounded time, and the next pass is good. */
async function failsClosed(s: ServiceStage, pass: Pass): Promise<Reply> {
  const reply = await s.redeem(pass)
  expectNothing(reply, { orServerError: true })
  expectThat(reply.ms < MOST_MS, `an answer within ${MOST_MS} ms`, `${Math.round(reply.ms)} ms`)
  await s.token()
  return reply
}

/** What a Harness learns of the Authority’s refusals. */
const MAPPED: [given: number, ...shown: number[]][] = [
  [409, 409],
  [404, 422],
  [410, 422],
  [422, 422],
  [401, 502, 503],
  [500, 502, 503],
  [429, 503],
]

/** How a pass is validated (§4.4 step 4). */
export const validation: Case<ServiceStage>[] = [
  {
    id: 'SVC-RED-08',
    about: 'the validation call of a redemption is looked at: an assertion of this Service, for this Authority, that ends soon',
    run: async (s) => {
      const pass = s.pass({ bound: false })
      await s.token(pass)
      const { call, assertion } = validationOf(pass)
      const { iss, aud, iat, exp } = assertion.claims
      expectEqual(call.method, 'POST', 'the method')
      expectEqual(iss, s.origin, 'iss')
      expectThat([aud].flat().join() === pass.authority.identifier, `aud ${pass.authority.identifier}`, aud)
      expectThat(typeof iat === 'number' && typeof exp === 'number', 'iat and exp to be numbers', { iat, exp })
      expectThat(exp > nowSeconds() - 60 && exp - iat <= (s.profile === 'hardened' ? 300 : 3600), 'a short life that is not over', { iat, exp })
    },
  },
  {
    id: 'SVC-RED-08/signed',
    about: 'the assertion of the validation call verifies under the keys that the Service publishes',
    run: async (s) => {
      const pass = s.pass()
      await s.token(pass)
      const { assertion } = validationOf(pass)
      expectThat(verifies(assertion, await keysOf(s)), 'a signature under a published key', assertion.header)
    },
  },
  {
    id: 'SVC-RED-08/federated',
    about: 'of two federated Authorities one has the pass: only that one is asked, by its own name',
    run: async (s) => {
      const { user } = s.account()
      const pass = s.pass({ user, authority: s.house.federated2 })
      await s.token(pass)
      const { assertion } = validationOf(pass)
      expectThat([assertion.claims.aud].flat().join() === pass.authority.identifier, `aud ${pass.authority.identifier}`, assertion.claims.aud)
    },
  },
  {
    id: 'SVC-RED-08/relayed',
    about: 'a pass of one federated Authority is redeemed in the name of another',
    negative: true,
    run: async (s) => {
      const { user } = s.account()
      const pass = s.pass({ user, authority: s.house.federated })
      expectNothing(await s.redeem(pass, { changed: { authority: s.house.federated2.identifier } }))
      expectEqual(validationsOf(pass).length, 0, 'calls of the Authority that was not named')
      await s.token(pass)
    },
  },
  ...[400, 401, 403, 404, 409, 410, 422, 500, 503].map(
    (status): Case<ServiceStage> => ({
      id: `SVC-RED-09/${status}`,
      about: `the Authority answers ${status}`,
      negative: true,
      run: async (s) => {
        const pass = s.pass()
        pass.script.validate = () => refusal(status, 'refused')
        await failsClosed(s, pass)
      },
    }),
  ),
  {
    id: 'SVC-RED-09/yes-within-no',
    about: 'the Authority answers 403, with the body of a success',
    negative: true,
    run: async (s) => {
      const pass = s.pass()
      pass.script.validate = () => ({ status: 403, json: pass.script.validation })
      await failsClosed(s, pass)
    },
  },
  ...MAPPED.map(
    ([given, ...shown]): Case<ServiceStage> => ({
      id: `SVC-RED-10/${given}`,
      about: `the Authority answers ${given}: the Harness is told ${shown.join(' or ')}`,
      negative: true,
      run: async (s) => {
        const pass = s.pass()
        pass.script.validate = () => ({ ...refusal(given, 'refused'), headers: { 'retry-after': '7' } })
        const { status } = await failsClosed(s, pass)
        expectThat(shown.includes(status), `status ${shown.join(' or ')}`, `${status}`)
      },
    }),
  ),
  ...FETCH_FAULTS.filter(({ slug }) => !['404', '500'].includes(slug)).map((fault) => faulty('SVC-RED-11', fault)),
  ...BODY_FAULTS.map((fault) => faulty('SVC-RED-15', fault)),
  {
    id: 'SVC-RED-11/close',
    about: 'a redemption is refused, and the Authority does not answer when the authorization is closed',
    negative: true,
    slow: true,
    run: async (s) => {
      const pass = s.pass({ validation: { scope: ['nothing:known'] } })
      pass.script.close = () => ({ raw: (response) => void setTimeout(() => response.destroy(), MOST_MS + 5000).unref() })
      await failsClosed(s, pass)
    },
  },
]

/** A validation whose answer cannot be used. What a redirect leads to would say yes: it may not be asked. */
function faulty(id: string, { slug, about, answer, slow }: FetchFault): Case<ServiceStage> {
  return {
    id: `${id}/${slug}`,
    about: `of the validation call: ${about}`,
    negative: true,
    ...(slow && { slow }),
    run: async (s) => {
      const pass = s.pass()
      const trap = s.authority()
      trap.scripts.set(pass.value, pass.script)
      const elsewhere = String(Object(trap.document.endpoints).validate)
      pass.script.validate = () => answer(pass.script.validation, elsewhere)
      await failsClosed(s, pass)
      expectEqual(trap.calls.length, 0, 'calls of the place that the answer led to')
    },
  }
}
