import { expect, test } from 'vitest'
import { emailAddress, requireSameUser } from '../../spec/email.ts'
import { authorityIdentifier, browserUrl, httpsUrl, origin } from '../../spec/origin.ts'
import { accepts } from './identifiers-fixture.ts'

const LONG = 100_000
const ADVERSARIAL = [
  'a',
  'a.',
  '.',
  '-',
  'a-',
  '@',
  'a@',
  'xn--',
  'xn--a.',
  'ä',
  'ä.',
  '\u0301',
  '/',
  '/a',
  '?',
  '#',
  '%',
  '%2',
  ':',
  '1.',
  '[',
  '\\',
  ' ',
  '\t',
  '\0',
  'https://',
  '😀',
  '\ud800',
].map((unit) => unit.repeat(LONG / unit.length))
const FRAMES: ((text: string) => string)[] = [
  (text) => text,
  (text) => `${text}@acme.example`,
  (text) => `a@${text}`,
  (text) => `a@${text}!`,
  (text) => `https://${text}`,
  (text) => `https://${text}!\0`,
  (text) => `https://h.example/${text}`,
  (text) => `https://h.example/${text}\n`,
  (text) => `https://h.example:${text}`,
  (text) => `https://h.example/#${text}\n`,
]
// The time a match takes is not measured: a pattern that backtracks would need 10^10 steps for one of these, and the run's own time limit would end it.
test.each(FRAMES.map((frame) => [frame('…'), frame] as const))('100 KB of anything in %j is refused after one look at each character', (_, frame) => {
  for (const text of ADVERSARIAL) {
    for (const schema of [emailAddress, httpsUrl, browserUrl, origin, authorityIdentifier]) expect(accepts(schema, frame(text))).toBe(false)
    requireSameUser(frame(text), frame(text), 'core-0.1')
  }
})
