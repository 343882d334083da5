/** What a report may show of an exchange: nothing that could be used, and all else as it came. */
import { expect, test } from 'vitest'
import { createRedactor } from '../conformance/report/redact.ts'
import { exchange, report, result } from './conformance-report-rig.ts'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const HEADER = { alg: 'ES256', kid: 'key-1' }
const CLAIMS = { iss: 'https://desk.example', aud: 'https://authority.example', exp: 1764353100 }
const SIGNATURE = 'c2lnbmF0dXJlLW9mLXRoZS1kZXNr'
const JWT = `${part(HEADER)}.${part(CLAIMS)}.${SIGNATURE}`
const SHOWN = '[JWT alg=ES256 kid=key-1 iss=https://desk.example aud=https://authority.example exp=1764353100 signed]'
const redactor = createRedactor()

test('of a JWT is shown what its header and claims say, and never its signature', () => {
  expect(redactor.text(`a proof ${JWT} was sent`)).toBe(`a proof ${SHOWN} was sent`)
  expect(redactor.headers({ Authorization: `Bearer ${JWT}` })).toEqual({ Authorization: `Bearer ${SHOWN}` })
  expect(createRedactor([JWT]).text(JWT)).toBe(SHOWN)
  expect(redactor.text(`${part({ alg: 'none' })}.${part(CLAIMS)}.`)).toMatch(/^\[JWT alg=none .* unsigned\]$/)
  expect(redactor.text(`eyJ!`.replace('!', `garbage.${part(CLAIMS)}.${SIGNATURE}`))).toBe('[JWT unreadable]')
  expect(redactor.text('eyewitness.example.com')).toBe('eyewitness.example.com')
})

test('what a JWT says cannot break out of where it is shown', () => {
  const sly = `${part({ alg: 'ES256', kid: '"],"x":"\n\\' })}.${part({ sub: ['a', ']'] })}.${SIGNATURE}`
  expect(() => JSON.parse(redactor.body(`{"jwt":"${sly}"}`))).not.toThrow()
  expect(redactor.text(sly).match(/[[\]"\\\n]/g)).toEqual(['[', ']'])
})

test.each([
  ['a pass, whatever stands beside its value', '{"agentpass":{"x":{"y":[{"value":"not it"}]},"value":"S3CRET"},"value":"nor this"}'],
  ['a bearer token', '{"bearer_token": "S3CRET", "scope": ["tickets:read"], "token_type": "Bearer"}'],
  ['a token whose name is written with an escape', '{"bearer_tok\\u0065n":"S3CRET"}'],
  ['a token with an escape in it', '{"token":"a\\"S3CRET"}'],
  ['a member that stands twice', '{"token":"S3CRET","token":"S3CRET"}'],
  ['everything in a form', '{"initialization":{"form_fields":{"any":"S3CRET","list":["S3CRET",{"n":"S3CRET"}]}}}'],
  ['a private key', '{"keys":[{"kty":"EC","x":"public","d":"S3CRET"}]}'],
  ['JSON that was cut', '{"agentpass":{"type":"bearer_token","value":"S3CRET'],
  ['JSON after other words', 'a delegation, got 200 {"bearer_token":"S3CRET"}'],
])('hidden: %s', (_, body) => {
  const shown = redactor.body(body)
  expect(shown).not.toContain('S3CRET')
  expect(shown.replaceAll('[redacted]', '')).toBe(body.replace(/(a\\")?S3CRET/g, ''))
})

test('that there is nothing is no secret', () => {
  const body = '{"bearer_token":null,"token":"","jwt":true}'
  expect(redactor.body(body)).toBe(body)
})

test('of an address the names in its query stay, and of its path what looks made by people', () => {
  expect(redactor.url('https://desk.example/agentpass/redeem-bearer-token?grant=abc&x=#frag')).toBe(
    'https://desk.example/agentpass/redeem-bearer-token?grant=[redacted]&x=#[redacted]',
  )
  expect(redactor.url('/requests/4f9a1c7be02d4e5f/status')).toBe('/requests/4f9a…/status')
  expect(redactor.url('https://ada:pw@host-0123456789abcdef.example:8443/a')).toBe('https://[redacted]@host-0123456789abcdef.example:8443/a')
  expect(redactor.body('{"initialization_url":"https:\\/\\/desk.example\\/begin?t=S3CRET"}')).toBe(
    '{"initialization_url":"https://desk.example/begin?t=[redacted]"}',
  )
})

test('of credentials in headers the scheme stays, and of cookies their names and attributes', () => {
  expect(
    redactor.headers({
      authorization: 'Basic YWRhOnB3',
      'Proxy-Authorization': 'YWRhOnB3',
      cookie: 'a=1; path=2, b=3',
      'set-cookie': '__Host-s=abc; Path=/; Expires=Thu, 01 Jan 2026 00:00:00 GMT; Secure; odd=x, t=y; HttpOnly',
      'X-Admin-Token': 'root',
      location: 'https://desk.example/begin?t=1',
      'www-authenticate': 'Bearer error="invalid_token"',
    }),
  ).toEqual({
    authorization: 'Basic [redacted]',
    'Proxy-Authorization': '[redacted]',
    cookie: 'a=[redacted]; path=[redacted], b=[redacted]',
    'set-cookie': '__Host-s=[redacted]; Path=/; Expires=Thu, 01 Jan 2026 00:00:00 GMT; Secure; odd=[redacted], t=[redacted]; HttpOnly',
    'X-Admin-Token': '[redacted]',
    location: 'https://desk.example/begin?t=[redacted]',
    'www-authenticate': 'Bearer error="invalid_token"',
  })
})

test('of a form the names stay, and of a page everything but what its fields hold', () => {
  expect(redactor.body('token=abc&action=begin')).toBe('token=[redacted]&action=[redacted]')
  expect(redactor.body('<form><input type=hidden name=t value="abc"><button>Go</button>')).toBe(
    '<form><input type=hidden name=t value="[redacted]"><button>Go</button>',
  )
})

test('a known secret is hidden in every spelling, the longest first; a very short one is not hidden', () => {
  const knowing = createRedactor(['pass/word', 'pass', 'x'])
  knowing.add('ö "quoted"')
  expect(knowing.text('pass/word pass%2Fword pass\\/word pass x ö "quoted" ö \\"quoted\\" %C3%B6+%22quoted%22')).toBe(
    `${Array(4).fill('[redacted]').join(' ')} x ${Array(3).fill('[redacted]').join(' ')}`,
  )
})

test('a body is cut after 4 KiB and says by how much; a secret at the cut is not cut in two', () => {
  const shown = createRedactor(['S3CRET-S3CRET']).body(`${'a '.repeat(2_045)}S3CRET-S3CRET ${'b '.repeat(50_000)}`)
  expect(shown).not.toContain('S3C')
  expect(shown).toMatch(/\n… \[100,0\d\d more characters\]$/)
  expect(shown.length).toBeLessThan(4_140)
})

test('what is too long to be searched is cut before a secret, not within it', () => {
  const long = 'L'.repeat(65_528)
  expect(createRedactor([long, 'S3CRET-S3CRET']).body(`${long} S3CRET-S3CRET and more`)).toMatch(/^\[redacted\] \n… \[22 more characters\]$/)
})

test('bytes that are no text are shown as their number', () => {
  expect(redactor.body(new Uint8Array([137, 80, 78, 71, 0, 1, 2, 255]))).toBe('[binary, 8 bytes]')
  expect(redactor.body(new TextEncoder().encode('grüße'))).toBe('grüße')
})

test('what was redacted stays as it is when it is redacted once more', () => {
  const knowing = createRedactor(['pass-1'])
  const [said] = [
    exchange({
      request: { line: `GET /requests/4f9a1c7be02d4e5f?x=1`, headers: { authorization: `Bearer ${JWT}`, cookie: 'a=1' }, body: `{"jwt":"${JWT}"}` },
    }),
  ]
  const once = knowing.report(
    report([
      result('FAIL', {
        actual: `pass-1 ${JWT}`,
        exchanges: [said!, exchange({ response: { status: 200, headers: {}, body: 'long '.repeat(2_000) } })],
      }),
    ]),
  )
  expect(knowing.report(once)).toEqual(once)
})

test('no answer is so made that reading it takes long', () => {
  for (const piece of ['e', 'ey', 'eyJa.', '"', '\\', '{"token":', '<input ', '<input value', 'a=', ',', '/', 'aB', '\n… [1'])
    for (const end of ['', '"']) {
      const long = `${piece.repeat(65_000 / piece.length)}${end}`
      const started = performance.now()
      redactor.body(long)
      redactor.headers({ 'set-cookie': long, location: long })
      expect(performance.now() - started, piece).toBeLessThan(4_000)
    }
})

test('ten thousand secrets that begin alike are hidden in no time', () => {
  const knowing = createRedactor(Array.from({ length: 10_000 }, (_, i) => `pass-${i}-${'x'.repeat(40)}`))
  const started = performance.now()
  for (let i = 0; i < 50; i++) knowing.body('{"some":"text, which is pass and nothing else"}'.repeat(80))
  expect(performance.now() - started).toBeLessThan(5_000)
})
