import fc from 'fast-check'
import { expect, test } from 'vitest'
import { authorityIdentifier, hostOf, httpsUrl, origin, parseUrl } from '../../spec/origin.ts'
import { accepts } from './identifiers-fixture.ts'

const complaint = (schema: { safeParse: (v: unknown) => { error?: { issues: { message: string }[] } } }, value: unknown) =>
  schema
    .safeParse(value)
    .error?.issues.map((issue) => issue.message)
    .join('\n')

/* Origins */

test.each<[string, string]>([
  ['https://desk.example', 'desk.example'],
  ['https://desk.example:8443', 'desk.example'],
  ['https://desk.example:80', 'desk.example'],
  ['https://desk.example:44', 'desk.example'],
  ['https://desk.example:4433', 'desk.example'],
  ['https://xn--exmple-cua.de', 'xn--exmple-cua.de'],
  ['https://localhost', 'localhost'],
  ['https://a_b.example', 'a_b.example'],
  ['https://127.0.0.1:1', '127.0.0.1'],
  ['https://[2001:db8::1]:8443', '[2001:db8::1]'],
])('%s is an origin, and its host is %s, without the port [CFG-S-04 DISC-SVC-07]', (value, host) => {
  expect(accepts(origin, value)).toBe(true)
  expect(hostOf(value)).toBe(host)
})
test.each<[string, string | undefined]>([
  ['https://desk.example/', 'https://desk.example'],
  ['https://desk.example:443', 'https://desk.example'],
  ['https://Desk.example', 'https://desk.example'],
  ['HTTPS://desk.example', 'https://desk.example'],
  ['https://desk.example/app', 'https://desk.example'],
  ['https://desk.example?x', 'https://desk.example'],
  ['https://dęsk.example', 'https://xn--dsk-sra.example'],
  ['https://desk\u3002example', 'https://desk.example'],
  ['https://desk.example:08443', 'https://desk.example:8443'],
  ['https://desk.example:', 'https://desk.example'],
  ['https://0x7f.1', 'https://127.0.0.1'],
  ['https://2130706433', 'https://127.0.0.1'],
  ['https://[2001:DB8::1]', 'https://[2001:db8::1]'],
  ['https://[2001:db8:0::1]', 'https://[2001:db8::1]'],
  ['https://d%65sk.example', 'https://desk.example'],
  ['https://desk.example#', 'https://desk.example'],
  ['https://desk.example:99999', undefined],
  ['http://desk.example', undefined],
  ['https://user@desk.example', undefined],
  ['desk.example', undefined],
  ['null', undefined],
  ['*', undefined],
  ['', undefined],
])('%s is no origin, and whoever wrote it is told: %s [CFG-S-04 AUTH-ISS-04 AUTH-ISS-25]', (value, canonical) => {
  expect(accepts(origin, value)).toBe(false)
  if (canonical === undefined) return
  expect(complaint(origin, value)).toContain(`use ${canonical}`)
  expect(accepts(origin, canonical)).toBe(true)
})
test('an origin is its own serialisation, and only that [AUTH-ISS-25]', () => {
  const anyOrigin = fc.oneof(
    fc.webUrl({ validSchemes: ['https'], authoritySettings: { withPort: true } }).map((url) => new URL(url).origin),
    fc.string({ unit: 'grapheme' }).map((s) => `https://${s}`),
    fc
      .tuple(fc.string({ unit: fc.constantFrom(...'abcXYZ019-._~!$&\'()*+,;=`{}"%[]^|<>:') }), fc.nat(99_999))
      .map(([host, port]) => `https://${host}:${port}`),
  )
  fc.assert(
    fc.property(anyOrigin, (value) => {
      expect(accepts(origin, value)).toBe(parseUrl(value)?.origin === value)
    }),
    { numRuns: 5000 },
  )
})

/* Authority identifiers */

test.each([
  'https://agents.acme.example',
  'https://agents.acme.example/',
  'https://acme.example/agents',
  'https://acme.example/agents/',
  'https://acme.example:8443/t/1',
  'https://acme.example/a?tenant=1',
  'https://acme.example/%C3%A4',
])('%s is an authority identifier, and with or without a slash it is another', (value) => {
  expect(accepts(authorityIdentifier, value)).toBe(true)
})
test.each<[string, string | undefined]>([
  ['https://Agents.acme.example', 'https://agents.acme.example/'],
  ['HTTPS://agents.acme.example', 'https://agents.acme.example/'],
  ['https://agents.acme.example:443', 'https://agents.acme.example/'],
  ['https://acme.example/a/../b', 'https://acme.example/b'],
  ['https://acme.example/./a', 'https://acme.example/a'],
  ['https://acme.example/ä', 'https://acme.example/%C3%A4'],
  ['https://exämple.de', 'https://xn--exmple-cua.de/'],
  ['https://acme.example?x', 'https://acme.example/?x'],
  ['https://acme.example/#x', undefined],
  ['https://user@acme.example', undefined],
  ['http://acme.example', undefined],
])('%s is no authority identifier, and whoever wrote it is told: %s', (value, canonical) => {
  expect(accepts(authorityIdentifier, value)).toBe(false)
  if (canonical === undefined) return
  expect(complaint(authorityIdentifier, value)).toContain(`use ${canonical}`)
  expect(accepts(authorityIdentifier, canonical)).toBe(true)
})
test('the normal form of any https URL is an authority identifier', () => {
  fc.assert(
    fc.property(fc.webUrl({ validSchemes: ['https'], withQueryParameters: true }), (url) => {
      const { href } = new URL(url)
      expect(accepts(authorityIdentifier, href)).toBe(accepts(httpsUrl, href))
      if (accepts(authorityIdentifier, url)) expect([url, `${url}/`]).toContain(href)
    }),
  )
})
