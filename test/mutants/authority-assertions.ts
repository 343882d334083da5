import type { Mutant } from './mutant.ts'

const AUTHENTICATE = 'authority/discover/authenticate.js'
const READ = 'const assertion = readAssertion(authorization, { ...reader, now: d.now(), profile: d.profile });'
const VERIFY = 'await d.keySets.verify(service.jwks_uri, assertion.jwt);'

const ids = (requirement: string, ...slugs: string[]): string[] => slugs.map((slug) => `${requirement}/${slug}`)

/** Whatever is wrong with the signature of an assertion whose claims are good. */
const SIGNATURE = [
  'AUTH-ASRT-02',
  ...ids('AUTH-ASRT-02', 'stranger', 'signature-changed', 'signature-zero', 'payload-changed', 'unknown-kid', 'signature-der'),
  'AUTH-ASRT-18',
  'AUTH-CHK-04/stranger',
  'DISC-SVC-05/claimed',
]
const ALGORITHMS = ids(
  'AUTH-ASRT-12',
  ...['alg-none', 'alg-None', 'alg-NONE', 'alg-nOnE', 'alg-none-signed', 'alg-hs256-signed', 'hs256-pem', 'hs256-der', 'hs256-jwk'],
  ...['alg-other-curve', 'alg-rs256', 'alg-es256k', 'alg-missing', 'kid-dev-null', 'es256-on-p384', 'rsa-1024', 'oct-key'],
)
const FORMS = ids(
  'AUTH-ASRT-02',
  ...['duplicate-header', 'padded', 'spaces', 'four-parts', 'jwe', 'detached', 'json-serialisation', 'payload-no-object', 'payload-no-json'],
  ...['nested', 'deep', 'kid-no-text', 'signature-cut'],
)
const AUDIENCES = [
  ...ids(
    'AUTH-ASRT-06',
    'aud-missing',
    'aud-null',
    'aud-other',
    'aud-slash',
    'aud-upper-case',
    'aud-prefix',
    'aud-shortened',
    'aud-configuration-url',
  ),
  ...ids('AUTH-ASRT-07', 'aud-two', 'aud-empty-list'),
  'AUTH-ASRT-14/holder-proof',
]
const LOOKALIKES = ids(
  'AUTH-ASRT-08',
  ...['slash', 'path', 'upper-case', 'userinfo', 'fragment', 'http', 'no-port', 'ideographic-dot', 'trailing-dot'],
)

/** Faults in how an Authority reads a Service's assertion. */
export const authorityAssertions: readonly Mutant[] = [
  {
    id: 'authority-assertion-decoded-only',
    says: 'the claims of an assertion are read and believed: nothing of it is checked',
    file: AUTHENTICATE,
    find: READ,
    replace: `const [, payload = ''] = (authorization ?? '').split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    if (claims !== undefined) return { service: claims.iss, jti: claims.jti, expiresAt: claims.exp };
    ${READ}`,
    fails: [
      ...SIGNATURE,
      ...ALGORITHMS,
      ...FORMS,
      ...AUDIENCES,
      'AUTH-ASRT-03',
      ...ids('AUTH-ASRT-04', 'exp-missing', 'exp-text', 'exp-null', 'exp-true', 'exp-infinite', 'exp-negative', 'exp-in-prototype'),
      ...ids('AUTH-ASRT-05', 'iat-missing', 'iat-text'),
      ...ids('AUTH-ASRT-09', 'ten-years', 'for-ever', 'two-hours', 'duplicate-claim'),
      ...ids('AUTH-ASRT-10', 'iat-tomorrow', 'iat-in-two-minutes', 'nbf-tomorrow'),
      ...ids('AUTH-ASRT-11', 'crit-unknown', 'crit-empty', 'crit-registered', 'b64'),
      ...ids('AUTH-ASRT-13', 'jwk', 'jku', 'x5u', 'x5c'),
      ...ids('AUTH-ASRT-14', 'task-attestation', 'harness-attestation'),
      'AUTH-ASRT-18/long-kid',
    ],
  },
  {
    id: 'authority-signature-not-verified',
    says: 'the signature of an assertion is not verified',
    file: AUTHENTICATE,
    find: VERIFY,
    replace: '',
    fails: [...SIGNATURE, 'DISC-SVC-02', ...ids('AUTH-CHK-04', 'stranger')],
  },
  {
    id: 'authority-alg-none',
    says: 'an assertion whose alg is none is taken as it is',
    file: AUTHENTICATE,
    find: READ,
    replace: `const [head = '', body = ''] = (authorization ?? '').slice(7).split('.').map((part) => Buffer.from(part, 'base64url').toString());
    if (/"alg":"none"/i.test(head)) return { service: JSON.parse(body).iss, jti: JSON.parse(body).jti, expiresAt: JSON.parse(body).exp };
    ${READ}`,
    fails: ids('AUTH-ASRT-12', 'alg-none', 'alg-None', 'alg-NONE', 'alg-nOnE', 'alg-none-signed'),
  },
  {
    id: 'authority-service-of-the-pass',
    says: 'whoever presents a pass is taken for its Service',
    file: 'authority/redeem/route.js',
    find: "const { service } = await d.authenticate(c.req.header('authorization'));\n    const { agentpass } = await readBody(c.req.raw, ValidationRequest, d.profile);",
    replace: `const { agentpass } = await readBody(c.req.raw, ValidationRequest, d.profile);
    const { digestOf } = await import('../store/digest.js');
    const pass = await d.db.read.selectFrom('pass').selectAll().where('digest', '=', digestOf(agentpass.value)).executeTakeFirst();
    const { service } = pass ? { service: pass.service_origin } : await d.authenticate(c.req.header('authorization'));`,
    fails: [
      ...ids('AUTH-ASRT-01', 'none', 'empty', 'basic', 'no-scheme', 'word'),
      ...ids('AUTH-ASRT-14', 'reflected', 'authority-assertion'),
      ...LOOKALIKES,
      'AUTH-ASRT-18',
      ...ids('AUTH-ASRT-18', 'oracle', 'body', 'dots', 'long-kid'),
      'AUTH-VAL-06',
      'AUTH-VAL-06/harvested',
      'DISC-SVC-05/claimed',
    ],
  },
  {
    id: 'authority-pass-first',
    says: 'a pass is looked up before the assertion is verified',
    file: 'authority/redeem/route.js',
    find: "const { service } = await d.authenticate(c.req.header('authorization'));\n    const { agentpass } = await readBody(c.req.raw, ValidationRequest, d.profile);",
    replace: `const { agentpass } = await readBody(c.req.raw, ValidationRequest, d.profile);
    const { digestOf } = await import('../store/digest.js');
    const { ProtocolError } = await import('../../spec/error.js');
    const pass = await d.db.read.selectFrom('pass').selectAll().where('digest', '=', digestOf(agentpass.value)).executeTakeFirst();
    if (!pass) throw new ProtocolError('unknown_agentpass', 'there is no such pass');
    const { service } = await d.authenticate(c.req.header('authorization'));`,
    fails: ids('AUTH-ASRT-18', 'oracle', 'body'),
  },
  {
    id: 'authority-pass-spent-first',
    says: 'a pass is spent for the Service that an assertion names, and only then is the assertion verified',
    file: 'authority/redeem/route.js',
    find: "const { service } = await d.authenticate(c.req.header('authorization'));",
    replace: `const header = c.req.header('authorization') ?? '';
    const claimed = /^Bearer [\\w-]+\\.([\\w-]+)\\.[\\w-]*$/.exec(header);
    const { iss } = claimed ? JSON.parse(Buffer.from(claimed[1], 'base64url').toString()) : {};
    const given = await c.req.raw.clone().json().catch(() => undefined);
    const wrong = await d.authenticate(header).then(() => undefined, (failure) => failure);
    if (wrong && typeof iss === 'string' && typeof given?.agentpass?.value === 'string') await redeem(d, given.agentpass.value, iss).catch(() => {});
    if (wrong) throw wrong;
    const { service } = await d.authenticate(header);`,
    fails: ['AUTH-ASRT-18', 'AUTH-ASRT-03', 'AUTH-ASRT-02/stranger', 'AUTH-ASRT-06/aud-other', 'AUTH-ASRT-19/keys-500', 'CFG-X-04/authority-expired'],
  },
  {
    id: 'authority-service-known-by-host',
    says: 'a Service is remembered by the host of its origin alone',
    file: AUTHENTICATE,
    find: 'const service = await d.discoverService(origin.parse(assertion.issuer));',
    replace: `const services = (globalThis.mutantServices ??= new Map());
        const host = new URL(assertion.issuer).hostname.replace(/\\.$/, '');
        const service = services.get(host) ?? (await d.discoverService(origin.parse(assertion.issuer)));
        services.set(host, service);
        assertion.issuer = service.service.origin;`,
    fails: LOOKALIKES,
  },
  {
    id: 'authority-iss-normalised',
    says: 'iss counts in whatever spelling',
    file: AUTHENTICATE,
    find: READ,
    replace: `const read = readAssertion(authorization, { ...reader, now: d.now(), profile: d.profile });
    const assertion = { ...read, issuer: new URL(read.issuer).origin };`,
    fails: ids('AUTH-ASRT-08', 'slash', 'path', 'upper-case', 'userinfo', 'fragment', 'ideographic-dot'),
  },
  {
    id: 'assertion-iss-coerced',
    says: 'an iss that is a list counts as its one member',
    file: 'spec/assertion.js',
    find: 'iss: z.string().min(1).max(2048)',
    replace: 'iss: z.coerce.string().min(1).max(2048)',
    fails: ['AUTH-ASRT-08/list'],
  },
  {
    id: 'assertion-audience-not-compared',
    says: 'the audience of an assertion is not compared',
    file: 'spec/assertion.js',
    find: "if (!isForAudience(jwt.claims, expected.audience))\n            throw new Error('aud is another');",
    replace: '',
    fails: [...AUDIENCES, 'AUTH-CHK-04/aud'],
  },
  {
    id: 'authority-keys-where-the-header-says',
    says: 'the key set is where the header of an assertion says (jku)',
    file: AUTHENTICATE,
    find: VERIFY,
    replace: `const header = JSON.parse(Buffer.from(assertion.jwt.compact.split('.')[0], 'base64url').toString());
        await d.keySets.verify(header.jku ?? service.jwks_uri, assertion.jwt);`,
    fails: ids('AUTH-ASRT-13', 'jku', 'jku-and-good-key'),
  },
  {
    id: 'assertion-scheme-by-case',
    says: 'the scheme is read by its case',
    file: 'spec/assertion.js',
    find: '/^bearer +(\\S+)$/i',
    replace: '/^Bearer +(\\S+)$/',
    fails: ['AUTH-ASRT-15', 'AUTH-ASRT-15/upper-case'],
  },
]
