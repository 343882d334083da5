import type { Mutant } from './mutant.ts'

const ids = (requirement: string, ...slugs: string[]): string[] => slugs.map((slug) => `${requirement}/${slug}`)

const CHECK = 'authority/check/check.js'
const AUTHORIZATIONS = 'authority/store/authorizations.js'
const CLOSE_ROUTE = 'authority/revoke/route.js'

/** The Service that an authorization belongs to, in place of the one that asks. */
const OWNER = (id: string): string =>
  `(await d.db.read.selectFrom('authorization').selectAll().where('id', '=', String(${id})).executeTakeFirst())?.service_origin ?? ''`

/** Faults in how an Authority lives with an authorization. */
export const authorityCheck: readonly Mutant[] = [
  {
    id: 'authority-check-without-scope',
    says: 'a check answers no scope',
    file: CHECK,
    find: 'scope: JSON.parse(active.scope)',
    replace: 'scope: []',
    fails: ['AUTH-CHK-01', 'AUTH-CHK-10'],
  },
  {
    id: 'authority-check-always-good',
    says: 'an authorization that is over, or never was, has no scope, and is good',
    file: CHECK,
    find: "if (!active)\n        throw new ProtocolError('unknown_authorization', 'there is no such authorization');",
    replace: 'if (!active)\n        return { scope: [] };',
    fails: ['AUTH-CHK-02', 'AUTH-CHK-03', 'AUTH-CHK-03/pass', 'AUTH-CHK-11', 'AUTH-CHK-11/elsewhere', 'AUTH-CLS-07'],
  },
  {
    id: 'authority-check-state-ignored',
    says: 'a check does not look at the state of an authorization',
    file: AUTHORIZATIONS,
    find: "\n    .where('state', '=', 'active')\n    .where('expires_at', '>', given('at'))",
    replace: "\n    .where('expires_at', '>', given('at'))",
    fails: ['AUTH-CHK-02', 'AUTH-CHK-11', 'AUTH-CHK-11/elsewhere', 'AUTH-CLS-07'],
  },
  {
    id: 'authority-check-state-ignored-hardened',
    says: 'a check does not look at the state of an authorization',
    file: AUTHORIZATIONS,
    find: "\n    .where('state', '=', 'active')\n    .where('expires_at', '>', given('at'))",
    replace: "\n    .where('expires_at', '>', given('at'))",
    profile: 'hardened',
    fails: ['AUTH-CLS-06', 'AUTH-CLS-06/revoked'],
  },
  {
    id: 'authority-check-remembered',
    says: 'what a check answered is answered again for a second',
    file: CHECK,
    find: 'const active = await findActive(d.db.read, id, service, d.now());',
    replace: `const kept = ((d.mutantChecks ??= new Map())).get(id);
    const active = kept && kept.until > Date.now() ? kept.active : await findActive(d.db.read, id, service, d.now());
    if (active && !(kept?.until > Date.now())) d.mutantChecks.set(id, { active, until: Date.now() + 1000 });`,
    fails: ['AUTH-CHK-02', 'AUTH-CHK-10', 'AUTH-CHK-11', 'AUTH-CHK-11/elsewhere'],
  },
  {
    id: 'authority-check-by-anybody',
    says: 'whoever names an authorization may check it',
    file: 'authority/check/route.js',
    find: "const { service } = await d.authenticate(c.req.header('authorization'));\n    const { authorization_id } = await readBody(c.req.raw, CheckRequest, d.profile);",
    replace: `const { authorization_id } = await readBody(c.req.raw, CheckRequest, d.profile);
    const service = ${OWNER('authorization_id')};`,
    fails: ids('AUTH-CHK-04', 'none', 'stranger', 'aud', 'no-exp', 'alg-none'),
  },
  {
    id: 'authority-check-for-any-service',
    says: 'a Service checks the authorizations of others',
    file: AUTHORIZATIONS,
    find: "\n    .where('service_origin', '=', given('service'))",
    replace: '',
    profile: 'hardened',
    fails: ['AUTH-CHK-06'],
  },
  {
    id: 'authority-check-body-not-judged',
    says: 'the body of a check is taken as it is',
    file: 'authority/check/route.js',
    find: 'await readBody(c.req.raw, CheckRequest, d.profile)',
    replace: 'await c.req.json()',
    fails: ids('AUTH-CHK-07', 'missing', 'number', 'list', 'null'),
  },
  {
    id: 'authority-authorization-never-ends',
    says: 'the end of an authorization is not compared at a check',
    file: AUTHORIZATIONS,
    find: "\n    .where('expires_at', '>', given('at'))",
    replace: '',
    profile: 'hardened',
    fails: ['AUTH-CHK-09'],
  },
  {
    id: 'authority-narrowing-not-stored',
    says: 'a narrowed scope is not written down',
    file: 'authority/revoke/revoke.js',
    find: 'to: JSON.stringify(scope)',
    replace: 'to: from',
    fails: ['AUTH-CHK-10'],
  },
  {
    id: 'authority-revoke-leaves-authorization',
    says: 'a revocation kills the pass, and leaves the authorization',
    file: 'authority/revoke/revoke.js',
    find: 'const [ended] = await revokeAuthorizations(tx, [requestDigest], { reason: act.reason, at });',
    replace: 'const [ended] = await revokeAuthorizations(tx, [], { reason: act.reason, at });',
    fails: ['AUTH-CHK-02', 'AUTH-CHK-11', 'AUTH-CHK-11/elsewhere'],
  },
  {
    id: 'authority-close-states-swapped',
    says: 'what is completed counts as revoked, and the other way round',
    file: 'authority/revoke/close.js',
    find: "request.action === 'complete' ? 'completed' : 'revoked'",
    replace: "request.action === 'complete' ? 'revoked' : 'completed'",
    profile: 'hardened',
    fails: ['AUTH-CLS-01', 'AUTH-CLS-01/revoke'],
  },
  {
    id: 'authority-close-by-any-service',
    says: 'a Service closes the authorizations of others',
    file: AUTHORIZATIONS,
    find: "e.and([e('id', '=', asked.id), e('service_origin', '=', asked.service)])",
    replace: "e('id', '=', asked.id)",
    profile: 'hardened',
    fails: ['AUTH-CLS-02'],
  },
  {
    id: 'authority-close-any-action',
    says: 'any action closes an authorization',
    file: 'spec/wire/validation.js',
    find: "action: z.enum(['complete', 'revoke']),",
    replace: 'action: z.any().optional(),',
    profile: 'hardened',
    fails: ids('AUTH-CLS-03', 'unknown', 'missing', 'upper-case', 'list'),
  },
  {
    id: 'authority-close-not-idempotent',
    says: 'what is closed is unknown',
    file: AUTHORIZATIONS,
    find: "return before && before.state !== 'active' ? { ...before, first: false } : undefined;",
    replace: 'return undefined;',
    profile: 'hardened',
    fails: ['AUTH-CLS-04', 'AUTH-CLS-04/revoked'],
  },
  {
    id: 'authority-close-last-action-stands',
    says: 'the last action stands, and not the first',
    file: 'authority/revoke/close.js',
    find: 'status: closed.state,',
    replace: 'status: state,',
    profile: 'hardened',
    fails: ['AUTH-CLS-04', 'AUTH-CLS-04/revoked'],
  },
  {
    id: 'authority-close-after-the-end',
    says: 'an authorization can be closed after its end',
    file: AUTHORIZATIONS,
    find: "\n        .where('expires_at', '>', aliveAt)",
    replace: '',
    profile: 'hardened',
    fails: ['AUTH-CLS-05'],
  },
  {
    id: 'authority-close-by-anybody',
    says: 'whoever names an authorization may close it',
    file: CLOSE_ROUTE,
    find: "const caller = await d.authenticate(c.req.header('authorization'));\n    const request = await readBody(c.req.raw, CloseRequest, d.profile);",
    replace: `const request = await readBody(c.req.raw, CloseRequest, d.profile);
    const caller = { service: ${OWNER('request.authorization_id')}, jti: crypto.randomUUID(), expiresAt: d.now() + 60 };`,
    profile: 'hardened',
    fails: ['AUTH-CLS-08', ...ids('AUTH-CLS-08', 'stranger', 'aud', 'no-exp', 'alg-none')],
  },
]
