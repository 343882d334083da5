import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeUtf8, parseJson, parseUniqueJson } from '../../spec/json.ts'

test('JSON is what JSON.parse makes of it, with or without a look at its members', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), fc.nat(4), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      expect(parseJson(text)).toEqual(JSON.parse(text))
      expect(parseUniqueJson(text)).toEqual(JSON.parse(text))
    }),
  )
})

/** JSON text of an object tree in which members may repeat, and whether any does. */
type Tree = string | number | Tree[] | { members: [string, Tree][] }
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.string(),
    fc.integer(),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(fc.constantFrom('a', 'b', '"', '\\', '__proto__', '{', ','), fc.string({ maxLength: 2 })), tie('tree')), {
        maxLength: 4,
      })
      .map((members) => ({ members })),
  ),
}))
/** A name in plain JSON, or with every character escaped: two spellings of one name. */
const spelt = (name: string, escaped: boolean) =>
  escaped
    ? `"${Array.from({ length: name.length }, (_, i) => `\\u${name.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
    : JSON.stringify(name)
function written(node: Tree): string {
  if (typeof node !== 'object') return JSON.stringify(node)
  if (Array.isArray(node)) return `[ ${node.map(written).join(' , ')} ]`
  return `{ ${node.members.map(([name, value], i) => `${spelt(name, i % 2 === 1)} : ${written(value)}`).join(' , ')} }`
}
function repeats(node: Tree): boolean {
  if (typeof node !== 'object') return false
  if (Array.isArray(node)) return node.some(repeats)
  return new Set(node.members.map(([name]) => name)).size < node.members.length || node.members.some(([, value]) => repeats(value))
}
test('a member named twice is refused wherever it is and however it is spelt, and nothing else is', () => {
  fc.assert(
    fc.property(tree, (node) => {
      const read = () => parseUniqueJson(written(node))
      if (repeats(node)) expect(read).toThrow(SyntaxError)
      else expect(read()).toEqual(JSON.parse(written(node)))
    }),
    { numRuns: 1000 },
  )
})

const deep = (levels: number, open: string, close: string) => `${open.repeat(levels)}${open.endsWith(':') ? '1' : ''}${close.repeat(levels)}`
test.each([
  ['[', ']'],
  ['{"a":', '}'],
  ['[{"a":', '}]'],
])('%s nests 64 levels deep and no deeper [AUTH-ISS-24]', (open, close) => {
  const levels = open.match(/[[{]/g)?.length ?? 1
  expect(() => parseJson(deep(64 / levels, open, close))).not.toThrow()
  expect(() => parseJson(`[${deep(64 / levels, open, close)}]`)).toThrow(SyntaxError)
  for (const read of [parseJson, parseUniqueJson]) expect(() => read(deep(50_000, open, close))).toThrow(SyntaxError)
})
test('brackets in a text nest nothing', () => {
  const value = { 'a[[[{': '['.repeat(1000), b: `"${'{'.repeat(1000)}\\`, c: '\\"[' }
  expect(parseUniqueJson(JSON.stringify(value))).toEqual(value)
})

test.each([
  '',
  ' ',
  '{',
  '[1,]',
  '{"a":1,}',
  "{'a':1}",
  '{a:1}',
  'NaN',
  '[Infinity]',
  '01',
  '1 2',
  '{} {}',
  '"\u0001"',
  '"\\x41"',
  '/**/1',
  'undefined',
  '"',
  '"\\',
  '{"a"',
  '\u00a0{}',
  '[}',
  ']',
])('%j is no JSON', (text) => {
  for (const read of [parseJson, parseUniqueJson]) expect(() => read(text)).toThrow(SyntaxError)
})

test('a member named __proto__ is a member like another, and Object.prototype stays as it was', () => {
  const value = parseUniqueJson('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}')
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false)
})

test.each([[[0xff]], [[0xc0, 0xaf]], [[0xed, 0xa0, 0x80]], [[0xf5, 0x80, 0x80, 0x80]], [[0xe2, 0x82]], [[0x80]], [[0x7b, 0x00, 0xff]]])(
  'the bytes %j are no UTF-8',
  (bytes) => {
    expect(() => decodeUtf8(new Uint8Array(bytes))).toThrow(TypeError)
  },
)
test('UTF-8 is read to the letter, without normalisation', () => {
  for (const text of ['', 'ä🔥\0', 'caf\u00e9 cafe\u0301', '\u202e']) expect(decodeUtf8(new TextEncoder().encode(text))).toBe(text)
})

test('what is wrong with a text is told without a piece of it: it could be a secret [SVC-AUD-03]', () => {
  for (const text of ['pass-value-that-is-secret', '{"agentpass":pass-value-that-is-secret}', '{"a":"pass-value-that-is-secret'])
    expect(() => parseJson(text)).toThrow(/^(?!.*secret)/)
})
