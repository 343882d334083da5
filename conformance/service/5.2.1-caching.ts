import { isSuccess } from '../actors/client.ts'
import { createKey, type Key } from '../actors/jws.ts'
import { type Case, expectThat } from '../case.ts'
import { until } from '../stage.ts'
import { enterpriseOf, expectEnterprise, expectFailedDiscovery, expectFederated, expectNoAuthority } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

/** Longer than the second for which the suite's records may be kept. */
const PAST_TTL_MS = 2200
/** Longer than the ten seconds for which its documents may be kept, on a busy machine. */
const PAST_MAX_AGE_MS = 20_000
const MANY = 8

/** How long what was learnt is used (§5.2.1). */
export const caching: Case<ServiceStage>[] = [
  {
    id: 'DISC-CACHE-01/service',
    about: 'the record names another Authority, a second after its time to live has passed',
    slow: true,
    run: async (s) => {
      const { domain, authority, user } = enterpriseOf(s)
      expectEnterprise(await s.resolve(user), authority)
      const other = s.authority()
      domain.publish(other.reference.authority_configuration_url)
      await s.wait(PAST_TTL_MS)
      expectEnterprise(await s.resolve(user), other)
    },
  },
  {
    id: 'DISC-CACHE-01/service-none',
    about: 'the record named an Authority, and is “none” now',
    negative: true,
    slow: true,
    run: async (s) => {
      const { domain, authority, user } = enterpriseOf(s)
      expectEnterprise(await s.resolve(user), authority)
      domain.publish('none')
      await s.wait(PAST_TTL_MS)
      expectNoAuthority(s, await s.resolve(user), 403)
    },
  },
  {
    id: 'DISC-CACHE-01/service-outage',
    about: 'the record named an Authority, its time to live has passed, and DNS fails',
    negative: true,
    slow: true,
    run: async (s) => {
      const { domain, authority, user } = enterpriseOf(s)
      expectEnterprise(await s.resolve(user), authority)
      s.ground.dns.answer(domain.record, { kind: 'rcode', code: 'SERVFAIL' })
      await s.wait(PAST_TTL_MS)
      expectFailedDiscovery(s, await s.resolve(user))
    },
  },
  {
    id: 'DISC-CACHE-01/service-appeared',
    about: 'there was no record for a second, and now one names an Authority: no other may be answered any more',
    negative: true,
    slow: true,
    run: async (s) => {
      const domain = s.domain()
      expectFederated(s, await s.resolve(domain.user))
      const authority = s.authority()
      domain.publish(authority.reference.authority_configuration_url)
      await s.wait(PAST_TTL_MS)
      expectEnterprise(await s.resolve(domain.user), authority)
    },
  },
  {
    id: 'CFG-X-05/service-document',
    about: 'the Authority’s document, which may be kept for ten seconds, names another endpoint for validation',
    slow: true,
    run: async (s) => {
      const [domain, authority] = [s.account(), s.authority()]
      domain.publish(authority.reference.authority_configuration_url)
      const redeem = () => s.token(s.pass({ authority, user: domain.user }))
      await redeem()
      const endpoints = Object(authority.document.endpoints)
      authority.document.endpoints = { ...endpoints, validate: endpoints.issuance }
      authority.on.issuance = ({ text }) => ({ json: [...authority.scripts].find(([value]) => text.includes(value))?.[1].validation })
      const isUsed = await until(
        async () => {
          await redeem()
          return authority.callsTo('issuance').length > 0
        },
        PAST_MAX_AGE_MS,
        1000,
      )
      expectThat(isUsed, `the new endpoint to be asked within ${PAST_MAX_AGE_MS / 1000} s`, 'the old one alone')
    },
  },
  {
    id: 'CFG-X-05/service-keys',
    about: 'the Authority’s key set, which may be kept for ten seconds, has another key now, and the old one signs',
    negative: true,
    slow: true,
    run: async (s) => {
      const [domain, authority] = [s.account(), s.authority()]
      domain.publish(authority.reference.authority_configuration_url)
      const body = { user: { email: domain.user }, agent: { id: 'suite-agent' } }
      const ask = async (key: Key) => isSuccess(await s.scopes(authority, body, { changes: { key } }))
      const [old, fresh] = [authority.keys[0] ?? createKey(), createKey()]
      expectThat(await ask(old), 'the scopes, for the key of the set', 'a refusal')
      authority.keys = [fresh]
      expectThat(
        await until(async () => !(await ask(old)), PAST_MAX_AGE_MS, 1000),
        `the removed key to be refused within ${PAST_MAX_AGE_MS / 1000} s`,
        'it still counts',
      )
      expectThat(await ask(fresh), 'the scopes, for the new key', 'a refusal')
    },
  },
  {
    id: 'CFG-X-06/service-dns',
    about: `users of one domain are asked for, ${MANY} times within a minute: the record may be kept for that long`,
    run: async (s) => {
      const { domain, authority, user } = enterpriseOf(s)
      s.ground.dns.publish(domain.record, [authority.reference.authority_configuration_url], { ttlSeconds: 60 })
      for (let i = 0; i < MANY; i++) expectEnterprise(await s.resolve(user), authority)
      expectThat(s.ground.dns.asked(domain.record).length < MANY, `fewer than ${MANY} questions to DNS`, s.ground.dns.asked(domain.record).length)
    },
  },
  {
    id: 'CFG-X-06/service-document',
    about: `users of one domain are asked for, ${MANY} times within a minute: the document may be kept for that long`,
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      authority.on.document = () => ({ json: authority.document, headers: { 'cache-control': 'max-age=60' } })
      for (let i = 0; i < MANY; i++) expectEnterprise(await s.resolve(user), authority)
      expectThat(authority.callsTo('document').length < MANY, `fewer than ${MANY} calls for the document`, authority.callsTo('document').length)
    },
  },
  {
    id: 'CFG-X-06/service-keys',
    about: `an Authority asks for scopes, ${MANY} times within a minute: its key set may be kept for that long`,
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      authority.on.jwks = () => ({ json: { keys: authority.keys.map(({ jwk }) => jwk) }, headers: { 'cache-control': 'max-age=60' } })
      for (let i = 0; i < MANY; i++) await s.scopes(authority, { user: { email: user }, agent: { id: 'suite-agent' } })
      expectThat(authority.callsTo('jwks').length < MANY, `fewer than ${MANY} calls for the key set`, authority.callsTo('jwks').length)
    },
  },
]
