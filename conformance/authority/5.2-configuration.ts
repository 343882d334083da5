import { z } from 'zod'
import { AuthorityConfiguration, TrustMode } from '../../spec/wire/configuration.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer, expectStatus, isSuccess } from '../actors/client.ts'
import { decodeJws } from '../actors/jwt.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import type { AuthorityStage } from './stage.ts'

const ELSEWHERE = 'elsewhere.invalid'
/** What a proxy tells of how it was reached, and what somebody else can say as well. */
export const FORWARDED = {
  'x-forwarded-host': ELSEWHERE,
  'x-forwarded-proto': 'http',
  'x-forwarded-port': '81',
  'x-original-host': ELSEWHERE,
  forwarded: `host=${ELSEWHERE};proto=http`,
}
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const ENDPOINTS = ['issuance', 'issuance_status', 'validate', 'authorization_check'] as const
const KeySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) })

/** The document again, as it is now. */
const again = async ({ client, instance }: AuthorityStage, headers: Record<string, string>) => client.send(instance.configuration_url, { headers })

/** The configuration document that an Authority publishes (§5.2). */
export const configuration: Case<AuthorityStage>[] = [
  {
    id: 'CFG-A-01',
    about: 'the configuration URL is fetched',
    run: async ({ client, instance }) => {
      const reply = await client.send(instance.configuration_url)
      expectStatus(reply, 200)
      expectThat(/^application\/json\b/.test(reply.headers['content-type'] ?? ''), 'Content-Type application/json', reply.headers['content-type'])
      expectAnswer(reply, AuthorityConfiguration, 'the Authority configuration')
    },
  },
  {
    id: 'CFG-A-01/any-accept',
    about: 'it is fetched with whatever Accept admits JSON',
    run: async (s) => {
      for (const accept of ['application/json', '*/*', 'application/*', 'text/html, application/json;q=0.5', 'text/html, */*;q=0.1'])
        expectStatus(await again(s, { accept }), 200)
    },
  },
  {
    id: 'CFG-A-02',
    about: 'the trust_mode of the document is read',
    run: async ({ document }) =>
      expectThat(TrustMode.safeParse(document.trust_mode).success, 'enterprise, federated or service', document.trust_mode),
  },
  {
    id: 'CFG-A-03',
    about: 'every URL of the document is looked at',
    run: async ({ document, identifier }) => {
      const urls = [identifier, document.jwks_uri, ...Object.values(document.endpoints)].map(String)
      const odd = urls.filter((url) => !/^https:\/\/[^\s/?#@]+(?:[/?][^\s#]*)?$/.test(url))
      expectEqual(odd, [], 'URLs that are not https, or have userinfo or a fragment,')
    },
  },
  ...ENDPOINTS.map(
    (name): Case<AuthorityStage> => ({
      id: `CFG-A-04/${name.replace('_', '-')}`,
      about: `endpoints.${name} is read`,
      run: async ({ document }) => expectThat(typeof document.endpoints[name] === 'string', `endpoints.${name} to be text`, document.endpoints),
    }),
  ),
  {
    id: 'CFG-A-05',
    about: 'the template of the status URL is expanded with an id',
    run: async (s) => {
      const template = s.document.endpoints.issuance_status
      expectThat(template.includes('{id}') && URL.canParse(s.statusUrl('an-id')), 'a template of a URL with {id}', template)
    },
  },
  {
    id: 'CFG-A-06',
    about: 'the iss of its assertion for a Service, and the aud that it accepts of one, are compared with the document',
    run: async (s) => {
      const { service } = await s.redeemed()
      const [asked] = service.callsTo('scopes')
      const assertion = decodeJws(s.secret((asked?.headers.authorization ?? '').replace(/^bearer +/i, '')))
      expectEqual(assertion?.claims.iss, s.identifier, 'iss')
    },
  },
  {
    id: 'CFG-A-06/forwarded',
    about: 'the document is fetched with X-Forwarded-Host and its like',
    negative: true,
    run: async (s) => {
      const reply = await again(s, FORWARDED)
      expectEqual(member(reply.json, 'authority'), s.identifier, 'the identifier')
      expectEqual(member(reply.json, 'endpoints'), s.document.endpoints, 'the endpoints')
    },
  },
  {
    id: 'CFG-A-06/host',
    about: 'the document is fetched with another name in Host',
    negative: true,
    run: async (s) => {
      const reply = await again(s, { host: ELSEWHERE })
      if (isSuccess(reply)) expectEqual(member(reply.json, 'endpoints'), s.document.endpoints, 'the endpoints')
      expectStatus(await again(s, {}), 200)
    },
  },
  {
    id: 'CFG-A-07',
    about: 'the Cache-Control of the document is read',
    run: async (s) => {
      const { headers } = await again(s, {})
      const [, seconds] = /max-age=(\d+)/i.exec(headers['cache-control'] ?? '') ?? []
      expectThat(seconds !== undefined && Number(seconds) <= 31_536_000, 'Cache-Control with a max-age of a year at most', headers['cache-control'])
    },
  },
  {
    id: 'CFG-A-08',
    about: 'the key set is fetched and searched for what only a private or symmetric key has',
    negative: true,
    run: async (s) => {
      const { keys } = expectAnswer(await s.client.send(s.document.jwks_uri), KeySet, 'the key set')
      const found = keys.flatMap((key) => [...Object.keys(key).filter((name) => PRIVATE.includes(name)), ...(key.kty === 'oct' ? ['oct'] : [])])
      expectEqual(found, [], 'private members')
    },
  },
  {
    id: 'CFG-A-09',
    about: 'endpoints.authorization_close is read',
    run: async ({ document }) =>
      expectThat(/^https:\/\//.test(document.endpoints.authorization_close ?? ''), 'an https URL', document.endpoints.authorization_close),
  },
  {
    id: 'CFG-A-10',
    about: 'policy.allow_service_authorities is read',
    run: async ({ document }) => {
      const allowed = member(document.policy, 'allow_service_authorities') ?? true
      expectThat(typeof allowed === 'boolean', 'true or false, or nothing, which is true', allowed)
    },
  },
  {
    id: 'CFG-A-11/modes',
    about: 'approval.modes is read',
    run: async ({ document }) => expectEqual(member(document.approval, 'modes') ?? ['poll'], ['poll'], 'approval.modes'),
  },
  {
    id: 'CFG-A-11/ttl',
    about: 'approval.default_ttl_seconds is read',
    run: async ({ document }) => {
      const seconds = member(document.approval, 'default_ttl_seconds') ?? 1
      expectThat(Number.isInteger(seconds) && Number(seconds) >= 1, 'a whole number from 1', seconds)
    },
  },
]
