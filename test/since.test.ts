import { expect, test } from 'vitest'
import { readSince } from '../spec/node/since.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z') / 1000
const at = (time: string) => Date.parse(time) / 1000

test.each([
  ['90s', '2026-11-22T11:58:30Z'],
  ['30m', '2026-11-22T11:30:00Z'],
  ['12h', '2026-11-22T00:00:00Z'],
  ['7d', '2026-11-15T12:00:00Z'],
  ['2w', '2026-11-08T12:00:00Z'],
  ['0d', '2026-11-22T12:00:00Z'],
  ['2026-11-01', '2026-11-01T00:00:00Z'],
  ['2024-02-29', '2024-02-29T00:00:00Z'],
  ['2026-11-01T09:30:00Z', '2026-11-01T09:30:00Z'],
  ['2026-11-01t09:30:00.75z', '2026-11-01T09:30:00Z'],
  ['2026-11-01 09:30:00+05:30', '2026-11-01T04:00:00Z'],
])('%s is %s', (text, time) => {
  expect(readSince(text, NOW)).toBe(at(time))
})

test.each([
  '',
  'yesterday',
  '7',
  '7 d',
  '-7d',
  '1.5h',
  '7y',
  '99999999999d',
  '999999999w',
  '2026-02-31',
  '2025-02-29',
  '2026-13-01',
  '2026-11-01T09:30:00',
  '2026-11-01T25:00:00Z',
  '1700000000',
  '7d ago',
  '2026-11-01T09:30:00Z; drop',
])('%j is refused with the forms that there are', (text) => {
  expect(() => readSince(text, NOW)).toThrow(
    expect.objectContaining({ code: 'commander.invalidArgument', message: expect.stringContaining('such as 7d') }),
  )
})
