import type { Mutant } from './mutant.ts'

const ids = (requirement: string, ...slugs: string[]): string[] => slugs.map((slug) => `${requirement}/${slug}`)

const ROUTE = 'authority/redeem/route.js'
const PASSES = 'authority/store/passes.js'
const REDEEM = 'authority/redeem/redeem.js'
const BODY = ids('AUTH-VAL-16', 'null', 'empty', 'list', 'envelope', 'text', 'cut', 'list-value', 'object-value', 'form')

/** Faults in how an Authority spends a pass. */
export const authorityValidation: readonly Mutant[] = [
  {
    id: 'authority-validation-idempotent',
    says: 'a validation that comes again gets the answer it got before',
    file: ROUTE,
    find: '() => redeem(d, agentpass.value, caller)',
    replace: '() => ((globalThis.mutantAnswers ??= {})[agentpass.value] ??= redeem(d, agentpass.value, caller))',
    fails: [
      ...['AUTH-VAL-02', 'AUTH-VAL-02/elsewhere', 'AUTH-VAL-03', 'AUTH-VAL-03/rounds', 'AUTH-VAL-03/instances'],
      ...['AUTH-DEC-01', 'AUTH-DEC-01/late'],
    ],
  },
  {
    id: 'authority-consumed-in-memory',
    says: 'that a pass was used is remembered in memory alone',
    file: REDEEM,
    find: 'const pass = await consumePass(tx, value, service, at);',
    replace: `const spent = (globalThis.mutantSpent ??= new Set());
        const pass = await consumePass(tx, spent.has(value) ? '' : value, service, at);
        spent.add(value);
        await tx.updateTable('pass').set({ consumed_at: null }).where('request_digest', '=', pass.request_digest).execute();`,
    fails: ['AUTH-VAL-17'],
  },
  {
    id: 'authority-unknown-pass-internal',
    says: 'a pass that nobody has issued is an internal error',
    file: PASSES,
    find: "if (!pass)\n        return new ProtocolError('unknown_agentpass', 'there is no such pass');",
    replace: '',
    fails: ['AUTH-VAL-04', 'AUTH-VAL-09', 'AUTH-VAL-09/pending'],
  },
  {
    id: 'authority-pass-never-expires',
    says: 'the end of a pass is not compared',
    file: PASSES,
    find: "\n    .where('expires_at', '>', given('at'))",
    replace: '',
    fails: ['AUTH-VAL-05'],
  },
  {
    id: 'authority-any-service',
    says: 'any Service that proves who it is spends a pass',
    file: PASSES,
    find: "\n    .where('service_origin', '=', given('service'))",
    replace: '',
    fails: ['AUTH-VAL-06', 'AUTH-VAL-06/harvested'],
  },
  {
    id: 'authority-stranger-burns-pass',
    says: 'a pass that another Service presents is refused, and spent',
    file: REDEEM,
    find: 'return d.db.write(async (tx) => {',
    replace: `const { digestOf } = await import('../store/digest.js');
    await d.db.write((tx) =>
        tx.updateTable('pass').set({ consumed_at: d.now() }).where('digest', '=', digestOf(value)).where('service_origin', '!=', service).execute());
    return d.db.write(async (tx) => {`,
    profile: 'hardened',
    fails: ['AUTH-VAL-07'],
  },
  {
    id: 'authority-body-not-judged',
    says: 'the body of a validation is taken as it is',
    file: ROUTE,
    find: 'await readBody(c.req.raw, ValidationRequest, d.profile)',
    replace: 'await c.req.json()',
    fails: [...ids('AUTH-VAL-08', 'missing', 'number', 'null', 'no-agentpass'), ...BODY, 'AUTH-VAL-16/large'],
  },
  {
    id: 'authority-pass-anywhere-in-body',
    says: 'a pass is looked for anywhere in the body',
    file: ROUTE,
    find: 'const { agentpass } = await readBody(c.req.raw, ValidationRequest, d.profile);',
    replace: `const agentpass = { value: /[\\w-]{20,}/.exec(await c.req.text())?.[0] ?? '' };`,
    fails: ids('AUTH-VAL-16', 'list', 'envelope', 'text', 'cut', 'list-value', 'object-value', 'form'),
  },
  {
    id: 'authority-id-is-a-pass',
    says: 'the id of a request that was approved counts as its pass',
    file: PASSES,
    find: ".where('digest', '=', given('digest'))\n    .where('service_origin'",
    replace: ".where((e) => e.or([e('digest', '=', given('digest')), e('request_digest', '=', given('digest'))]))\n    .where('service_origin'",
    fails: ['AUTH-VAL-09'],
  },
  {
    id: 'authority-revoked-pass-good',
    says: 'a pass that was revoked can be spent',
    file: PASSES,
    find: "\n    .where('revoked_at', 'is', null)\n    .where('expires_at', '>', given('at'))",
    replace: "\n    .where('expires_at', '>', given('at'))",
    fails: ['AUTH-VAL-09/revoked', 'AUTH-REV-02', 'AUTH-CLS-07'],
  },
  {
    id: 'authority-revoke-leaves-pass',
    says: 'a revocation ends the authorization, and leaves a pass that was not spent',
    file: 'authority/revoke/revoke.js',
    find: 'const [killed] = await revokePasses(tx, [requestDigest], { at });',
    replace: 'const [killed] = [requestDigest];',
    fails: ['AUTH-VAL-09/revoked', 'AUTH-REV-02', 'AUTH-CLS-07'],
  },
]
