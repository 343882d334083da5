import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emailDomain } from '../../spec/email.ts'
import { authorityIdentifier, browserUrl, httpsUrl, origin } from '../../spec/origin.ts'
import { accepts } from './identifiers-fixture.ts'

const URLS = [
  ...[
    'https://h.example',
    'https://h.example/',
    'https://h.example:8443/a?b=c',
    'https://h.example/@acme/c',
    'https://h.example?x@y',
    'HTTPS://h.example/',
    'https://H.Example/',
  ],
  ...[
    'https://h.example:443/',
    'https://exämple.de/ä',
    'https://h.example/%00',
    'https://h.example/{x}',
    'https://[2001:db8::1]/',
    'https://127.0.0.1/',
    `https://h.example/${'x'.repeat(2048 - 18)}`,
  ],
]
test.each(URLS)('%s is a URL we fetch', (url) => {
  expect([accepts(httpsUrl, url), accepts(browserUrl, url)]).toEqual([true, true])
})
const NO_URLS = [
  ...[
    '',
    'https',
    'https:',
    'https:/',
    'https://',
    'https:///h',
    'https://?x',
    'https:h',
    'https:/h.example',
    '//h.example',
    '/path',
    'h.example',
    'https//h.example',
  ],
  ...[
    'http://h.example',
    'ftp://h.example',
    'ws://h.example',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/html,x',
    'blob:https://h.example/x',
    'httpss://h.example',
    'xhttps://h.example',
  ],
  ...[
    'https://u:p@h.example/',
    'https://u@h.example/',
    'https://@h.example/',
    'https://:@h.example/',
    'https://h.example@evil.example/',
    'https://h.example\\@evil.example/',
  ],
  ...[
    ' https://h.example',
    'https://h.example ',
    'https://h .example',
    'https://h.example/a b',
    'https://h.example/a\tb',
    'https://h.example/\n',
    'ht\ntps://h.example',
    'https://h.\nexample',
  ],
  ...[
    'https://h.example/\0',
    'https://h.example/a\u007fb',
    'https://h.example/\u0085',
    'https://h.example/\u2028',
    '\0https://h.example',
    '\ufeffhttps://h.example',
  ],
  ...[
    'https:\\\\h.example',
    'https://h.example\\a',
    'https://h.example/a\\b',
    'https://h.example:99999/',
    'https://h.example:x/',
    'https://[::1',
    'https://256.1.1.1/',
    'https://h%00.example/',
  ],
  ...[`https://h.example/${'x'.repeat(2048 - 17)}`, 'https://xn--/'],
]
test.each(NO_URLS)('%j is no URL we fetch [DISC-ENT-11]', (url) => {
  expect([accepts(httpsUrl, url), accepts(browserUrl, url), accepts(origin, url), accepts(authorityIdentifier, url)]).toEqual([
    false,
    false,
    false,
    false,
  ])
})
test.each(['https://h.example/#', 'https://h.example#x', 'https://h.example/a?b#c/d?e#f', 'https://h.example/#\\'])(
  '%s is a URL for a browser only: it has a fragment',
  (url) => {
    expect([accepts(httpsUrl, url), accepts(browserUrl, url)]).toEqual([false, true])
  },
)
test.each([
  'https://h.example/#a b',
  'https://h.example/#\n',
  'https://h.example/#\0',
  'https://u@h.example/#x',
  'http://h.example/#x',
  'https://#h.example',
])('%j is no URL for a browser either [AUTH-ISS-11]', (url) => {
  expect(accepts(browserUrl, url)).toBe(false)
})
test.each([undefined, null, 7, {}, ['https://h.example']])('%j is no URL', (url) => {
  for (const schema of [httpsUrl, browserUrl, origin, authorityIdentifier]) expect(accepts(schema, url)).toBe(false)
})
test('whatever we take for a URL to fetch is https, without userinfo and fragment, for every URL parser', () => {
  const anyUrl = fc.oneof(
    fc.webUrl({ validSchemes: ['https', 'http'], withFragments: true, withQueryParameters: true }),
    fc.string(),
    fc.string({ unit: 'binary' }).map((s) => `https://${s}`),
  )
  fc.assert(
    fc.property(anyUrl, (url) => {
      if (!accepts(httpsUrl, url)) return
      const { protocol, username, password, hash } = new URL(url)
      expect([protocol, username, password, hash]).toEqual(['https:', '', '', ''])
      expect(url).not.toMatch(/[\s\\#\p{Cc}]/u)
      expect(url.slice(8).split(/[/?]/)[0]).not.toContain('@')
    }),
    { numRuns: 3000 },
  )
})

test('a host in Latin letters beyond ASCII is read the same way the first time and the ten thousandth', () => {
  const verdicts = Array.from({ length: 20_000 }, () => accepts(httpsUrl, 'https://ex\u00e4mple.de/') && emailDomain('ada@ex\u00e4mple.de'))
  expect(new Set(verdicts)).toEqual(new Set(['xn--exmple-cua.de']))
})
