import { expect, test } from 'vitest'
import { base64url, CLAIMS, genuine, HEADER, HOLDER, type Members, NOW, sealed, signature } from './jws-fixture.ts'
import { accept, expectUnreadable, GOOD_HEADER, GOOD_PAYLOAD, GOOD_SIGNATURE, signed } from './jwt-fixture.ts'

test.each<[string, Members]>([
  ['an unknown name', { crit: ['x'], x: 1 }],
  ['nothing', { crit: [] }],
  ['a registered name', { crit: ['exp'], exp: NOW }],
  ['alg', { crit: ['alg'] }],
  ['b64', { crit: ['b64'], b64: true }],
  ['text', { crit: 'x' }],
  ['null', { crit: null }],
])('crit with %s is refused [AUTH-ASRT-11 SVC-HB-13 AUTH-HATT-10]', async (_, members) => {
  await expectUnreadable(signed({ ...HEADER, ...members }))
})

test.each<[string, Members]>([
  ['without crit', { b64: false }],
  ['with crit', { b64: false, crit: ['b64'] }],
])('an unencoded payload (b64: false), %s, is refused [AUTH-ASRT-11 SVC-HB-13]', async (_, members) => {
  const header = base64url(JSON.stringify({ ...HEADER, ...members }))
  await expectUnreadable(sealed(`${header}.${GOOD_PAYLOAD}`, { key: HOLDER }))
  const raw = JSON.stringify(CLAIMS)
  await expectUnreadable(`${header}.${raw}.${base64url(signature('ES256', HOLDER.privateKey, `${header}.${raw}`))}`)
})

const PLAIN = JSON.stringify(CLAIMS).slice(1, -1)
test.each([
  '{"alg":"none","alg":"ES256"}',
  '{"alg":"ES256","alg":"ES256"}',
  '{"alg":"none","\\u0061lg":"ES256"}',
  '{"alg":"ES256","kid":"a","kid":"b"}',
  '{"alg":"ES256","typ":"agentpass-holder-proof+jwt","typ":"JWT"}',
  '{"alg":"ES256","x":{"y":1,"y":2}}',
])('the header %s names a member twice and is refused', async (header) => {
  await expectUnreadable(signed(header))
})
test.each([
  `{${PLAIN},"aud":"${CLAIMS.aud}"}`,
  `{"aud":"https://other.example",${PLAIN}}`,
  `{${PLAIN},"exp":${NOW + 3000}}`,
  `{${PLAIN},"\\u0061ud":"${CLAIMS.aud}"}`,
  `{${PLAIN},"x":1,"\\u0078":2}`,
  `{${PLAIN},"act":{"sub":"a","sub":"b"}}`,
  `{${PLAIN},"list":[{"a":1,"b":2,"a":3}]}`,
  `{${PLAIN},"":1,"":2}`,
  `{${PLAIN},"__proto__":1,"__proto__":2}`,
])('the payload %s names a member twice and is refused', async (payload) => {
  await expectUnreadable(signed(HEADER, payload))
})
test('a name that is only like another, in another object, or a value, is no duplicate', async () => {
  const payload = `{ ${PLAIN} , "act" : { "iss" : "iss", "list" : [ "iss", "iss", { "iss" : [] }, { "iss" : {} } ] }, "ISS" : "a\\"iss\\\\", "i ss" : "{" }`
  await expect(accept(signed(HEADER, payload))).resolves.toBeDefined()
})

/** A part written another way that lax readers take for the same bytes. */
const respelt: [string, (part: string) => string][] = [
  ['padding', (part) => part + '='.repeat((4 - (part.length % 4)) % 4 || 4)],
  ['a space before it', (part) => ` ${part}`],
  ['a space after it', (part) => `${part} `],
  ['a space inside', (part) => `${part.slice(0, 4)} ${part.slice(4)}`],
  ['a line break after it', (part) => `${part}\n`],
  ['a line break inside', (part) => `${part.slice(0, 4)}\r\n${part.slice(4)}`],
  ['a tab inside', (part) => `${part.slice(0, 4)}\t${part.slice(4)}`],
  ['the alphabet of base64', (part) => part.replaceAll('-', '+').replaceAll('_', '/')],
  ['a foreign character', (part) => `${part}?`],
  ['a character beyond ASCII', (part) => `${part}ä`],
  ['a NUL', (part) => `${part}\0`],
  ['spare bits', (part) => part.slice(0, -1) + ALPHABET[ALPHABET.indexOf(part.at(-1) ?? '') + 1]],
  ['one character too many', (part) => `${part}${'A'.repeat((5 - (part.length % 4)) % 4)}`],
]
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

test.each(respelt)('a part with %s is refused, though the signature covers it', async (_, respell) => {
  const header = base64url(`${JSON.stringify({ ...HEADER, x: '???????' })} `)
  const payload = base64url(`${JSON.stringify({ ...CLAIMS, x: '???????' })}${' '.repeat(3)}`)
  const spare = [header, payload].map((part) => (part.length % 4 === 0 ? base64url(`${Buffer.from(part, 'base64url')} `) : part))
  const [h = '', p = ''] = spare
  await expect(accept(sealed(`${h}.${p}`, { key: HOLDER }))).resolves.toBeDefined()
  expect(respell(h)).not.toBe(h)
  await expectUnreadable(sealed(`${respell(h)}.${p}`, { key: HOLDER }))
  await expectUnreadable(sealed(`${h}.${respell(p)}`, { key: HOLDER }))
  await expectUnreadable(`${h}.${p}.${respell(signatureWithBothMarks(`${h}.${p}`))}`)
})

/** Signatures differ each time: one that has both characters in which the two alphabets differ. */
function signatureWithBothMarks(input: string): string {
  for (;;) {
    const text = base64url(signature('ES256', HOLDER.privateKey, input))
    if (text.includes('-') && text.includes('_')) return text
  }
}

test.each<[string, string]>([
  ['nothing', ''],
  ['one part', GOOD_PAYLOAD],
  ['two parts', `${GOOD_HEADER}.${GOOD_PAYLOAD}`],
  ['an empty signature', `${GOOD_HEADER}.${GOOD_PAYLOAD}.`],
  ['an empty header', sealed(`.${GOOD_PAYLOAD}`, { key: HOLDER })],
  ['a detached payload', `${GOOD_HEADER}..${GOOD_SIGNATURE}`],
  ['an empty payload that is signed', sealed(`${GOOD_HEADER}.`, { key: HOLDER })],
  ['a fourth part', `${genuine()}.${GOOD_SIGNATURE}`],
  ['a fourth part that is empty', `${genuine()}.`],
  ['five parts (JWE)', `${base64url('{"alg":"ECDH-ES","enc":"A256GCM"}')}.${GOOD_PAYLOAD}.${GOOD_SIGNATURE}.${GOOD_PAYLOAD}.${GOOD_SIGNATURE}`],
  ['a leading dot', `.${genuine()}`],
  ['100,000 dots', '.'.repeat(100_000)],
  ['dots that only look so', genuine().replaceAll('.', '\u2024')],
  ['flattened JSON', JSON.stringify({ protected: GOOD_HEADER, payload: GOOD_PAYLOAD, signature: GOOD_SIGNATURE })],
  ['general JSON', JSON.stringify({ payload: GOOD_PAYLOAD, signatures: [{ protected: GOOD_HEADER, signature: GOOD_SIGNATURE }] })],
])('%s instead of a compact JWS is refused', async (_, compact) => {
  await expectUnreadable(compact)
})

test('an object nested in another is refused: a payload is a JSON object', async () => {
  await expectUnreadable(signed({ ...HEADER, cty: 'JWT' }, genuine()))
})

test('16 KiB is read, one character more is not, and a giant is refused before any of it is decoded', async () => {
  const sized = (length: number) => {
    const room = length - signed(HEADER, { ...CLAIMS, x: '' }).length
    return signed(HEADER, `${JSON.stringify({ ...CLAIMS, x: '' })}${' '.repeat(Math.floor((room * 3) / 4))}`)
  }
  const largest = sized(16 * 1024)
  expect(largest.length).toBeGreaterThan(16 * 1024 - 4)
  await expect(accept(largest)).resolves.toBeDefined()
  await expectUnreadable(sized(16 * 1024 + 4))
  await expectUnreadable(`${'A'.repeat(1024 * 1024)}.${GOOD_PAYLOAD}.${GOOD_SIGNATURE}`)
  await expectUnreadable(`${GOOD_HEADER}.${'A'.repeat(10 * 1024 * 1024)}.${GOOD_SIGNATURE}`)
})

/** What is written in a part around members that are good. */
type Spoil = (members: string) => string | Uint8Array
const within =
  (...bytes: number[]): Spoil =>
  (members) =>
    Buffer.concat([Buffer.from(`{${members},"x":"`), Buffer.of(...bytes), Buffer.from('"}')])
test.each<[string, Spoil]>([
  ['arrays nested deeper than 64', (members) => `{${members},"x":${'['.repeat(64)}${']'.repeat(64)}}`],
  ['objects nested deeper than 64', (members) => `{${members},"x":${'{"a":'.repeat(64)}1${'}'.repeat(64)}}`],
  ['brackets that never close', (members) => `{${members},"x":${'['.repeat(8000)}`],
  ['an array', (members) => `[{${members}}]`],
  ['an empty array', () => '[]'],
  ['text', (members) => JSON.stringify(`{${members}}`)],
  ['null', () => 'null'],
  ['nothing but white space', () => '  '],
  ['JSON with a tail', (members) => `{${members}} {}`],
  ['JSON with a comment', (members) => `{${members}/**/}`],
  ['a trailing comma', (members) => `{${members},}`],
  ['NaN', (members) => `{${members},"x":NaN}`],
  ['a lone byte that is no UTF-8', within(0xff)],
  ['an overlong encoding', within(0xc0, 0xaf)],
  ['a surrogate as UTF-8', within(0xed, 0xa0, 0x80)],
  ['UTF-16', (members) => Buffer.from(`{${members}}`, 'utf16le')],
])('a header or payload of %s is refused', async (_, spoil) => {
  await expectUnreadable(signed(HEADER, spoil(PLAIN)))
  await expectUnreadable(signed(spoil('"alg":"ES256"')))
})

test('a claim named __proto__ gives an object nothing, and Object.prototype stays as it was', async () => {
  const before = Object.getOwnPropertyNames(Object.prototype)
  const { claims } = await accept(signed(HEADER, `{${PLAIN},"__proto__":{"sub":"admin","htm":"POST"},"constructor":{"prototype":{"sub":"admin"}}}`))
  expect(claims.sub).toBeUndefined()
  expect('htm' in claims).toBe(false)
  await expectUnreadable(signed(HEADER, `{"iss":"x","__proto__":{${PLAIN}}}`))
  await expectUnreadable(signed(`{"__proto__":{"alg":"ES256"}}`))
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
  expect(Object.hasOwn(Object.prototype, 'sub')).toBe(false)
})
