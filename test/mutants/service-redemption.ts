import type { Mutant } from './mutant.ts'
import { redemptionIds as ids } from './redemption-cases.ts'

const REDEEM = 'service/redeem/redeem.js'
const VALIDATE = 'service/redeem/validate.js'

/** Faults in what a Service reads of a redemption, and in when it asks whom. */
export const serviceRequests: Mutant[] = [
  {
    id: 'service-messages-not-judged',
    says: 'a message whose members are wrong is read all the same',
    file: 'spec/body.js',
    find: 'throw refusal(parsed.error);',
    replace: 'return value;',
    fails: ids(/^SVC-RED-01\/|^SVC-RED-18\/(?!empty|broken|media)|^SVC-RED-19\/scope-shape|^SVC-SCP-07\//),
  },
  {
    id: 'service-body-no-json',
    says: 'a body that is no JSON is an internal error',
    file: 'spec/body.js',
    find: "throw new ProtocolError('malformed_request', 'the body is not JSON', { cause });",
    replace: 'throw cause;',
    fails: ids(/^SVC-RED-18\/(empty|broken)$/),
  },
  {
    id: 'service-any-media-type',
    says: 'a body is read as JSON whatever it says that it is',
    file: 'spec/body.js',
    find: "if (contentType !== null || profile === 'hardened')",
    replace: "if (profile === 'hardened')",
    fails: ['SVC-RED-18/media-type'],
  },
  {
    id: 'service-browser-takes-any-type',
    says: 'the browser session endpoint takes passes of every type',
    file: 'spec/wire/redemption.js',
    find: "type: z.literal('browser_session')",
    replace: 'type: z.string()',
    fails: ['SVC-RED-02/bearer-at-browser'],
  },
  {
    id: 'service-bearer-takes-any-type',
    says: 'the bearer token endpoint takes passes of every type',
    file: 'spec/wire/redemption.js',
    find: "type: z.literal('bearer_token')",
    replace: 'type: z.string()',
    fails: ['SVC-RED-02/browser-at-bearer', 'SVC-RED-02/unknown'],
  },
  {
    id: 'service-pass-spent-before-proof-is-read',
    says: 'the pass is spent before its proof is looked at',
    file: REDEEM,
    find: 'const jwt = await readProof(r.harness_proof, expected);',
    replace: 'await d.validatePass(document, r.agentpass.value); const jwt = await readProof(r.harness_proof, expected);',
    fails: ids(/^SVC-RED-19\/proof-/),
  },
  {
    id: 'service-pass-spent-before-proof-is-read-hardened',
    says: 'the pass is spent before the request that its proof is for is looked at',
    file: REDEEM,
    find: 'const jwt = await readProof(r.harness_proof, expected);',
    replace: 'await d.validatePass(document, r.agentpass.value); const jwt = await readProof(r.harness_proof, expected);',
    fails: ['SVC-RED-19/proof-url', 'SVC-RED-19/proof-pass'],
    profile: 'hardened',
  },
  {
    id: 'service-redemption-may-be-cached',
    says: 'the answer to a redemption may be kept for a minute',
    file: 'service/redeem/route.js',
    find: "{ 'x-request-id': httpRequest, pragma: 'no-cache' }",
    replace: "{ 'x-request-id': httpRequest, 'cache-control': 'private, max-age=60' }",
    fails: ['SVC-RED-20', 'SVC-BRW-13'],
  },
]

/** Faults in what is done with the pass itself. */
export const servicePasses: Mutant[] = [
  {
    id: 'service-pass-cleaned',
    says: 'the pass is rid of everything but letters, digits, dots and dashes before it goes on',
    file: VALIDATE,
    find: '{ agentpass: { value } }',
    replace: "{ agentpass: { value: value.replace(/[^\\w.-]/g, '') } }",
    fails: ids(/^SVC-RED-16\/(json|sql|encoded|blanks|unicode)$/),
  },
  {
    id: 'service-pass-trimmed',
    says: 'the pass goes on without its blanks',
    file: VALIDATE,
    find: '{ agentpass: { value } }',
    replace: '{ agentpass: { value: value.trim() } }',
    fails: ['SVC-RED-16/blanks'],
  },
  {
    id: 'service-pass-read-as-jwt',
    says: 'a pass that looks like a signed object is read as one, and refused when it is expired',
    file: VALIDATE,
    find: 'const assertion = await d.signAssertion(authority.authority);',
    replace:
      "if (value.startsWith('eyJ') && JSON.parse(atob(value.split('.')[1])).exp < 2e9) throw refusal({ status: 410, headers: new Headers() }); const assertion = await d.signAssertion(authority.authority);",
    fails: ['SVC-RED-16/jwt'],
  },
  {
    id: 'service-validation-shared',
    says: 'who redeems a pass that is being validated shares the Authority’s answer',
    file: VALIDATE,
    find: 'export async function validatePass(d, authority, value) {',
    replace:
      'const asked = new Map(); export const validatePass = (d, authority, value) => asked.get(value) ?? asked.set(value, ask(d, authority, value)).get(value); async function ask(d, authority, value) {',
    fails: ['SVC-RED-17', 'SVC-RED-17/both-endpoints'],
  },
]
