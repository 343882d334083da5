import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromBase64url, sha256, sha256Hex, toBase64url } from '../../spec/base64url.ts'

const encoded = fc
  .array(fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'), { maxLength: 12 })
  .map((chars) => chars.join(''))

test('bytes survive the way there and back, and are written as everybody writes them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
      expect(fromBase64url(toBase64url(bytes))).toEqual(bytes)
    }),
  )
})

test('bytes have one spelling: what is read is what would be written', () => {
  fc.assert(
    fc.property(fc.oneof(encoded, fc.string()), (text) => {
      const bytes = fromBase64url(text)
      if (bytes) expect(toBase64url(bytes)).toBe(text)
      else expect(Buffer.from(text, 'base64url').toString('base64url')).not.toBe(text)
    }),
    { numRuns: 2000 },
  )
})

test.each(['', 'AA', 'AAA', 'AAAA', 'AQ', 'AAE', '_-_-', '__8', '_w'])('"%s" is base64url', (text) => {
  expect(fromBase64url(text)).toEqual(new Uint8Array(Buffer.from(text, 'base64url')))
})

test.each([
  ...['A', 'AAAAA', 'AB', 'AAB', 'AP', '_x', '__9'],
  ...['=', 'AA=', 'AA==', 'AAA=', 'AAAA=', '====', '=AAA'],
  ...['++++', '////', 'AA+A', 'AA/A'],
  ...[' AAAA', 'AAAA ', 'AA AA', 'AAAA\n', '\nAAAA', 'AA\r\nAA', '\tAAAA', 'AAAA\0', '\ufeffAAAA'],
  ...['AA.A', 'AA,A', 'AA?A', 'AA%A', 'AÄAA', 'AAA\u0301', '🔑', 'ＡＡＡＡ', 'undefined!'],
])('%j is no base64url: no padding, no other characters, no spare bits, no impossible length', (text) => {
  expect(fromBase64url(text)).toBeUndefined()
})

test('a digest is SHA-256 of the text as UTF-8, in base64url or in lower-case hex', async () => {
  for (const text of ['', 'abc', 'ä🔥', 'cafe\u0301', 'x'.repeat(10_000)]) {
    expect(await sha256(text)).toBe(createHash('sha256').update(text).digest('base64url'))
    expect(await sha256Hex(text)).toBe(createHash('sha256').update(text).digest('hex'))
  }
  expect(await sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(await sha256('caf\u00e9')).not.toBe(await sha256('cafe\u0301'))
})
