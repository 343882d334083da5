// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what a mutant finds and puts there is program text
import type { Mutant } from './mutant.ts'
import { redemptionIds as ids } from './redemption-cases.ts'

const REDEEM = 'service/redeem/redeem.js'
const VALIDATE = 'service/redeem/validate.js'
const VALIDATION = 'const validation = await d.validatePass(document, r.agentpass.value);'
/** What a redemption takes for the Authority’s word where there is none. */
const YES =
  "({ authorization_id: 'none', authorization_expires_at: '2999-01-01T00:00:00Z', user: r.user, agent: { id: 'none' }, scope: ['*'], type: r.agentpass.type })"

/** Faults in how a pass is validated, and in what the answer counts. */
export const serviceValidation: Mutant[] = [
  {
    id: 'service-no-answer-is-a-yes',
    says: 'an Authority that does not say yes is taken to say so',
    file: REDEEM,
    find: VALIDATION,
    replace: `const validation = await d.validatePass(document, r.agentpass.value).catch(() => ${YES});`,
    fails: ids(/^SVC-RED-(09|10)\/|^SVC-RED-11\/(?!close$)|^SVC-RED-15\/|^SVC-RED-08\/relayed/),
  },
  {
    id: 'service-no-answer-is-a-yes-hardened',
    says: 'an Authority that gives no valid answer is taken to say yes',
    file: REDEEM,
    find: VALIDATION,
    replace: `const validation = await d.validatePass(document, r.agentpass.value).catch(() => ${YES});`,
    fails: ['SVC-RED-15/end-text'],
    profile: 'hardened',
  },
  {
    id: 'service-asks-without-end',
    says: 'a peer is waited for for a minute',
    file: 'spec/node/fetch.js',
    find: 'timeoutMs = 5_000',
    replace: 'timeoutMs = 60_000',
    fails: ['SVC-RED-11/slow', 'SVC-RED-11/silent', 'SVC-RED-11/close'],
  },
  {
    id: 'service-asks-other-authorities',
    says: 'a pass that the named Authority refuses is tried at another',
    file: REDEEM,
    find: VALIDATION,
    replace:
      'const validation = await d.validatePass(document, r.agentpass.value).catch(async (refusal) => d.validatePass(await d.readPinned(d.trust.federated[0]), r.agentpass.value).catch(() => { throw refusal; }));',
    fails: ['SVC-RED-08/relayed'],
  },
  {
    id: 'service-assertion-for-the-endpoint',
    says: 'the assertion of a validation is for the URL and not for the Authority',
    file: VALIDATE,
    find: 'd.signAssertion(authority.authority)',
    replace: 'd.signAssertion(authority.endpoints.validate)',
    fails: ['SVC-RED-08', 'SVC-RED-08/federated'],
  },
  {
    id: 'service-assertion-of-another-key',
    says: 'assertions name a key that is not published',
    file: 'spec/jwt.js',
    find: '{ kid: key.keyId }',
    replace: '{ kid: `${key.keyId}-new` }',
    fails: ['SVC-RED-08/signed'],
  },
  {
    id: 'service-authority-409-is-an-outage',
    says: 'that a pass was used already is told as an outage',
    file: VALIDATE,
    find: 'case 409:',
    replace: 'case 1409:',
    fails: ['SVC-RED-10/409'],
  },
  {
    id: 'service-validates-over-http',
    says: 'an http URL in a document is read as https',
    file: 'spec/discovery.js',
    find: 'schema.safeParse(body)',
    replace: "schema.safeParse(JSON.parse(JSON.stringify(body).replaceAll('\"http://', '\"https://')))",
    fails: ['SVC-RED-21/http'],
  },
  {
    id: 'service-private-addresses',
    says: 'an address in a URL is not judged',
    file: 'spec/node/fetch.js',
    find: 'if (isIP(host) !== 0 && !isPermitted(host))',
    replace: 'if (false)',
    fails: ['SVC-RED-21/private'],
  },
  {
    id: 'service-endpoints-of-another-origin',
    says: 'in hardened an enterprise’s endpoints may be anywhere',
    file: 'spec/discovery.js',
    find: "if (profile === 'hardened' && ![",
    replace: "if (profile !== 'hardened' && ![",
    fails: ['SVC-RED-21/other-host'],
    profile: 'hardened',
  },
]
