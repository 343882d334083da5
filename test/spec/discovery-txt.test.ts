import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readTxt } from '../../spec/discovery.ts'
import { U } from './discovery-fixture.ts'

const LONG = `https://agents.acme.example/${'x'.repeat(2048 - 28)}`
const RECORDS: [string[], string, string][] = [
  [[], 'absent', '[DISC-ENT-08]'],
  [[U], U, '[DISC-ENT-03]'],
  [[` ${U}`], U, '[DISC-ENT-03]'],
  [[`\t ${U} \t`], U, '[DISC-ENT-03]'],
  [[U, U], U, '[DISC-ENT-06]'],
  [[U, ` ${U} `], U, '[DISC-ENT-06]'],
  [[U, 'v=spf1 -all'], U, '[DISC-ENT-06]'],
  [['v=spf1 -all', '', U, 'hello'], U, '[DISC-ENT-06]'],
  [[LONG], LONG, '[DISC-ENT-03]'],
  [['HTTPS://agents.acme.example/a.json'], 'HTTPS://agents.acme.example/a.json', '[DISC-ENT-03]'],
  [['https://agents.acme.example'], 'https://agents.acme.example', '[DISC-ENT-03]'],
  [['https://agents.acme.example:8443/a?b=c'], 'https://agents.acme.example:8443/a?b=c', '[DISC-ENT-03]'],
  [['none'], 'disabled', '[DISC-ENT-04]'],
  [[' none\t'], 'disabled', '[DISC-ENT-04]'],
  [['none', 'none'], 'disabled', '[DISC-ENT-06]'],
  [['none', 'hello'], 'disabled', '[DISC-ENT-06]'],
  [['none', U], 'failed', '[DISC-ENT-06 DISC-ENT-07]'],
  [[U, `${U}x`], 'failed', '[DISC-ENT-06]'],
  [[U, `${U}/`], 'failed', '[DISC-ENT-06]'],
  [['NONE'], 'failed', '[DISC-ENT-05]'],
  [['None'], 'failed', '[DISC-ENT-05]'],
  [['none.'], 'failed', '[DISC-ENT-05]'],
  [['none;x'], 'failed', '[DISC-ENT-05]'],
  [['"none"'], 'failed', '[DISC-ENT-05]'],
  [['none\n'], 'failed', '[DISC-ENT-05]'],
  [['\u00a0none'], 'failed', '[DISC-ENT-05]'],
  [[''], 'failed', '[DISC-ENT-03]'],
  [['   '], 'failed', '[DISC-ENT-03]'],
  [['hello'], 'failed', '[DISC-ENT-03]'],
  [[`${LONG}x`], 'failed', '[DISC-ENT-11]'],
  [['http://agents.acme.example/'], 'failed', '[DISC-ENT-03 DISC-SVC-03]'],
  ...[
    'ftp://agents.acme.example/',
    'javascript:alert(1)',
    'data:,x',
    '//agents.acme.example/',
    'https:agents.acme.example',
    'https:/agents.acme.example',
    'https:///agents.acme.example',
    'https://',
    'https://?x',
    'https://agents.acme.example:99999/',
    'https://agents acme.example/',
    'https://agents.acme.example/a b',
    'https://agents.acme.example/a\tb',
    'https://agents.acme.example/a\nb',
    'https://agents.acme.example/a\r\nHost: evil',
    'https://agents.acme.example/a\0b',
    'https://agents.acme.example/a\0',
    'https://agents.acme.example/a\u007f',
    'https://agents.acme.example\\a',
    'https:\\\\agents.acme.example/',
    'https://user@agents.acme.example/',
    'https://user:pass@agents.acme.example/',
    'https://@agents.acme.example/',
    'https://evil.example#@agents.acme.example/',
    'https://agents.acme.example/#x',
    'https://agents.acme.example/#',
    `"${U}"`,
    `'${U}'`,
    `\\"${U}\\"`,
    `url=${U}`,
    `${U} ${U}`,
    `\ufeff${U}`,
    `\u00a0${U}`,
  ].map((value): [string[], string, string] => [[value], 'failed', '[DISC-ENT-03 DISC-ENT-11]']),
]
test.each(RECORDS)('the TXT records %j are read as %s %s', (values, expected) => {
  for (const order of [values, values.toReversed()]) {
    const text = readTxt(order, true)
    expect(text.outcome === 'found' ? text.url : text.outcome).toBe(expected)
  }
})

test('none does not parse where a Service is looked up: alone it fails, beside a URL it is ignored [DISC-SVC-04]', () => {
  expect(readTxt(['none'], false).outcome).toBe('failed')
  expect(readTxt(['none', U], false)).toEqual({ outcome: 'found', url: U })
})

test('neither order nor repetition of the records, nor blanks around them, change what they say [DISC-ENT-06 DISC-ENT-07]', () => {
  const value = fc.oneof(fc.constantFrom('none', U, `${U}2`, 'NONE', 'v=spf1', ''), fc.string())
  const padded = fc.tuple(fc.constantFrom('', ' ', '\t', ' \t '), value, fc.constantFrom('', ' ', '\t')).map((parts) => parts.join(''))
  fc.assert(
    fc.property(
      fc.array(padded, { maxLength: 8 }).chain((values) => fc.tuple(fc.constant(values), fc.shuffledSubarray(values, { minLength: values.length }))),
      ([values, shuffled]) => {
        const said = (records: string[]) => {
          const text = readTxt(records, true)
          return text.outcome === 'found' ? text.url : text.outcome
        }
        expect(said(shuffled)).toBe(said(values))
        expect(said([...values, ...shuffled])).toBe(said(values))
      },
    ),
  )
})

test('only no record at all is absence: any record at the name is found, disabled or failed [DISC-ENT-08 DISC-ENT-03]', () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (values) => readTxt(values, true).outcome !== 'absent'))
})
