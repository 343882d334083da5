import { ids } from './ids.ts'
import type { Mutant } from './mutant.ts'

const JWT = 'spec/jwt.js'
export const NONE = ['alg-none', 'alg-None', 'alg-NONE', 'alg-nOnE', 'alg-none-signed']
export const OTHER_ALGORITHMS = ['alg-other-curve', 'alg-rs256', 'alg-es256k', 'alg-missing']
export const HEADERS = ['crit-unknown', 'crit-empty', 'crit-registered', 'b64']
export const FORMS = [
  ...['duplicate-claim', 'duplicate-header', 'padded', 'spaces', 'four-parts', 'jwe', 'detached', 'json-serialisation'],
  ...['payload-no-object', 'payload-no-json', 'nested', 'deep', 'kid-no-text'],
]

/** Faults in the times, the algorithm and the form of what is signed. */
export const authorityAttestationForm: readonly Mutant[] = [
  {
    id: 'authority-expiry-unchecked',
    says: 'a signed object never expires',
    file: JWT,
    find: 'if (exp <= now - SKEW_SECONDS)',
    replace: 'if (false)',
    fails: ['AUTH-HATT-03/expired', 'AUTH-HATT-07', 'AUTH-TATT-06/expired'],
  },
  {
    id: 'authority-expiry-optional',
    says: 'a signed object without an exp does not expire',
    file: JWT,
    find: 'exp: z.number(), nbf',
    replace: 'exp: z.number().default(Math.floor(Date.now() / 1000) + 3000), nbf',
    fails: ['AUTH-HATT-03/exp-missing', 'AUTH-TATT-06/exp-missing'],
  },
  {
    id: 'authority-expiry-coerced',
    says: 'exp may be text, or whatever else can be made a number',
    file: JWT,
    find: 'exp: z.number(), nbf',
    replace: 'exp: z.coerce.number(), nbf',
    fails: ['AUTH-HATT-03/exp-text', 'AUTH-TATT-06/exp-text'],
  },
  {
    id: 'authority-issued-in-the-future',
    says: 'a signed object may have been issued at any time',
    file: JWT,
    find: 'if (iat > now + SKEW_SECONDS)',
    replace: 'if (false)',
    fails: ids('AUTH-HATT-09', 'iat-tomorrow', 'iat-in-two-minutes'),
  },
  {
    id: 'authority-not-before-ignored',
    says: 'nbf is not looked at',
    file: JWT,
    find: 'if (nbf !== undefined && nbf > now + SKEW_SECONDS)',
    replace: 'if (false)',
    fails: ids('AUTH-HATT-09', 'nbf-tomorrow'),
  },
  {
    id: 'authority-issued-optional',
    says: 'iat may be left out, or be text',
    file: JWT,
    find: 'z.looseObject({ iat: z.number(), exp',
    replace: 'z.looseObject({ iat: z.coerce.number().catch(Math.floor(Date.now() / 1000)), exp',
    fails: ids('AUTH-HATT-09', 'iat-missing', 'iat-text'),
  },
  {
    id: 'authority-lives-for-ever',
    says: 'a signed object may live as long as it likes',
    file: JWT,
    find: "if (seconds > lifetimeCapSeconds('core-0.1', isAttestation))",
    replace: 'if (capSeconds > 0) return;\n    if (false)',
    fails: ids('AUTH-HATT-09', 'ten-years', 'for-ever'),
  },
  {
    id: 'authority-algorithm-of-the-key',
    says: 'the alg of a header is not looked at: all is ES256',
    file: JWT,
    find: 'alg: z.enum(ALGORITHMS),',
    replace: "alg: z.any().optional().transform(() => 'ES256'),",
    fails: ids('AUTH-HATT-10', ...OTHER_ALGORITHMS, 'alg-none-signed', 'alg-hs256-signed'),
  },
  {
    id: 'authority-critical-passed-over',
    says: 'what a header says is critical is passed over',
    file: JWT,
    find: 'crit: z.never().optional(),\n    b64: z.never().optional(),',
    replace: '',
    fails: ids('AUTH-HATT-10', ...HEADERS),
  },
  {
    id: 'authority-typ-ignored',
    says: 'the typ of another kind of object is passed over',
    file: JWT,
    find: "if (name.startsWith('agentpass-') || name === SECURITY_EVENT_TYP)",
    replace: 'if (false)',
    fails: ids('AUTH-HATT-10', 'typ-task', 'typ-proof', 'typ-event'),
  },
  {
    id: 'authority-typ-jwt-in-hardened',
    says: 'in the profile hardened any typ will do that names no other kind',
    file: JWT,
    find: "if (profile === 'hardened')",
    replace: 'if (false)',
    profile: 'hardened',
    fails: ['AUTH-HATT-10/typ-jwt'],
  },
  {
    id: 'authority-members-twice',
    says: 'a member may be there twice, and the last one counts',
    file: JWT,
    find: 'parseUniqueJson(decodeUtf8(part))',
    replace: 'JSON.parse(decodeUtf8(part))',
    fails: ids('AUTH-HATT-10', 'duplicate-header', 'deep'),
  },
  {
    id: 'authority-parts-unchecked',
    says: 'what follows the third part of a signed object is passed over, and so are characters that are no base64url',
    file: JWT,
    find: "const parts = compact.split('.', 4);",
    replace: "compact = compact.replace(/[= ]/g, '').split('.').slice(0, 3).join('.');\n    const parts = compact.split('.', 4);",
    fails: ids('AUTH-HATT-10', 'padded', 'spaces', 'four-parts', 'jwe'),
  },
]
