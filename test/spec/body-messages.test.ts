import { expect, test } from 'vitest'
import type { z } from 'zod'
import { readBody } from '../../spec/body.ts'
import { IssuanceRequest } from '../../spec/wire/issuance.ts'
import { BearerTokenRedemption, BrowserSessionRedemption } from '../../spec/wire/redemption.ts'
import { ScopesRequest } from '../../spec/wire/scopes.ts'
import { CheckRequest, CloseRequest, ValidationRequest } from '../../spec/wire/validation.ts'
import { post, refusal, verdict } from './body-fixture.ts'
import { edPair, HOLDER, type Members, rsaPair } from './jws-fixture.ts'

const ISSUANCE = {
  type: 'browser_session',
  service: { origin: 'https://desk.example' },
  user: { email: 'ada@acme.example' },
  harness: { id: 'runner-7f3c', cnf: { jwk: HOLDER.jwk }, attestation: { jwt: 'a.b.c' } },
  task: { id: 'task-4711', description: 'Answer the oldest ticket', attestation: { jwt: 'a.b.c' } },
  intent: { destination_url: 'https://desk.example/tickets#first' },
}
const REDEMPTION = {
  agentpass: { type: 'bearer_token', value: 'v' },
  authority: 'https://agents.acme.example',
  user: { email: 'ada@acme.example' },
  harness_proof: { jwt: 'a.b.c' },
  requested_scope: ['a'],
}
const BROWSER = { ...REDEMPTION, agentpass: { type: 'browser_session', value: 'v' }, initialization_methods: ['POST'] }
const SCOPES = { user: { email: 'ada@acme.example' }, agent: { id: 'a' }, task: { id: 't', description: 'd' } }
const VALIDATION = { agentpass: { value: 'v' } }
const CHECK = { authorization_id: 'a' }
const CLOSE = { authorization_id: 'a', action: 'complete', reason: 'done' }

test.each<[string, z.ZodType, object]>([
  ['issuance', IssuanceRequest, ISSUANCE],
  ['bearer redemption', BearerTokenRedemption, REDEMPTION],
  ['browser redemption', BrowserSessionRedemption, BROWSER],
  ['scope discovery', ScopesRequest, SCOPES],
  ['validation', ValidationRequest, VALIDATION],
  ['check', CheckRequest, CHECK],
  ['close', CloseRequest, CLOSE],
])('a good %s is read to the letter, with members nobody knows', async (_, schema, body) => {
  const sent = { ...body, unknown: { a: [1, null] } }
  expect(await readBody(post(JSON.stringify(sent)), schema)).toEqual(sent)
})

/** The body with one member changed, or gone. */
function changed(body: object, path: string, value: unknown): Members {
  const [member = '', ...rest] = path.split('.')
  const copy: Members = { ...body }
  const inner = copy[member]
  copy[member] = rest.length > 0 ? changed(typeof inner === 'object' && inner ? inner : {}, rest.join('.'), value) : value
  return copy
}
const { crv, x, y } = HOLDER.jwk
const PRIVATE = { kty: 'EC', crv, x, y, d: 'AAAA' }

test.each<[string, string, z.ZodType, object, unknown[]]>([
  ['type', '[AUTH-ISS-03]', IssuanceRequest, ISSUANCE, [undefined, null, '', 'bearer', 'BEARER_TOKEN', ['bearer_token'], 7]],
  ['service', '[AUTH-ISS-04]', IssuanceRequest, ISSUANCE, [undefined, null, 'https://desk.example']],
  ['service.origin', '[AUTH-ISS-04]', IssuanceRequest, ISSUANCE, [undefined, 7, '', 'http://desk.example', 'desk.example']],
  [
    'service.origin',
    '[AUTH-ISS-25]',
    IssuanceRequest,
    ISSUANCE,
    ['https://desk.example/', 'https://Desk.example', 'https://desk.example:443', 'https://desk.example/app'],
  ],
  ['user', '[AUTH-ISS-05]', IssuanceRequest, ISSUANCE, [undefined, null, []]],
  ['harness', '[AUTH-ISS-06]', IssuanceRequest, ISSUANCE, [undefined, null, 'runner']],
  ['harness.id', '[AUTH-ISS-06]', IssuanceRequest, ISSUANCE, [undefined, null, '', 7, 'x'.repeat(1025)]],
  ['harness.cnf', '[AUTH-ISS-08]', IssuanceRequest, ISSUANCE, [null, 'x', [], {}, { jkt: 'x' }]],
  [
    'harness.cnf.jwk',
    '[AUTH-ISS-08 AUTH-ISS-09]',
    IssuanceRequest,
    ISSUANCE,
    [null, 'x', [], {}, { kty: 'oct', k: 'AAAA' }, PRIVATE, { kty: 'AKP' }, { kty: 'EC', crv }, { ...HOLDER.jwk, crv: 'secp256k1' }],
  ],
  ['harness.cnf.jwk.use', '[AUTH-ISS-09]', IssuanceRequest, ISSUANCE, ['enc', 7]],
  ['harness.cnf.jwk.key_ops', '[AUTH-ISS-09]', IssuanceRequest, ISSUANCE, [['sign'], [], 'verify']],
  ['harness.cnf.jwk.alg', '[AUTH-ISS-09]', IssuanceRequest, ISSUANCE, ['ES384', 'HS256', 'none']],
  ['harness.attestation', '[AUTH-ISS-10]', IssuanceRequest, ISSUANCE, [null, '', 'a.b.c', {}, { jwt: '' }, { jwt: 7 }, { jwt: null }, []]],
  ['task', '[AUTH-ISS-07]', IssuanceRequest, ISSUANCE, [undefined, null, 'task']],
  ['task.id', '[AUTH-ISS-07]', IssuanceRequest, ISSUANCE, [undefined, null, '', 7, 'x'.repeat(1025)]],
  ['task.description', '[AUTH-ISS-07 AUTH-ISS-24]', IssuanceRequest, ISSUANCE, [undefined, null, '', 7, 'x'.repeat(16_385)]],
  ['task.attestation', '[AUTH-ISS-10]', IssuanceRequest, ISSUANCE, [null, '', {}, { jwt: '' }, []]],
  ['intent', '', IssuanceRequest, ISSUANCE, [null, 'x', []]],
  [
    'intent.destination_url',
    '[AUTH-ISS-11]',
    IssuanceRequest,
    ISSUANCE,
    [
      null,
      '',
      7,
      'http://desk.example',
      'javascript:alert(1)',
      '/tickets',
      '//evil.example',
      'https://user@desk.example/',
      'https://desk.example\\@evil.example',
    ],
  ],
  ['agentpass', '[SVC-RED-01 SVC-RED-18]', BearerTokenRedemption, REDEMPTION, [undefined, null, 'v']],
  ['agentpass.type', '[SVC-RED-01 SVC-RED-02]', BearerTokenRedemption, REDEMPTION, [undefined, null, 'browser_session', 'x']],
  ['agentpass.value', '[SVC-RED-01]', BearerTokenRedemption, REDEMPTION, [undefined, null, '', 7]],
  [
    'authority',
    '[SVC-RED-01 SVC-RED-18]',
    BearerTokenRedemption,
    REDEMPTION,
    [
      undefined,
      null,
      '',
      7,
      'http://agents.acme.example',
      'https://Agents.acme.example',
      'https://agents.acme.example:443',
      'https://agents.acme.example/#x',
    ],
  ],
  ['user', '[SVC-RED-01]', BearerTokenRedemption, REDEMPTION, [undefined, null]],
  ['harness_proof', '[SVC-RED-18]', BearerTokenRedemption, REDEMPTION, [null, '', 'a.b.c', {}, { jwt: '' }, { jwt: 7 }]],
  [
    'requested_scope',
    '[SVC-RED-18 SVC-SCP-07]',
    BearerTokenRedemption,
    REDEMPTION,
    [null, '*', 'a b', {}, [['a']], [''], Array.from({ length: 10_000 }, () => 'a')],
  ],
  ['agentpass.type', '[SVC-RED-01 SVC-RED-02]', BrowserSessionRedemption, BROWSER, [undefined, 'bearer_token']],
  ['user', '[SVC-SCD-07]', ScopesRequest, SCOPES, [undefined, null]],
  ['agent', '[SVC-SCD-07]', ScopesRequest, SCOPES, [undefined, null, 'a']],
  ['agent.id', '[SVC-SCD-07]', ScopesRequest, SCOPES, [undefined, null, '', 7, 'x'.repeat(1025)]],
  ['task', '', ScopesRequest, SCOPES, [null, 't', {}]],
  ['agentpass', '[AUTH-VAL-08]', ValidationRequest, VALIDATION, [undefined, null, 'v', []]],
  ['agentpass.value', '[AUTH-VAL-08]', ValidationRequest, VALIDATION, [undefined, null, '', 7, ['v']]],
  ['authorization_id', '[AUTH-CHK-07]', CheckRequest, CHECK, [undefined, null, '', 7, ['a'], 'x'.repeat(1025)]],
  ['authorization_id', '', CloseRequest, CLOSE, [undefined, null, '']],
  ['action', '[AUTH-CLS-03]', CloseRequest, CLOSE, [undefined, null, '', 'completed', 'Revoke', 'delete']],
  ['reason', '', CloseRequest, CLOSE, [null, 7, 'x'.repeat(1025)]],
])(
  'a member that is absent though required, or not what it must be, is malformed_request, and named: %s %s',
  async (path, _, schema, body, values) => {
    const member = new RegExp(`^${path.split('.').slice(0, 3).join('\\.')}`)
    for (const value of values) {
      const [code, named] = await verdict(schema, changed(body, path, value))
      expect([value, code, named]).toEqual([value, 'malformed_request', expect.stringMatching(member)])
    }
    expect(await verdict(schema, body)).toEqual(['read'])
  },
)

test.each(['harness.cnf', 'harness.attestation', 'task.attestation', 'intent', 'intent.destination_url'])(
  'an issuance request may do without %s',
  async (path) => {
    expect(await verdict(IssuanceRequest, changed(ISSUANCE, path, undefined))).toEqual(['read'])
  },
)
test.each(['harness_proof', 'requested_scope'])('a redemption may do without %s', async (path) => {
  expect(await verdict(BearerTokenRedemption, changed(REDEMPTION, path, undefined))).toEqual(['read'])
})

test('a holder key is kept as it came, with the members we have no use for', async () => {
  for (const key of [HOLDER.jwk, edPair().jwk, rsaPair().jwk]) {
    const jwk = { ...key, kid: 'k', use: 'sig', key_ops: ['verify'], ext: true, x5c: ['MIIB'], 'urn:x': { a: [1] } }
    const { harness } = await readBody(post(JSON.stringify(changed(ISSUANCE, 'harness.cnf.jwk', jwk))), IssuanceRequest)
    expect(harness.cnf?.jwk).toEqual(jwk)
  }
})

test('an origin that is not in canonical form is answered with the one that is [AUTH-ISS-25]', async () => {
  const refused = await refusal(readBody(post(JSON.stringify(changed(ISSUANCE, 'service.origin', 'https://Desk.example:443/'))), IssuanceRequest))
  expect(refused?.message).toBe('service.origin is not in canonical form: use https://desk.example')
})

test('a refusal never repeats what was sent but in canonical form', async () => {
  const secret = 'hunter2'
  for (const path of ['agentpass.type', 'requested_scope', 'harness_proof', 'authority'])
    expect((await refusal(readBody(post(JSON.stringify(changed(REDEMPTION, path, secret))), BearerTokenRedemption)))?.message).not.toContain(secret)
})
