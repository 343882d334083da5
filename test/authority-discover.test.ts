import { expect, test } from 'vitest'
import { z } from 'zod'
import { AuthorityConfiguration } from '../spec/wire/configuration.ts'
import { authorityWorld, refusal } from './authority-rig.ts'
import { AUTHORITY } from './parties.ts'

const CONFIGURATION = '/.well-known/agentpass-authority'
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const KeySet = z.object({ keys: z.array(z.looseObject({ kid: z.string(), kty: z.string() })).min(1) })

const configuration = async (changed: object = {}) => {
  const w = await authorityWorld(changed)
  const response = await w.call('GET', CONFIGURATION)
  return { w, response, document: AuthorityConfiguration.parse(await response.json()) }
}

test('the configuration is JSON that fits its schema, and may be kept for a while [CFG-A-01 CFG-A-07]', async () => {
  const { response } = await configuration()
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
  expect(response.headers.get('cache-control')).toMatch(/\bmax-age=[1-9]\d{0,4}\b/)
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
})

test('every URL of the configuration is https, every endpoint is there, and the status URL is a template [CFG-A-03 CFG-A-04 CFG-A-05 CFG-A-09]', async () => {
  const { document } = await configuration()
  const { issuance, issuance_status, validate, authorization_check, authorization_close } = document.endpoints
  const urls = [document.authority, document.jwks_uri, issuance, issuance_status, validate, authorization_check, authorization_close]
  for (const url of urls) expect(url).toMatch(/^https:\/\//)
  expect(issuance_status).toContain('{id}')
})

test.each(['enterprise', 'federated', 'service'])('an Authority of the trust mode %s says so [CFG-A-02]', async (trust_mode) => {
  expect((await configuration({ trust_mode })).document.trust_mode).toBe(trust_mode)
})

test.each([true, false])('whether Service Authorities are allowed (%s) is published as a boolean [CFG-A-10]', async (allow) => {
  const { document } = await configuration({ allow_service_authorities: allow })
  expect(document.policy).toEqual({ allow_service_authorities: allow })
})

test('approval is by polling, and the deadline published is the one that requests get [CFG-A-11]', async () => {
  const { w, document } = await configuration({ lifetimes: { decision_seconds: 77 } })
  expect(document.approval).toEqual({ modes: ['poll'], default_ttl_seconds: 77 })
  const { expires_at } = await w.requested()
  expect(Date.parse(expires_at!) / 1000 - w.now()).toBe(77)
})

test('the published identifier is the issuer of its assertions and the only audience it takes [CFG-A-06 AUTH-ASRT-06]', async () => {
  const authority = `${AUTHORITY}/of/acme`
  const { w, document } = await configuration({ authority, policy: { default: 'approve' } })
  expect(document.authority).toBe(authority)
  const { value } = await w.approved()
  const [scopes] = w.desk.asked
  const claims = JSON.parse(Buffer.from(scopes!.authorization.split('.')[1]!, 'base64url').toString())
  expect(claims).toMatchObject({ iss: authority, aud: w.desk.origin })
  expect((await w.validate(value, w.desk.bearer({ aud: AUTHORITY }))).status).toBe(401)
  expect((await w.validate(value, w.desk.bearer({ aud: authority }))).status).toBe(200)
})

test('the key set has public keys only, each with its kid, and may be kept for a while [CFG-A-08 CFG-A-07]', async () => {
  const w = await authorityWorld()
  const response = await w.call('GET', '/.well-known/jwks.json')
  expect(response.headers.get('cache-control')).toMatch(/\bmax-age=[1-9]\d{0,2}\b/)
  for (const key of KeySet.parse(await response.json()).keys) expect(PRIVATE.filter((member) => member in key)).toEqual([])
})

test('what the documents say follows the settings, whatever Host or forwarding headers say [CFG-A-03]', async () => {
  const w = await authorityWorld()
  const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' }
  expect(await (await w.call('GET', CONFIGURATION, { headers })).text()).not.toContain('evil')
  const issued = await w.issue(undefined, headers)
  expect(issued.status).toBe(202)
  expect(await issued.text()).not.toContain('evil')
})

test.each(['application/json', '*/*', 'text/html, */*;q=0.1', 'application/*', undefined])(
  'a reader that accepts %s gets JSON [CFG-A-01]',
  async (accept) => {
    const w = await authorityWorld()
    const response = await w.call('GET', CONFIGURATION, { headers: accept === undefined ? {} : { accept } })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
  },
)

test('an unknown path is 404, in the shape of every error and never kept [CFG-X-01 CFG-X-02]', async () => {
  const w = await authorityWorld()
  for (const path of ['/', '/issuance/', '/validate/', '/Validate', '/.well-known/', '/requests', '/health', '/metrics']) {
    const response = await w.call('GET', path)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await refusal(response)).toEqual([404, 'not_found'])
  }
})
