/** The command as a process, and on loopback, with real DNS and TLS, the host that it meets. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Answer } from 'dns-packet'
import { onTestFinished } from 'vitest'
import { compiled } from './compiled.ts'
import { temporaryFolder } from './harness-cli-rig.ts'
import { PASS, TOKEN } from './harness-rig.ts'
import { nameServer, respond, txt } from './spec/dns-fixture.ts'
import { ca, NAME, peer } from './spec/tls-fixture.ts'

/** Starts the command as people do. `said` waits until it has said something on standard error. */
export function start(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [compiled('harness/main.js'), ...args], { env: { PATH: process.env.PATH, HOME: temporaryFolder(), ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const heard = { out: '', err: '' }
  child.stdout.on('data', (data) => (heard.out += data))
  child.stderr.on('data', (data) => (heard.err += data))
  child.stdin.end()
  const ended = once(child, 'close').then(([code]) => ({ code, ...heard }))
  const said = async (text: string) => {
    while (!heard.err.includes(text)) await Promise.race([once(child.stderr, 'data'), ended.then(({ err }) => Promise.reject(new Error(err)))])
  }
  return { child, ended, said }
}

/** One host that is Service and Authority, and everything the command needs to reach it. `asked` is what it was asked, `bodies` what was sent along, in the same order. */
export async function loopback(pages: Record<string, (res: ServerResponse, req: IncomingMessage) => void>) {
  const asked: string[] = []
  const bodies: string[] = []
  const host = await peer((req, res) => {
    const index = asked.push(`${req.method} ${req.url}`) - 1
    bodies[index] = ''
    req.on('data', (data) => (bodies[index] += data))
    req.on('end', () => (pages[`${req.method} ${req.url}`] ?? (() => res.writeHead(404).end()))(res, req))
  })
  const origin = host.url.slice(0, -1)
  const records: Record<string, Answer> = {
    [`TXT _agentpass-service.${NAME}`]: txt(`_agentpass-service.${NAME}`, `${origin}/service`),
    [`A ${NAME}`]: { type: 'A', name: NAME, ttl: 60, data: '127.0.0.1' },
  }
  const { server } = await nameServer((query) => {
    const record = records[`${query.questions?.[0]?.type} ${query.questions?.[0]?.name}`]
    return [respond(query, record ? [record] : [])]
  })
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'ca.pem'), ca.pem)
  const env = {
    ...{ HOME: folder, AGENTPASS_USER: 'ada@acme.example', AGENTPASS_RESOLVER: server },
    ...{ AGENTPASS_CA: join(folder, 'ca.pem'), AGENTPASS_ALLOW_PRIVATE: '127.0.0.0/8' },
  }
  const json = (body: unknown) => (res: ServerResponse) => void res.writeHead(200).end(JSON.stringify(body))
  const authority = { authority: origin, authority_configuration_url: `${origin}/authority` }
  const endpoints = {
    issuance: `${origin}/issue`,
    issuance_status: `${origin}/status/{id}`,
    validate: `${origin}/v`,
    authorization_check: `${origin}/c`,
  }
  const use = (path: string) => `${origin}${path}`
  const ours = {
    resolve_authorities: use('/resolve'),
    available_scopes: use('/s'),
    redeem_browser_session: use('/b'),
    redeem_bearer_token: use('/redeem'),
    revoke: use('/revoke'),
  }
  Object.assign(pages, {
    'GET /service': json({ version: '0.1', kind: 'service', service: { origin }, jwks_uri: use('/k'), trust: {}, endpoints: ours }),
    'POST /resolve': json({ service_authority: authority }),
    'GET /authority': json({ version: '0.1', authority: origin, trust_mode: 'service', jwks_uri: use('/k'), endpoints }),
    'POST /issue': json({ id: 'r1', status: 'pending', poll_after_ms: 1000, links: { approval: use('/console') } }),
    'GET /status/r1': json({ id: 'r1', status: 'approved', agentpass: { type: 'bearer_token', value: PASS } }),
    'POST /redeem': json({ bearer_token: TOKEN, scope: ['read'], expires_in: 600 }),
    'POST /revoke': json({}),
    'DELETE /status/r1': json({ id: 'r1', status: 'canceled' }),
    ...pages,
  })
  return { origin, env, asked, bodies }
}
