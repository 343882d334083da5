import type { Answer } from 'dns-packet'
import { expect, test } from 'vitest'
import { alias, FOUND, lookUp, NAME, type Response, says, soa, txt, URL_VALUE } from './dns-fixture.ts'

test.each<[string, Answer[], string[], number]>([
  ['one record', FOUND, [URL_VALUE], 300],
  ['split strings, joined as bytes', [txt(NAME, ['https://', Buffer.from([0xc3]), Buffer.from([0xa9, 0x2f])])], ['https://é/'], 300],
  ['several records', [txt(NAME, 'a', 60), txt(NAME, 'b', 30), txt(NAME, 'a', 90)], ['a', 'b', 'a'], 30],
  ['odd values as they are', [txt(NAME, 'a\0\r\n"\\034'), txt(NAME, '\ufeffx'), txt(NAME, '')], ['a\0\r\n"\\034', '\ufeffx', ''], 300],
  ['a TTL with its first bit set as zero', [txt(NAME, 'a', 0x8000_0000)], ['a'], 0],
  ['a name in other letters', [txt(NAME.toUpperCase(), 'a')], ['a'], 300],
  ['the end of an alias chain', [txt('c.example', 'a', 50), alias('B.example', 'c.example', 40), alias(NAME, 'b.example', 45)], ['a'], 40],
  ['nothing of another owner', [txt('other.example', 'evil'), ...FOUND], [URL_VALUE], 300],
  ['nothing of another class', [{ ...txt(NAME, 'evil'), class: 'CH' } as Answer, ...FOUND], [URL_VALUE], 300],
  ['nothing of a multicast record', [{ ...txt(NAME, 'evil'), flush: true } as Answer, ...FOUND], [URL_VALUE], 300],
  ['no alias target as a value', [alias(NAME, 'https.example', 20)], [], 20],
])('an answer gives %s', async (_, answers, values, ttlSeconds) => {
  expect(await lookUp(says(answers))).toEqual({ values, ttlSeconds, authenticated: false })
})

test.each<[string, Answer[], Response, number]>([
  ['NXDOMAIN', [], { rcode: 3, authorities: [soa(900, 120)] }, 120],
  ['NXDOMAIN of an alias target', [alias(NAME, 'b.example', 10)], { rcode: 3, authorities: [soa(900, 120)] }, 10],
  ['NODATA', [], { authorities: [soa(90, 120)] }, 90],
  ['NODATA without SOA', [], {}, 60],
])('%s is absence, for a while', async (_, answers, changes, ttlSeconds) => {
  expect(await lookUp(says(answers, changes))).toEqual({ values: [], ttlSeconds, authenticated: false })
})

const chain = (length: number) => Array.from({ length }, (_, i) => alias(i === 0 ? NAME : `a${i}.example`, `a${i + 1}.example`))
const ns: Answer = { type: 'NS', name: 'kite.example', ttl: 60, data: 'ns.example' }
test.each<[string, Answer[], Response]>([
  ['FORMERR', [], { rcode: 1 }],
  ['SERVFAIL', FOUND, { rcode: 2 }],
  ['REFUSED', [], { rcode: 5 }],
  [
    'an rcode continued in EDNS',
    [],
    { additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 512, extendedRcode: 1, ednsVersion: 0, flags: 0, flag_do: false, options: [] }] },
  ],
  ['NXDOMAIN beside records', FOUND, { rcode: 3 }],
  ['a referral', [], { authorities: [ns] }],
  ['an alias the server did not follow', [alias(NAME, 'b.example')], { flags: 0 }],
  ['an answer about something else alone', [txt('other.example', 'evil')], {}],
  ['a Kelvin sign for a k', [txt(NAME.replace('k', '\u212a'), 'evil')], {}],
  ['an alias of itself', [alias(NAME, NAME)], {}],
  ['a loop of aliases', [alias(NAME, 'b.example'), alias('b.example', NAME)], {}],
  ['too many aliases', [...chain(9), txt('a9.example', 'a')], {}],
  ['two aliases', [alias(NAME, 'b.example'), alias(NAME, 'c.example'), txt('b.example', 'a')], {}],
  ['an alias beside a record', [alias(NAME, 'b.example'), ...FOUND], {}],
  ['a value that is not UTF-8', [txt(NAME, Buffer.from([0xff]))], {}],
])('%s is a failure, never absence', async (_, answers, changes) => {
  await expect(lookUp(says(answers, changes))).rejects.toThrow(`TXT of ${NAME}: 127.0.0.1`)
})
