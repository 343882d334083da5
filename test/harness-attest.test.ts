/** Who attests our Harness: a vendor's key, or the token endpoint of a CI job; and what happens when they do not. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hono } from 'hono'
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { HarnessSettings } from '../harness/settings.ts'
import { verifyHarness } from '../spec/attestation.ts'
import { createPinnedKeys } from '../spec/keys.ts'
import { importKey } from '../spec/node/verify.ts'
import { IssuanceRequest } from '../spec/wire/issuance.ts'
import { commandLine, TOKEN_LINE } from './harness-cli-rig.ts'
import { ACME, DESK } from './harness-rig.ts'
import { HOLDER, jws } from './spec/jws-fixture.ts'
import { VENDOR } from './vendor.ts'

const ISSUE = `${ACME}/some/where/issue`
const JOB = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://actions.example/token?api-version=2.0', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret-of-the-job' }
const tokenFor = (aud: unknown): string => jws({ alg: 'ES256', typ: 'JWT' }, { sub: 'repo:acme/desk', aud }, { key: HOLDER })
type CommandLine = Pick<ReturnType<typeof commandLine>, 'posted' | 'runAs'>

/** The one request that was sent, and the audience of tokens about it. */
async function request(c: CommandLine) {
  const [body, ...others] = c.posted(ISSUE)
  expect(others).toEqual([])
  return { ...body, audience: `${ACME}#jkt=${await calculateJwkThumbprint(body.harness.cnf.jwk)}` }
}

/** The command fails at the step issue, the Authority is sent nothing, and what is said names neither secret nor token. */
async function expectUnattested(c: CommandLine, environment: Record<string, string>, said: string | RegExp) {
  const { code, err, out } = await c.runAs({ environment }, ...TOKEN_LINE, '--json')
  expect([code, c.posted(ISSUE), c.posted(`${DESK}/redeem/bearer`)]).toEqual([1, [], []])
  const { error } = JSON.parse(out)
  expect(error).toMatchObject({ step: 'issue', peer: ACME, message: expect.stringMatching(said), hint: expect.stringMatching(/\w/) })
  expect(err + out).not.toMatch(/secret|eyJ/)
}

async function vendored(settings: string, profile = 'core-0.1') {
  const c = commandLine()
  c.settings(`profile: ${profile}\nharness_id: ticket-bot\nattestation: { vendor_key: { file: vendor.json, issuer: ${VENDOR}${settings} } }`)
  const file = join(c.home, '.config/agentpass/vendor.json')
  const { jwk } = (await c.run('key', file, '--json')).json
  return { ...c, file, jwk }
}

test.each(['core-0.1', 'hardened'] as const)(
  "in %s a vendor's key attests the Harness and the key of each task, as an Authority verifies it [HAR-ISS-08]",
  async (profile) => {
    const c = await vendored('', profile)
    expect((await c.run(...TOKEN_LINE)).code).toBe(0)
    const body = await request(c)
    const { jwt } = body.harness.attestation
    const { iat = 0 } = decodeJwt(jwt)
    expect(decodeJwt(jwt)).toEqual({ iss: VENDOR, sub: 'ticket-bot', cnf: { jwk: body.harness.cnf.jwk }, iat, exp: iat + 300 })
    expect(decodeProtectedHeader(jwt)).toEqual({ alg: 'ES256', typ: profile === 'hardened' ? 'agentpass-harness-attestation+jwt' : 'JWT' })
    const pinned = { issuers: new Map([[VENDOR, createPinnedKeys([c.jwk], importKey)]]), workloads: new Map(), authority: ACME }
    expect(await verifyHarness(IssuanceRequest.parse(body), { now: c.now(), profile, ...pinned })).toEqual({
      issuer: VENDOR,
      shownAs: VENDOR,
      id: 'ticket-bot',
      at: iat,
    })
  },
)

test('the settings may say as what the Harness is attested, for how long, and the name of the key', async () => {
  const c = await vendored(', subject: acme/ticket-bot, lifetime_seconds: 60, kid: v7')
  await c.run(...TOKEN_LINE)
  const { jwt } = (await request(c)).harness.attestation
  const { sub, iat = 0, exp } = decodeJwt(jwt)
  expect([sub, exp, decodeProtectedHeader(jwt).kid]).toEqual(['acme/ticket-bot', iat + 60, 'v7'])
})

test('a Harness does not attest itself [HAR-ISS-08]', async () => {
  const c = await vendored('')
  c.settings(`harness_id: ${VENDOR}\nattestation: { vendor_key: { file: vendor.json, issuer: ${VENDOR} } }`)
  await expectUnattested(c, {}, /^the issuer of the attestation is the harness itself$/)
})

test.each<[string, (file: string) => void]>([
  ['others may read', (file) => chmodSync(file, 0o640)],
  ['is no key', (file) => writeFileSync(file, '{}')],
])("a vendor's key that %s ends the command before anybody is asked", async (_, spoil) => {
  const c = await vendored('')
  const { d } = JSON.parse(readFileSync(c.file, 'utf8'))
  spoil(c.file)
  const { code, err } = await c.run(...TOKEN_LINE)
  expect([code, c.calls, c.lookups]).toEqual([1, [], []])
  expect(err).toMatch(/agentpass: error: the vendor key .*vendor\.json cannot be used/)
  expect(err).not.toContain(d)
})

function job(answer: (audience: string) => Response = (audience) => Response.json({ value: tokenFor(audience), count: 1 })) {
  const c = commandLine()
  c.settings('attestation: { github_actions: true }')
  c.net.host(
    'https://actions.example',
    new Hono().get('/token', (context) => answer(context.req.query('audience') ?? '')),
  )
  return c
}

test("a job of GitHub Actions is attested by a token for the Authority and the task's key, which only its endpoint and the Authority see", async () => {
  const c = job()
  const { code, out, err } = await c.runAs({ environment: JOB }, ...TOKEN_LINE)
  const { harness, audience } = await request(c)
  expect([code, decodeJwt(harness.attestation.jwt).aud]).toEqual([0, audience])
  const [asked, ...others] = c.calls.filter(({ url }) => url.startsWith('https://actions.example/'))
  expect([asked?.method, asked?.url, others]).toEqual(['GET', `${JOB.ACTIONS_ID_TOKEN_REQUEST_URL}&audience=${encodeURIComponent(audience)}`, []])
  expect(asked?.headers.get('authorization')).toBe('Bearer secret-of-the-job')
  expect(out + err).not.toMatch(/secret-of-the-job|eyJ/)
  expect(JSON.stringify(c.calls.filter((call) => call !== asked))).not.toContain('secret-of-the-job')
})

test('each task has a token of its own, as it has a key', async () => {
  const c = job()
  for (const _ of 'ab') await c.runAs({ environment: JOB }, ...TOKEN_LINE)
  const [first, second] = c.posted(ISSUE).map(({ harness }) => decodeJwt(harness.attestation.jwt).aud)
  expect(first).not.toBe(second)
})

const URL_IS = (ACTIONS_ID_TOKEN_REQUEST_URL: string) => ({ ...JOB, ACTIONS_ID_TOKEN_REQUEST_URL })
test.each<[string, Record<string, string>, string]>([
  ['outside of a job', {}, 'ACTIONS_ID_TOKEN_REQUEST_URL is not set'],
  ['without the permission', { ...JOB, ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }, 'ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set'],
  ['over http', URL_IS('http://actions.example/token?v=2'), 'ACTIONS_ID_TOKEN_REQUEST_URL is no https URL'],
  ['at a URL with userinfo', URL_IS('https://secret@actions.example/token'), 'ACTIONS_ID_TOKEN_REQUEST_URL is no https URL'],
  ['where nobody answers', URL_IS('https://nobody.example/token'), 'no site at'],
  ['with a token that no header can carry', { ...JOB, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret\nof two lines' }, 'none that a header can carry'],
])('%s GitHub Actions attests nobody', async (_, environment, said) => {
  const c = job()
  await expectUnattested(c, environment, said)
  expect(c.calls.filter(({ url }) => url.startsWith('https://actions.example/'))).toEqual([])
})

test.each<[string, (audience: string) => Response, string]>([
  ['a refusal', () => Response.json({ message: 'secret' }, { status: 403 }), 'answered 403'],
  ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://evil.example/' } }), 'redirects are refused'],
  ['no JSON', () => new Response('secret'), 'it is not JSON'],
  ['no token', () => Response.json({}), 'value is missing or invalid'],
  ['what is no token', () => Response.json({ value: 'secret' }), 'not a compact JWS'],
  ['a token for another', () => Response.json({ value: tokenFor('https://cloud.example') }), 'it is for another audience'],
  ['a token for others too', (audience) => Response.json({ value: tokenFor([audience, 'https://cloud.example']) }), 'it is for another audience'],
  ['a token for the Authority, and any key', () => Response.json({ value: tokenFor(ACME) }), 'it is for another audience'],
])('where the endpoint answers with %s, the Authority is sent nothing', async (_, answer, said) => {
  await expectUnattested(job(answer), JOB, said)
})

test('a refusal of the attestation says what the Authority must know', async () => {
  const c = job()
  c.h.authority.issue = () => Response.json({ error: { code: 'invalid_attestation', message: 'no' } }, { status: 401 })
  const { err } = await c.runAs({ environment: JOB }, ...TOKEN_LINE)
  expect(err).toMatch(/agentpass: hint: check this machine's clock; .* the authority must pin who attests this harness/)
})

test.each<[string, string, string]>([
  ['nothing', '{}', ' names not exactly one of'],
  ['two sources', '{ github_actions: true, command: [a, "{audience}"] }', ' names not exactly one of'],
  ['a source that is none', '{ gitlab: true }', '.gitlab is no setting'],
  ['GitHub switched off', '{ github_actions: false }', '.github_actions is none of true'],
  ['a key without its vendor', '{ vendor_key: { file: a.json } }', '.vendor_key.issuer is missing'],
  ['too long a life', '{ vendor_key: { file: a, issuer: b, lifetime_seconds: 301 } }', '.vendor_key.lifetime_seconds is more than 300'],
  ['a command as text', '{ command: "token --audience {audience}" }', '.command is no list'],
  ['a command that is not told the audience', '{ command: ["{audience}", token] }', '.command has no argument with {audience}'],
  ['an API over http', '{ kubernetes: { api_server: "http://10.96.0.1" } }', '.kubernetes.api_server is no https origin'],
  ['an API with a path', '{ kubernetes: { api_server: "https://10.96.0.1/api" } }', '.kubernetes.api_server is no https origin'],
])('settings with %s as the attestation are misuse', async (_, attestation, problem) => {
  const c = commandLine()
  c.settings(`attestation: ${attestation}`)
  const { code, err } = await c.run(...TOKEN_LINE)
  expect([code, c.calls]).toEqual([2, []])
  expect(err).toContain(`: attestation${problem}`)
})

test('the settings that the README shows are settings', () => {
  const blocks = [...readFileSync('harness/README.md', 'utf8').matchAll(/```yaml\n(attestation:.*?)```/gs)].map(([, text = '']) => text)
  expect(blocks.length).toBeGreaterThanOrEqual(4)
  for (const text of blocks) expect(HarnessSettings.parse(parse(text)).attestation).toBeDefined()
})
