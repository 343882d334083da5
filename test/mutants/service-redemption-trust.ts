// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what a mutant finds and puts there is program text
import type { Mutant } from './mutant.ts'
import { redemptionIds as ids } from './redemption-cases.ts'

const TRUST = 'service/resolve/trust.js'

/** Faults in whom a Service believes at redemption. */
export const serviceRedemptionTrust: Mutant[] = [
  {
    id: 'service-trusts-whoever-has-a-document',
    says: 'an Authority that is not permitted is looked for at its well-known address',
    file: TRUST,
    find: 'if (!named)',
    replace:
      'if (!named) { const pin = { authority, authority_configuration_url: `${authority}/.well-known/agentpass-authority` }; return pinned(d, pin); }\n    if (!named)',
    fails: ids(
      /^SVC-RED-03(\/another-domains|\/own-required|\/path|\/longer|$)|^SVC-RED-04(\/federated)?$|^SVC-RED-06$|^SVC-RED-19\/authority|^SVC-TOK-05\/(?!none)/,
    ),
  },
  {
    id: 'service-trusts-the-slash',
    says: 'a slash at the end of an Authority’s identifier does not count',
    file: TRUST,
    find: 'candidate.authority === authority)',
    replace: "candidate.authority === authority.replace(/\\/$/, ''))",
    fails: ['SVC-RED-03/slash'],
  },
  {
    id: 'service-trusts-what-begins-so',
    says: 'an Authority is permitted whose identifier begins like that of one that is',
    file: TRUST,
    find: 'candidate.authority === authority)',
    replace: 'authority.startsWith(candidate.authority))',
    fails: ['SVC-RED-03/slash', 'SVC-RED-03/path'],
  },
  {
    id: 'service-own-required-takes-enterprise',
    says: 'a Service that insists on its own Authority takes the enterprise’s too',
    file: TRUST,
    find: "if (policy === 'require')\n        return { answer: { service_authority: own }, permitted: [pinned(d, own)] };",
    replace: "if (policy === 'require')\n        return { answer: { service_authority: own }, permitted: [permitted, pinned(d, own)] };",
    fails: ['SVC-RED-03/own-required'],
  },
  {
    id: 'service-federated-beside-enterprise',
    says: 'federated Authorities are redeemed for users whose domain has its own',
    file: TRUST,
    find: 'permitted: [permitted] };',
    replace: 'permitted: [permitted, ...d.trust.federated.map((reference) => pinned(d, reference))] };',
    fails: ['SVC-RED-04', 'SVC-RED-04/federated', 'SVC-TOK-05/federated'],
  },
  {
    id: 'service-failed-discovery-is-no-enterprise',
    says: 'at redemption a discovery that failed counts as none',
    file: TRUST,
    find: 'throw enterprise.error;',
    replace: 'return withoutEnterprise(d);',
    fails: ['SVC-RED-04/dns-fails', 'SVC-RED-04/enterprise-down'],
  },
  {
    id: 'service-trust-decided-once',
    says: 'whom to believe about a user is decided once, and remembered',
    file: TRUST,
    find: 'const { permitted } = await trustFor(d, email);',
    replace: 'const { permitted } = await ((globalThis.decided ??= {})[email] ??= trustFor(d, email));',
    fails: ['SVC-RED-04', 'SVC-RED-05/enterprise'],
  },
  {
    id: 'service-none-is-no-enterprise',
    says: 'a domain that says none counts as one that has no Authority',
    file: TRUST,
    find: "throw new ProtocolError('delegation_disabled', \"the user's domain has switched delegation to agents off\");",
    replace: 'return withoutEnterprise(d);',
    fails: ['SVC-RED-05/federated', 'SVC-RED-05/own', 'SVC-TOK-05/none'],
  },
  {
    id: 'service-policy-not-read',
    says: 'the policy of the user’s domain about Authorities of Services is not read',
    file: TRUST,
    find: 'document.policy?.allow_service_authorities ?? true;',
    replace: 'true;',
    fails: ['SVC-RED-06'],
  },
  {
    id: 'service-own-never-beside-enterprise',
    says: 'the Service’s own Authority is redeemed for nobody whose domain has one',
    file: TRUST,
    find: 'document.policy?.allow_service_authorities ?? true;',
    replace: 'false;',
    fails: ['SVC-RED-06/allowed', 'SVC-RED-06/unsaid'],
  },
  {
    id: 'service-own-answered-not-redeemed',
    says: 'the Service’s own Authority is answered to users without another, and its passes are refused',
    file: TRUST,
    find: 'if (own)\n        return { answer: { service_authority: own }, permitted: [pinned(d, own)] };',
    replace: 'if (own)\n        return { answer: { service_authority: own }, permitted: [] };',
    fails: ['SVC-RED-06/no-record'],
  },
  {
    id: 'service-preferred-is-only',
    says: 'a Service that prefers its own Authority redeems no other’s passes',
    file: TRUST,
    find: 'permitted: [permitted, pinned(d, own)] };',
    replace: "permitted: policy === 'prefer' ? [pinned(d, own)] : [permitted, pinned(d, own)] };",
    fails: ['SVC-RED-07'],
  },
  {
    id: 'service-no-federated',
    says: 'federated Authorities are answered and never redeemed',
    file: TRUST,
    find: 'permitted: list };\n    return',
    replace: 'permitted: [] };\n    return',
    fails: ids(/^SVC-TOK-01$|^SVC-RED-03\/another|^SVC-RED-04(\/dns-fails)?$|^SVC-RED-08\/(federated|relayed)|^SVC-RED-13\/federated/),
  },
]
