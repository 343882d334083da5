// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what a mutant finds and puts there is program text
import type { Mutant } from './mutant.ts'
import { redemptionIds as ids } from './redemption-cases.ts'

const REDEEM = 'service/redeem/redeem.js'
const VALIDATE = 'service/redeem/validate.js'

/** Faults in what of an Authority’s answer counts. */
export const serviceValidationAnswer: Mutant[] = [
  {
    id: 'service-user-not-compared',
    says: 'the validated user is not compared with the one that was named',
    file: REDEEM,
    find: 'requireSameUser(r.user.email, validation.user.email, d.profile);',
    replace: '',
    fails: ids(/^SVC-RED-1[23]|^SVC-(BRW-04|TOK-02)\/user$/),
  },
  {
    id: 'service-domain-not-compared',
    says: 'of the validated user the name is compared, and not the domain',
    file: 'spec/email.js',
    find: '}@${emailDomain(address) ?? address}`;',
    replace: '}@`;',
    fails: ['SVC-RED-13/namesake'],
  },
  {
    id: 'service-tag-not-compared',
    says: 'what follows a plus sign in a user’s name does not count',
    file: 'spec/email.js',
    find: "const local = address.slice(0, address.lastIndexOf('@'));",
    replace: "const local = address.slice(0, address.lastIndexOf('@')).replace(/\\+.*/, '');",
    fails: ['SVC-RED-12/plus'],
  },
  {
    id: 'service-user-normalised',
    says: 'users’ names are compared in one Unicode normal form',
    file: 'spec/email.js',
    find: "const local = address.slice(0, address.lastIndexOf('@'));",
    replace: "const local = address.slice(0, address.lastIndexOf('@')).normalize('NFC');",
    fails: ['SVC-RED-12/normal-forms'],
  },
  {
    id: 'service-case-of-users-hardened',
    says: 'in hardened the case of a user’s name does not count',
    file: 'spec/email.js',
    find: "profile === 'hardened' ? local : ",
    replace: '',
    fails: ['SVC-RED-12/capitals'],
    profile: 'hardened',
  },
  {
    id: 'service-type-not-compared',
    says: 'the validated type is not compared with that of the endpoint',
    file: REDEEM,
    find: 'if (validation.type !== r.agentpass.type)',
    replace: 'if (false)',
    fails: ['SVC-RED-14/bearer', 'SVC-RED-14/browser'],
  },
  {
    id: 'service-type-guessed',
    says: 'a type that is missing or unknown counts as a bearer token’s',
    file: 'spec/wire/validation.js',
    find: 'type: PassType,',
    replace: "type: PassType.catch('bearer_token'),",
    fails: ['SVC-RED-15/no-type', 'SVC-RED-15/type-unknown'],
  },
  {
    id: 'service-end-not-demanded',
    says: 'in hardened an authorization without an end is taken',
    file: VALIDATE,
    find: "if (ends === undefined && profile === 'hardened')",
    replace: 'if (false)',
    fails: ['SVC-RED-15/no-end'],
    profile: 'hardened',
  },
  {
    id: 'service-end-in-the-past',
    says: 'an authorization that is over already buys a credential',
    file: VALIDATE,
    find: 'if (ends !== undefined && fromRfc3339(ends) <= now)',
    replace: 'if (false)',
    fails: ['SVC-RED-15/end-past'],
    profile: 'hardened',
  },
]
