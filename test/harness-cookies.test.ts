import { expect, test } from 'vitest'
import { readCookies } from '../harness/cookies.ts'

const NOW = 1_700_000_000
const URL = 'https://app.desk.example/agent/begin?x=1'
const read = (...lines: string[]) => readCookies(lines, URL, NOW)
const one = (line: string) => read(line)[0]

test('a cookie is read with everything that says where and how long it is sent', () => {
  expect(read('__Host-agent=a=b; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=600')).toEqual([
    {
      ...{ name: '__Host-agent', value: 'a=b', domain: 'app.desk.example', path: '/' },
      ...{ expires: NOW + 600, httpOnly: true, secure: true, sameSite: 'Strict' },
    },
  ])
  expect(one('a=')).toEqual({
    ...{ name: 'a', value: '', domain: 'app.desk.example', path: '/agent' },
    ...{ expires: -1, httpOnly: false, secure: false, sameSite: 'Lax' },
  })
})

test.each([
  ['Path=/', '/'],
  ['Path=/x/y', '/x/y'],
  ['Path=x', '/agent'],
  ['Path=', '/agent'],
  ['path=/a; PATH=/b', '/b'],
])('the path of %s is %s', (attribute, path) => {
  expect(one(`a=b; ${attribute}`)).toMatchObject({ path })
})

test('of the page at the root, the path is the root', () => {
  expect(readCookies(['a=b'], 'https://desk.example/begin', NOW)).toMatchObject([{ path: '/' }])
})

test.each([
  ['Domain=app.desk.example', '.app.desk.example'],
  ['Domain=.desk.example', '.desk.example'],
  ['Domain=DESK.example', '.desk.example'],
  ['Domain=', 'app.desk.example'],
  ['Domain=other.example', undefined],
  ['Domain=x.app.desk.example', undefined],
  ['Domain=sk.example', undefined],
  ['Domain=example', undefined],
  ['Domain=desk.example.evil.example', undefined],
  ['Domain=desk example', undefined],
])('a cookie with %s is for %s', (attribute, domain) => {
  expect(one(`a=b; ${attribute}`)?.domain).toBe(domain)
})

test.each([
  ['https://192.0.2.7/', '192.0.2.7', '192.0.2.7'],
  ['https://192.0.2.7/', '2.7', undefined],
  ['https://[2001:db8::1]/', 'db8', undefined],
  ['https://desk/', 'desk', 'desk'],
])('the host %s gives a cookie of the domain %s to %s', (url, attribute, domain) => {
  expect(readCookies([`a=b; Domain=${attribute}`], url, NOW)[0]?.domain).toBe(domain)
})

test.each([
  ['Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', NOW + 60],
  ['Max-Age=abc; Expires=Tue, 14 Nov 2023 22:14:20 GMT', NOW + 60],
  ['Expires=Tue, 14 Nov 2023 22:14:20', -1],
  ['Expires=soon', -1],
  ['Max-Age=99999999999', NOW + 400 * 86_400],
  ['Expires=Fri, 31 Dec 9999 23:59:59 GMT', NOW + 400 * 86_400],
])('a cookie with %s expires at %i', (attribute, expires) => {
  expect(one(`a=b; ${attribute}`)).toMatchObject({ expires })
})

test.each(['Max-Age=0', 'Max-Age=-5', 'Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'Expires=Tue, 14 Nov 2023 22:13:20 GMT'])(
  'a cookie with %s is over, and takes an older one along',
  (attribute) => {
    expect(read('a=b', 'c=d', `a=; ${attribute}`)).toMatchObject([{ name: 'c' }])
  },
)

test.each([
  '__Host-a=b; Path=/',
  '__Host-a=b; Secure',
  '__Host-a=b; Path=/x; Secure',
  '__Host-a=b; Path=/; Secure; Domain=app.desk.example',
  '__host-a=b; Path=/',
  '__Secure-a=b; Path=/',
  'a=b; SameSite=None',
  'a',
  '=b',
  ' ; a=b',
  'a=b\u0007; Path=/',
  'a=b; Path=/\u0000',
  `a=${'x'.repeat(4096)}`,
])('%j is no cookie', (line) => {
  expect(read(line)).toEqual([])
})

test('an attribute that is too long does not count, and of equal cookies the last does', () => {
  expect(one(`a=b; Path=/${'x'.repeat(1024)}`)).toMatchObject({ path: '/agent' })
  expect(read('a=1', 'a=2', 'a=3; Path=/')).toMatchObject([
    { value: '2', path: '/agent' },
    { value: '3', path: '/' },
  ])
})
