import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { emailAddress } from '../../spec/email.ts'
import { authorityIdentifier, browserUrl, httpsUrl, origin } from '../../spec/origin.ts'
import { AuthorityConfiguration } from '../../spec/wire/configuration.ts'
import { HOLDER } from './jws-fixture.ts'
import { FOLDER, jsonSchema, textOf, WIRE_SCHEMAS, type WireSchema } from './schemas.ts'

const wire = (name: string): WireSchema => WIRE_SCHEMAS.find((s) => s.name === name)!

test('spec/schemas holds the schema of every message and nothing else', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(WIRE_SCHEMAS.map((s) => `${s.name}.json`).sort())
  expect(new Set(WIRE_SCHEMAS.map((s) => s.schema)).size).toBe(20)
})

test.each(WIRE_SCHEMAS)('spec/schemas/$name.json is what the code says (npm run schemas writes it)', (schema) => {
  expect(readFileSync(new URL(`${schema.name}.json`, FOLDER), 'utf8')).toBe(textOf(schema))
})

test.each(WIRE_SCHEMAS)('$name has an id, a title and a description of its own', (schema) => {
  const { $schema, $id, title, description } = jsonSchema(schema)
  expect([$schema, $id]).toEqual(['https://json-schema.org/draft/2020-12/schema', `urn:agentpass:0.1:${schema.name}`])
  expect([typeof title, description]).toEqual(['string', schema.description])
})

/** Every schema inside a schema. */
function* inside(schema: unknown): Generator<Record<string, unknown>> {
  if (typeof schema !== 'object' || schema === null) return
  yield { ...schema }
  for (const inner of Object.values(schema)) yield* inside(inner)
}

test.each(WIRE_SCHEMAS)('$name admits unknown members at every level, and every pattern of it is a regular expression', (schema) => {
  for (const inner of inside(jsonSchema(schema))) {
    if ('properties' in inner) expect(inner.additionalProperties).toEqual({})
    if (typeof inner.pattern === 'string') expect(() => new RegExp(String(inner.pattern), 'u')).not.toThrow()
  }
})

/** What a JSON Schema of a text says of a value, by its pattern and length. */
const says = (schema: z.ZodType, value: string): boolean => {
  const { pattern = '', maxLength = Number.POSITIVE_INFINITY } = z.toJSONSchema(schema)
  return new RegExp(pattern, 'u').test(value) && value.length <= maxLength
}
const ADDRESSES = [
  'ada@acme.example',
  'a.b+c@acme.example',
  'ada@exämple.de',
  'ada@xn--exmple-cua.de',
  'ada@localhost',
  'Ada@ACME.example',
  '!#$%&*@a',
  'ada@1.example',
]
const NO_ADDRESSES = [
  ...['', 'ada', '@b', 'a@', 'a@b@c', '"a"@b', 'a(x)@b', '<a@b>', 'a,b@c', 'a b@c', 'a@b c', 'a@b\n', 'a\0@b', 'a\\b@c'],
  ...['a@.b', 'a@b.', 'a@b..c', 'a@127.0.0.1', 'a@[127.0.0.1]', 'a@b_c', 'a@b!c', 'a@b/c', 'a@b:443', 'a@*.b', `${'a'.repeat(250)}@acme.example`],
]
const ORIGINS = [
  'https://desk.example',
  'https://desk.example:8443',
  'https://xn--exmple-cua.de',
  'https://localhost',
  'https://127.0.0.1:1',
  'https://[2001:db8::1]:8443',
  'https://desk.example:4430',
  'https://desk.example:44',
]
const NO_ORIGINS = [
  ...[
    '',
    'https://',
    'http://desk.example',
    'desk.example',
    'https://desk.example/',
    'https://desk.example/a',
    'https://desk.example?x',
    'https://desk.example#x',
    'https://u@desk.example',
  ],
  ...[
    'https://Desk.example',
    'HTTPS://desk.example',
    'https://desk.example:443',
    'https://desk.example:',
    'https://desk.example:08443',
    'https://dęsk.example',
    'https://d%65sk.example',
    'https://desk.example\n',
    ' https://desk.example',
    'https://[::A]',
  ],
]
const URLS = [
  'https://h.example',
  'https://h.example/',
  'HTTPS://H.example/A?b=c',
  'https://h.example:443/@a',
  'https://h.example?x',
  'https://exämple.de/ä',
]
const NO_URLS = [
  ...[
    '',
    'http://h.example',
    'https:h',
    'https:///h',
    '//h',
    ' https://h.example',
    'https://h.example/a b',
    'https://h.example/\n',
    'https://h.example/\0',
    'javascript:alert(1)',
  ],
  ...['https://u@h.example/', 'https://u:p@h.example/', 'https://h.example\\a', 'https://h.example/a\\b', `https://h.example/${'x'.repeat(2048)}`],
]
const FRAGMENTS = ['https://h.example/#x', 'https://h.example/#']
const { issuance_status: statusTemplate } = AuthorityConfiguration.shape.endpoints.shape
test.each<[string, z.ZodType, string[], string[]]>([
  ['an e-mail address', emailAddress, ADDRESSES, NO_ADDRESSES],
  ['an origin', origin, ORIGINS, NO_ORIGINS],
  ['an https URL', httpsUrl, URLS, [...NO_URLS, ...FRAGMENTS]],
  ['an https URL for a browser', browserUrl, [...URLS, ...FRAGMENTS], [...NO_URLS, 'https://h.example/#a b']],
  ['an authority identifier', authorityIdentifier, ['https://h.example', 'https://h.example/a'], [...NO_URLS, ...FRAGMENTS]],
  [
    'a status template',
    statusTemplate,
    ['https://h.example/{id}', 'https://h.example/r?id={id}'],
    ['https://h.example/id', 'http://h.example/{id}', '{id}', ''],
  ],
])('the JSON Schema of %s says what the code says', (_, schema, good, bad) => {
  for (const value of good) expect([value, schema.safeParse(value).success, says(schema, value)]).toEqual([value, true, true])
  for (const value of bad) expect([value, schema.safeParse(value).success, says(schema, value)]).toEqual([value, false, false])
})

/** Whether an object has what these keywords ask for; a judge of its own, because zod cannot read them back. */
type Rule = { required?: string[]; anyOf?: Rule[]; oneOf?: Rule[]; not?: Rule }
function holds({ required = [], anyOf, oneOf, not }: Rule, value: object): boolean {
  const count = (rules: Rule[]) => rules.filter((rule) => holds(rule, value)).length
  return required.every((name) => name in value) && (!anyOf || count(anyOf) > 0) && (!oneOf || count(oneOf) === 1) && (!not || !holds(not, value))
}

const ONE = { authority: 'https://a.example', authority_configuration_url: 'https://a.example/a.json' }
test('a resolution answer is an Enterprise Authority alone or others, in JSON Schema too [HAR-RES-07]', () => {
  const rule: Rule = jsonSchema(wire('resolution-response'))
  for (let mask = 0; mask < 8; mask++) {
    const value = {
      ...(mask & 1 && { enterprise_authority: ONE }),
      ...(mask & 2 && { service_authority: ONE }),
      ...(mask & 4 && { trusted_federated_authorities: [ONE] }),
    }
    expect([mask, holds(rule, value)]).toEqual([mask, wire('resolution-response').schema.safeParse(value).success])
  }
})

test('a holder key is public, in JSON Schema too', () => {
  const rule: Rule = [...inside(jsonSchema(wire('issuance-request')))].find((schema) => 'not' in schema)!
  expect(holds(rule, HOLDER.jwk)).toBe(true)
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) expect(holds(rule, { ...HOLDER.jwk, [member]: 'AA' })).toBe(false)
})
