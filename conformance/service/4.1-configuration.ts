import { KeySetDocument, ServiceConfiguration } from '../../spec/wire/configuration.ts'
import { ScopesResponse } from '../../spec/wire/scopes.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer, expectRefused, expectStatus, isErrorBody, isSuccess } from '../actors/client.ts'
import { decodeJws } from '../actors/jwt.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectStillResolves } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const load = (s: ServiceStage, headers: Record<string, string> = {}) => s.client.send(s.adapter.configuration_url, { headers })

/** What a Service publishes of itself (§4.1). */
export const configuration: Case<ServiceStage>[] = [
  {
    id: 'CFG-S-01',
    about: 'its document is read as an Authority or a Harness would read it',
    run: async (s) => {
      const reply = await load(s, { accept: 'application/json, application/jwk-set+json;q=0.9, */*;q=0.1' })
      expectStatus(reply, 200)
      expectAnswer(reply, ServiceConfiguration, 'the Service configuration')
      if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(reply.headers['content-type'] ?? '')) s.warn('the document is not served as application/json')
    },
  },
  {
    id: 'CFG-S-02',
    about: 'its document says what kind of party it is of',
    run: async (s) => expectEqual(member((await load(s)).json, 'kind'), 'service', 'kind'),
  },
  {
    id: 'CFG-S-03',
    about: 'the origin that it publishes is the iss of its assertions, and the aud of those that it takes',
    run: async (s) => {
      const { pass } = await s.token()
      const [call] = pass.authority.callsTo('validate').filter(({ text }) => text.includes(pass.value))
      const assertion = decodeJws(call?.headers.authorization?.replace(/^bearer +/i, ''))
      expectEqual(assertion?.claims.iss, s.document.service.origin, 'iss of the assertion that the Authority got')
      const body = { user: { email: s.adapter.users.all }, agent: { id: 'suite-agent' } }
      expectAnswer(await s.scopes(s.house.enterprise, body), ScopesResponse, 'the scopes for an assertion with that origin as aud')
    },
  },
  {
    id: 'CFG-S-04',
    about: 'the origin that it publishes is written as its own URL is',
    run: async (s) => {
      const { origin } = s.document.service
      expectEqual(origin, URL.canParse(origin) ? new URL(origin).origin : undefined, 'service.origin')
    },
  },
  {
    id: 'CFG-S-05',
    about: 'the four endpoints are https URLs at which it does what they are for',
    run: async (s) => {
      const { resolve_authorities, available_scopes, redeem_browser_session, redeem_bearer_token } = s.document.endpoints
      for (const url of [resolve_authorities, available_scopes, redeem_browser_session, redeem_bearer_token])
        expectThat(url.startsWith('https://'), 'an https URL', url)
      await expectStillResolves(s)
      const body = { user: { email: s.adapter.users.all }, agent: { id: 'suite-agent' } }
      expectAnswer(await s.scopes(s.house.enterprise, body), ScopesResponse, 'the scopes')
      await s.token()
      await s.grant()
    },
  },
  {
    id: 'CFG-S-06',
    about: 'its list of federated Authorities is not empty where there is one, and names nobody twice; also where it trusts nobody',
    run: async (s) => {
      const { variants } = s.adapter
      const stages = [s, ...(variants.closed ? [await s.variant('closed')] : []), ...(variants.both ? [await s.variant('both')] : [])]
      for (const { document } of stages) {
        const names = document.trust.trusted_federated_authorities?.map(({ authority }) => authority)
        expectThat(names === undefined || names.length > 0, 'no empty list of federated Authorities', document.trust)
        expectEqual([...new Set(names)], names ?? [], 'the federated Authorities, without duplicates')
      }
    },
  },
  {
    id: 'CFG-S-07',
    about: 'its key set is read',
    negative: true,
    run: async (s) => {
      const { keys } = expectAnswer(await s.client.send(s.document.jwks_uri), KeySetDocument, 'the key set')
      expectThat(keys.length > 0, 'a key at least', keys)
      for (const key of keys) {
        const members = Object.keys({ ...(typeof key === 'object' && key) })
        expectEqual(
          members.filter((name) => PRIVATE_MEMBERS.includes(name)),
          [],
          'private members of a key',
        )
        expectThat(members.includes('kty'), 'a key with kty', key)
      }
    },
  },
  {
    id: 'CFG-S-08',
    about: 'its document says for how long it may be kept',
    run: async (s) => {
      const control = (await load(s)).headers['cache-control'] ?? ''
      expectThat(/\bmax-age="?\d{1,9}\b/.test(control), 'a Cache-Control with a finite max-age', control || 'none')
    },
  },
  {
    id: 'CFG-S-09/unknown-path',
    about: 'a path of which nobody knows is asked for, without credentials',
    negative: true,
    run: async (s) => {
      const reply = await s.client.send(`${s.origin}/.well-known/${s.chance.name()}`)
      expectStatus(reply, 404, 401, 403) // a gateway may say nothing about the paths of the app behind it
      expectThat(isErrorBody(reply) || reply.status !== 404, 'an error body', reply.text.slice(0, 200))
      await expectStillResolves(s)
    },
  },
  {
    id: 'CFG-S-09/accept',
    about: 'the document is asked for by somebody who takes no JSON',
    negative: true,
    run: async (s) => {
      const reply = await load(s, { accept: 'text/csv' })
      expectThat(
        reply.status === 406 || (isSuccess(reply) && reply.json !== undefined),
        '406, or the document as JSON',
        `${reply.status} ${reply.text.slice(0, 200)}`,
      )
    },
  },
  ...(
    [
      ['get-resolve', 'GET', (s) => s.document.endpoints.resolve_authorities],
      ['get-scopes', 'GET', (s) => s.document.endpoints.available_scopes],
      ['get-bearer', 'GET', (s) => s.document.endpoints.redeem_bearer_token],
      ['get-browser', 'GET', (s) => s.document.endpoints.redeem_browser_session],
      ['put-resolve', 'PUT', (s) => s.document.endpoints.resolve_authorities],
      ['post-document', 'POST', (s) => s.adapter.configuration_url],
      ['delete-document', 'DELETE', (s) => s.adapter.configuration_url],
      ['post-keys', 'POST', (s) => s.document.jwks_uri],
    ] satisfies [string, string, (s: ServiceStage) => string][]
  ).map(
    ([slug, method, url]): Case<ServiceStage> => ({
      id: `CFG-S-10/${slug}`,
      about: `${method} is sent to ${slug.includes('document') ? 'its document' : slug.includes('keys') ? 'its key set' : 'an endpoint'} that has another method`,
      negative: true,
      run: async (s) => {
        const reply = await s.client.send(url(s), { method, ...(method !== 'GET' && { body: { user: { email: s.adapter.users.all } } }) })
        expectRefused(reply)
        expectThat(isErrorBody(reply), 'an error body: {"error":{"code","message"}}', reply.text.slice(0, 200) || 'nothing')
        if (reply.status !== 405 && reply.status !== 404) s.warn(`the status is ${reply.status}, and not 405 or 404`)
        await expectStillResolves(s)
      },
    }),
  ),
]
