/** The token endpoints of GitHub Actions and Kubernetes over real TLS, as the command asks them. */
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { calculateJwkThumbprint } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { openAttest } from '../harness/node/attest.ts'
import { openNetwork } from '../harness/node/network.ts'
import { loadSettings } from '../harness/node/settings.ts'
import { temporaryFolder } from './harness-cli-rig.ts'
import { ecPair, HOLDER, jws } from './spec/jws-fixture.ts'
import { listen } from './spec/tls-fixture.ts'
import { createCertificateAuthority } from './world/ca.ts'

const AUTHORITY = 'https://authority.acme.example'
const AUDIENCE = `${AUTHORITY}#jkt=${await calculateJwkThumbprint({ ...HOLDER.jwk })}`
const [ca, strangers] = await Promise.all([createCertificateAuthority(), createCertificateAuthority()])
const tokenFor = (aud: unknown, sub = 'system:serviceaccount:agents:desk-bot'): string =>
  jws({ alg: 'ES256', kid: 'k' }, { iss: 'https://cluster.example', sub, aud }, { key: ecPair('P-256') })

type Asked = { method: string | undefined; path: string; authorization: string | undefined; body: any }
/** An endpoint at 127.0.0.1 with a certificate for that, which a private CA issued; it answers everybody the same. */
async function endpoint(answer: (asked: Asked) => [status: number, body: object], issuer = ca) {
  const seen: Asked[] = []
  const server = createServer(await issuer.issue(['127.0.0.1']), async (req, res) => {
    const text = await bodyOf(req)
    const asked = {
      method: req.method,
      path: req.url ?? '',
      authorization: req.headers.authorization,
      body: text === '' ? undefined : JSON.parse(text),
    }
    seen.push(asked)
    const [status, body] = answer(asked)
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  const { port } = await listen(server, 0, '127.0.0.1')
  return { origin: `https://127.0.0.1:${port}`, port, seen }
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  req.on('data', (part) => parts.push(part))
  await once(req, 'end')
  return Buffer.concat(parts).toString()
}

/** What attests the Harness by these settings, in an environment; the networks are real. */
async function attesting(yaml: string, environment: Record<string, string> = {}, network = 'network: {}') {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'config.yaml'), `attestation: ${yaml}\n${network}\n`)
  writeFileSync(join(folder, 'ca.pem'), ca.pem)
  const settings = loadSettings({ HOME: folder }, join(folder, 'config.yaml'))
  const reached = openNetwork(settings.network)
  onTestFinished(reached.close)
  const io = { out: async () => {}, err: () => {}, isTerminal: false, ask: undefined, readInput: async () => new Uint8Array() }
  const outside = { io, environment, now: () => 1_800_000_000, openNetwork, signal: new AbortController().signal }
  const attest = await openAttest(outside, settings, reached)
  return { folder, attest: () => attest!({ authority: AUTHORITY, jwk: { ...HOLDER.jwk }, harnessId: 'h' }) }
}

const POD_TOKEN = tokenFor(['https://kubernetes.default.svc'])
/** A pod's service account as it is mounted. */
function mount(folder: string, files: Record<string, string> = {}) {
  mkdirSync(join(folder, 'account'))
  const mounted = { token: `${POD_TOKEN}\n`, 'ca.crt': ca.pem, namespace: 'agents', ...files }
  for (const [name, text] of Object.entries(mounted)) writeFileSync(join(folder, 'account', name), text)
}
const granting = ({ body }: Asked): [number, object] => [201, { kind: 'TokenRequest', status: { token: tokenFor(body.spec.audiences) } }]
const AT = '{ kubernetes: { folder: account } }'
const cluster = (port: number) => ({ KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) })

test("a pod asks its cluster for a token of its own account, for the Authority and the task's key", async () => {
  const api = await endpoint(granting)
  const pod = await attesting(AT, cluster(api.port))
  mount(pod.folder)
  const [, payload = ''] = (await pod.attest()).split('.')
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ sub: 'system:serviceaccount:agents:desk-bot', aud: [AUDIENCE] })
  const spec = { audiences: [AUDIENCE], expirationSeconds: 600 }
  expect(api.seen).toEqual([
    {
      ...{ method: 'POST', path: '/api/v1/namespaces/agents/serviceaccounts/desk-bot/token', authorization: `Bearer ${POD_TOKEN}` },
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
    },
  ])
})

test('the settings may name the API of the cluster', async () => {
  const api = await endpoint(granting)
  const pod = await attesting(`{ kubernetes: { folder: account, api_server: "${api.origin}" } }`)
  mount(pod.folder)
  expect(await pod.attest()).toMatch(/^eyJ/)
})

test('an API that the CA of the cluster does not vouch for is told nothing', async () => {
  const api = await endpoint(granting, strangers)
  const pod = await attesting(AT, cluster(api.port))
  mount(pod.folder)
  await expect(pod.attest()).rejects.toMatchObject({ step: 'issue', message: expect.stringContaining('Kubernetes gave no token') })
  expect(api.seen).toEqual([])
})

test.each<[string, (asked: Asked) => [number, object], Record<string, string>, string]>([
  ['whose account may not', () => [403, { kind: 'Status', message: 'secret' }], {}, 'answered 403'],
  ['whose cluster answers something else', () => [201, { status: {} }], {}, 'status.token is missing or invalid'],
  ['whose cluster passes its own token back', () => [201, { status: { token: POD_TOKEN } }], {}, 'it is for another audience'],
  ['whose token is of no account', granting, { token: tokenFor('x', 'system:node:worker-1') }, 'of no service account'],
  ['whose token names a path', granting, { token: tokenFor('x', 'system:serviceaccount:agents:../x') }, 'of no service account'],
  ['whose token is garbled', granting, { token: 'secret' }, 'not a compact JWS'],
  ['whose CA is garbled', granting, { 'ca.crt': 'none' }, 'gave no token'],
])('a pod %s is not attested, and no secret is told', async (_, answer, files, said) => {
  const api = await endpoint(answer)
  const pod = await attesting(AT, cluster(api.port))
  mount(pod.folder, files)
  const failure = await pod.attest().catch((thrown) => thrown)
  expect(failure).toMatchObject({ name: 'TripFailure', step: 'issue', peer: AUTHORITY, message: expect.stringContaining(said) })
  expect(failure.message + failure.hint).not.toMatch(/secret|eyJ/)
})

test('what is no pod says so', async () => {
  const nothing = await attesting(AT)
  await expect(nothing.attest()).rejects.toMatchObject({ message: expect.stringContaining('ENOENT') })
  mount(nothing.folder)
  await expect(nothing.attest()).rejects.toMatchObject({ message: expect.stringContaining('KUBERNETES_SERVICE_HOST is not set') })
})

const job = (origin: string) => ({ ACTIONS_ID_TOKEN_REQUEST_URL: `${origin}/token?v=2`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret-of-the-job' })
const PRIVATE = 'network: { ca_file: ca.pem, allow_private: [127.0.0.0/8] }'

test('a job of GitHub Actions gets its token over TLS, from where its environment says', async () => {
  const actions = await endpoint(({ path }) => [200, { value: tokenFor(new URL(path, 'https://x').searchParams.get('audience')) }])
  const { attest } = await attesting('{ github_actions: true }', job(actions.origin), PRIVATE)
  expect(await attest()).toMatch(/^eyJ/)
  expect(actions.seen).toEqual([
    { method: 'GET', path: `/token?v=2&audience=${encodeURIComponent(AUDIENCE)}`, authorization: 'Bearer secret-of-the-job', body: undefined },
  ])
})

test('an endpoint at a private address is asked for a job only where the settings permit that network', async () => {
  const actions = await endpoint(() => [200, { value: 'x' }])
  const { attest } = await attesting('{ github_actions: true }', job(actions.origin), 'network: { ca_file: ca.pem }')
  await expect(attest()).rejects.toMatchObject({ message: expect.stringContaining('private address') })
  expect(actions.seen).toEqual([])
})
