import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalAddress, emailAddress, emailDomain, requireEmailDomain, requireSameUser } from '../../spec/email.ts'
import { ProtocolError } from '../../spec/error.ts'
import { accepts } from './identifiers-fixture.ts'

/* E-mail addresses */

const LABEL_63 = 'x'.repeat(63)
test.each<[string, string]>([
  ['ada@acme.example', 'acme.example'],
  ['a.b+c@acme.example', 'acme.example'],
  ["!#$%&'*+-/=?^_`{|}~@acme.example", 'acme.example'],
  ['Ada@ACME.Example', 'acme.example'],
  ['ada@exämple.de', 'xn--exmple-cua.de'],
  ['ada@EXÄMPLE.de', 'xn--exmple-cua.de'],
  ['ada@exa\u0308mple.de', 'xn--exmple-cua.de'],
  ['ada@xn--exmple-cua.de', 'xn--exmple-cua.de'],
  ['ada@XN--EXMPLE-CUA.de', 'xn--exmple-cua.de'],
  ['ada@acme\u3002example', 'acme.example'],
  ['ada@ＡＣＭＥ.example', 'acme.example'],
  ['ada@cоrp.example', 'xn--crp-sed.example'],
  ['ада@почта.рф', 'xn--80a1acny.xn--p1ai'],
  ['ada@localhost', 'localhost'],
  ['ada@constructor', 'constructor'],
  ['ada@a', 'a'],
  ['ada@1.example', '1.example'],
  ['ada@a--b.example', 'a--b.example'],
  [`ada@${LABEL_63}.example`, `${LABEL_63}.example`],
  [`${'a'.repeat(254 - 13)}@acme.example`, 'acme.example'],
  ['zero\u200bwidth@acme.example', 'acme.example'],
])('%s is an address of %s [DISC-ENT-01 DISC-ENT-02 SVC-RES-01 AUTH-ISS-05]', (address, domain) => {
  expect(accepts(emailAddress, address)).toBe(true)
  expect(emailDomain(address)).toBe(domain)
  expect(requireEmailDomain(address)).toBe(domain)
})

test.each([
  ...['', '@', 'ada', 'ada@', '@acme.example', 'a@b@c', 'ada@@acme.example', 'ada@acme.example@', 'a@b,c@d'],
  ...['"ada"@acme.example', '"a@b"@c', '"a b"@c', 'ada"x@acme.example', 'a(x)@b', 'a@b(x)', '(x)a@b', 'a@(x)b'],
  ...['<a@b>', 'Ada <ada@acme.example>', 'mailto:ada@acme.example', 'a;b@c', 'a:b@c', 'a,b@c', 'a\\b@c', '[a]@b'],
  ...[
    'a b@c',
    ' a@b',
    'a@b ',
    'a@b c',
    'a\t@b',
    'a@b\n',
    'a@b\r\nRCPT TO:<x@y>',
    'a\0@b',
    'a@b\0',
    'a\u0085@b',
    'a\u00a0@b',
    'a@b\u3000',
    '\ufeffa@b',
  ],
  ...['a@.b', 'a@b.', 'a@b..c', 'a@.', 'a@b\u3002', 'a@\u3002b', 'a@..'],
  ...[
    'a@127.0.0.1',
    'a@[127.0.0.1]',
    'a@[::1]',
    'a@[IPv6:::1]',
    'a@0x7f.1',
    'a@2130706433',
    'a@127.1',
    'a@0177.0.0.1',
    'a@１２７.0.0.1',
    'a@256.1.1.1',
    'a@1.2.3.4.5',
    'a@0',
  ],
  ...[
    'a@b_c',
    'a@_b.example',
    'a@b!c',
    'a@b*c',
    'a@*.example',
    'a@b~c',
    'a@b%63',
    'a@b/c',
    'a@b?c',
    'a@b#c',
    'a@b:443',
    'a@b\\c',
    'a@ä_b.example',
    'a@\uff3fb.example',
  ],
  ...['a@-b.example', 'a@b-.example', 'a@b.-', 'a@-'],
  ...[
    `a@x${LABEL_63}.example`,
    `a@${'ä'.repeat(63)}.example`,
    `a@${`${LABEL_63}.`.repeat(4)}example`,
    `${'a'.repeat(254 - 12)}@acme.example`,
    `a@${'b'.repeat(254)}`,
  ],
  ...['a@xn--', 'a@xn--a', 'a@xn--zzzzzz--.example', 'a@\u00ad', 'a@\u200b', 'a@\ud800', '\ud800@b', 'a@b\udfff'],
])('%j is no address [DISC-ENT-01 DISC-ENT-02 SVC-RES-01 AUTH-ISS-05]', (address) => {
  expect(accepts(emailAddress, address)).toBe(false)
})
test.each([undefined, null, 7, {}, ['ada@acme.example'], { email: 'ada@acme.example' }])('%j is no address', (address) => {
  expect(accepts(emailAddress, address)).toBe(false)
})

test('where a domain cannot be had from an address that was not checked, that is invalid_email', () => {
  for (const address of ['a@127.0.0.1', 'a@', 'a@b..c', ''])
    expect(() => requireEmailDomain(address)).toThrow(expect.objectContaining({ code: 'invalid_email', status: 400 }))
})

const anyDomain = fc.oneof(fc.domain(), fc.string({ minLength: 1, maxLength: 30 }), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }))
const anyAddress = fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), anyDomain).map(([local, domain]) => `${local}@${domain}`)
test('the domain of an address is a host name, and reading it again changes nothing [DISC-ENT-02]', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      fc.pre(accepts(emailAddress, address))
      const domain = requireEmailDomain(address)
      expect(domain).toMatch(/^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*$/)
      expect(requireEmailDomain(`x@${domain}`)).toBe(domain)
      expect(requireEmailDomain(address.replace(/[a-z]/g, (c) => c.toUpperCase()))).toBe(domain)
    }),
    { numRuns: 2000 },
  )
})
test('every address has exactly one @, and no more than 254 characters', () => {
  fc.assert(
    fc.property(fc.oneof(anyAddress, fc.string(), fc.emailAddress()), (address) => {
      if (accepts(emailAddress, address)) expect([address.split('@').length, address.length <= 254]).toEqual([2, true])
    }),
    { numRuns: 2000 },
  )
})
test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'valueOf'])(
  'the domain %s is a domain like another, or none',
  (name) => {
    const domain = emailDomain(`a@${name}`)
    expect([undefined, name.toLowerCase()]).toContain(domain)
    expect(accepts(emailAddress, `a@${name}`)).toBe(domain !== undefined)
    expect(accepts(emailAddress, `${name}@acme.example`)).toBe(true)
  },
)

/* Whether two addresses are one user */

const isSameUser = (asked: string, answered: string, profile: 'core-0.1' | 'hardened') => {
  try {
    requireSameUser(asked, answered, profile)
    return true
  } catch (failure) {
    expect(failure).toBeInstanceOf(ProtocolError)
    expect(failure).toMatchObject({ code: 'user_mismatch', status: 403 })
    return false
  }
}
test.each<[string, string, boolean, boolean]>([
  ['ada@acme.example', 'ada@acme.example', true, true],
  ['ada@acme.example', 'ada@ACME.example', true, true],
  ['ada@exämple.de', 'ada@xn--exmple-cua.de', true, true],
  ['ada@exämple.de', 'ada@exa\u0308mple.de', true, true],
  ['Ada@acme.example', 'ada@acme.example', true, false],
  ['ADA@acme.example', 'aDa@Acme.Example', true, false],
  ['ada@acme.example', 'ceo@acme.example', false, false],
  ['ada@acme.example', 'ada@evil.example', false, false],
  ['ada@acme.example', 'ada@acme.example.evil.example', false, false],
  ['ada@acme.example', 'ada@sub.acme.example', false, false],
  ['ada@corp.example', 'ada@cоrp.example', false, false],
  ['ada+x@acme.example', 'ada@acme.example', false, false],
  ['a.da@acme.example', 'ada@acme.example', false, false],
  ['caf\u00e9@acme.example', 'cafe\u0301@acme.example', false, false],
  ['\u00c4da@acme.example', '\u00e4da@acme.example', false, false],
  ['\u212aai@acme.example', 'kai@acme.example', false, false],
  ['\u0130da@acme.example', 'ida@acme.example', false, false],
  ['stra\u00dfe@acme.example', 'strasse@acme.example', false, false],
  ['ａda@acme.example', 'ada@acme.example', false, false],
  ['ada\u200b@acme.example', 'ada@acme.example', false, false],
])('asked %s, answered %s: one user in core-0.1 %s, in hardened %s [SVC-RED-12]', (asked, answered, core, hardened) => {
  for (const [a, b] of [
    [asked, answered],
    [answered, asked],
  ] as const) {
    expect(isSameUser(a, b, 'core-0.1')).toBe(core)
    expect(isSameUser(a, b, 'hardened')).toBe(hardened)
  }
})

test('in the form in which addresses are compared the domain is lower-case ASCII, and the local part as it came', () => {
  expect(canonicalAddress('Zoë.A@BÜCHER.Example')).toBe('Zoë.A@xn--bcher-kva.example')
  expect(canonicalAddress('ada@acme.example')).toBe('ada@acme.example')
  expect(() => canonicalAddress('ada@127.0.0.1')).toThrow(ProtocolError)
})
