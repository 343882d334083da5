import type { Mutant } from './mutant.ts'

const ids = (requirement: string, ...slugs: string[]): string[] => slugs.map((slug) => `${requirement}/${slug}`)

/** Faults in which key verifies an assertion, and in how often one counts. */
export const authorityAssertionKeys: readonly Mutant[] = [
  {
    id: 'authority-check-spends-assertion',
    says: 'a check spends its assertion, as a close does',
    file: 'authority/check/route.js',
    find: "const { service } = await d.authenticate(c.req.header('authorization'));",
    replace: `const { service, jti, expiresAt } = await d.authenticate(c.req.header('authorization'));
    const { spendAssertion } = await import('../store/assertions.js');
    await d.db.write((tx) => spendAssertion(tx, { issuer: service, jti: jti ?? 'none', expires_at: expiresAt }));`,
    fails: ['AUTH-ASRT-16'],
  },
  {
    id: 'authority-replay-accepted',
    says: 'an assertion may close as often as it likes',
    file: 'authority/store/assertions.js',
    find: "if (!won)\n        throw new ProtocolError('invalid_assertion', 'this assertion has been used');",
    replace: '',
    fails: ids('AUTH-ASRT-16', 'close', 'close-elsewhere', 'close-refused', 'restart'),
  },
  {
    id: 'authority-replay-in-memory',
    says: 'which assertions were used is remembered in memory, by each instance for itself',
    file: 'authority/revoke/close.js',
    find: 'await spendAssertion(tx, { issuer: service, jti, expires_at: caller.expiresAt + SKEW_SECONDS });',
    replace: `{
            const seen = (d.mutantSeen ??= new Set());
            if (seen.has(jti)) throw invalidAssertion(new Error('used'));
            seen.add(jti);
        }`,
    fails: ids('AUTH-ASRT-16', 'close-elsewhere', 'restart'),
  },
  {
    id: 'authority-replay-forgotten-when-refused',
    says: 'an assertion that came with a refused close can be used again',
    file: 'authority/revoke/close.js',
    find: '        return row;\n',
    replace: "        if (!row) throw new ProtocolError('unknown_authorization', 'there is no such authorization');\n        return row;\n",
    fails: ['AUTH-ASRT-16/close-refused'],
  },
  {
    id: 'authority-jti-always-required',
    says: 'nobody closes without a jti, in core-0.1 either',
    file: 'authority/revoke/close.js',
    find: "if (jti === undefined && d.profile === 'hardened')",
    replace: 'if (jti === undefined)',
    fails: ['AUTH-ASRT-16/without-jti'],
  },
  {
    id: 'authority-jti-never-required',
    says: 'who closes needs no jti, in hardened either',
    file: 'authority/revoke/close.js',
    find: "if (jti === undefined && d.profile === 'hardened')",
    replace: "if (jti === '')",
    profile: 'hardened',
    fails: ['AUTH-ASRT-16/without-jti'],
  },
  {
    id: 'keys-never-refreshed',
    says: 'a key set is not read again for a kid that it has not',
    file: 'spec/keys.js',
    find: 'await refresh(jwksUri);',
    replace: '{}',
    fails: ['AUTH-ASRT-17'],
  },
  {
    id: 'keys-always-refreshed',
    says: 'a key set is read again for every kid that it has not',
    file: 'spec/keys.js',
    find: 'ttlSeconds: REFRESH_SECONDS }',
    replace: 'ttlSeconds: 0 }',
    fails: ['AUTH-ASRT-17/hammer'],
  },
  {
    id: 'keys-kid-not-compared',
    says: 'every key of a set is tried, whatever the kid',
    file: 'spec/keys.js',
    find: '(anonymous || key.keyId === keyId)',
    replace: '(anonymous || key.keyId !== 0)',
    fails: ['AUTH-ASRT-17/other-kid'],
  },
  {
    id: 'keys-kid-demanded',
    says: 'a key without a kid is never used',
    file: 'spec/keys.js',
    find: 'const anonymous = keyId === undefined || set.every((key) => key.keyId === undefined);',
    replace: 'const anonymous = false;\n    if (keyId === undefined)\n        return [];',
    fails: ['AUTH-ASRT-17/no-kid'],
  },
  {
    id: 'keys-without-end',
    says: 'as many keys are tried as there are',
    file: 'spec/keys.js',
    find: 'const MAX_KEYS = 20;\nconst MAX_TRIED = 5;',
    replace: 'const MAX_KEYS = 100_000;\nconst MAX_TRIED = 100_000;',
    fails: ['AUTH-ASRT-17/many-keys'],
  },
  {
    id: 'keys-kept-for-an-hour',
    says: 'a key set is kept for an hour, whatever it says',
    file: 'spec/keys.js',
    find: 'const KEY_SET_SECONDS = { least: 10,',
    replace: 'const KEY_SET_SECONDS = { least: 3600,',
    fails: ids('AUTH-ASRT-17', 'removed', 'same-kid'),
  },
]
