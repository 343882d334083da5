/** The peers of `test/peers/`, each a process of its own, with the adapter by which the conformance suite judges it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Ground, startGround } from '../conformance/actors/ground.ts'
import { SuiteSettings } from '../conformance/adapter.ts'
import { temporaryFolder } from './folders.ts'
import { createCertificateAuthority } from './world/ca.ts'

const ZONE = 'suite.localhost'
const PEERS = resolve(import.meta.dirname, 'peers')
const TOKEN = 'for-the-tests-alone'
const SCOPES = ['tickets:read', 'tickets:write', 'tickets:admin']

export type Rig = { ground: Ground; folder: string; tls: { key: string; cert: string }; common: object; reach: object }

/** The suite's servers, and certificates that the peers and the suite trust of each other. With `static` the suite's hosts have fixed names. */
export async function peersRig(names: 'dns' | 'static' = 'dns'): Promise<Rig> {
  const folder = temporaryFolder()
  const ground = await startGround(SuiteSettings.parse({ zone: ZONE, names }), 'core-0.1', 'peers')
  onTestFinished(ground.stop)
  const ca = await createCertificateAuthority()
  const hosts = ['peer-authority.localhost', 'peer-service.localhost']
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const issued = await ca.issue(hosts)
  const reach = { ca_file: write('peers-ca.pem', ca.pem), hosts: Object.fromEntries(hosts.map((host) => [host, '127.0.0.1'])) }
  const common = { dns_server: `127.0.0.1:${ground.dns.port}`, ca_file: write('suite-ca.pem', ground.ca) }
  return { ground, folder, tls: { key: write('peer.key', issued.key), cert: write('peer.pem', issued.cert) }, common, reach }
}

/** Starts the Authority; `lifetimes` are in seconds. Gives its part of the adapter. */
async function startOneAuthority({ ground, folder, tls, common }: Rig, lifetimes: object) {
  const [port, door] = [await freePort(), await freePort()]
  const identifier = `https://peer-authority.localhost:${port}`
  const vendor = ground.hosts.origin('vendor')
  const configuration_url = await startPeer(folder, 'authority', {
    ...common,
    ...{ identifier, listen: { host: '127.0.0.1', port }, tls, domains: [`users.${ZONE}`], trust_mode: 'enterprise', lifetimes },
    attestation_issuers: [{ issuer: vendor, jwks_uri: `${vendor}/jwks.json` }],
    decisions: { port: door, token: TOKEN },
  })
  const decide = (verb: string, json: object = {}) => [
    { url: `http://127.0.0.1:${door}/{id}/${verb}`, headers: { authorization: `Bearer ${TOKEN}` }, json },
  ]
  return {
    configuration_url,
    lifetimes,
    decisions: {
      approve: decide('approve', { scope: '{scopes}' }),
      deny: decide('deny'),
      cancel: decide('cancel'),
      revoke: decide('revoke'),
      narrow: decide('narrow', { scope: '{scopes}' }),
    },
    doors: ['approve', 'revoke'].map((verb) => ({ url: `http://127.0.0.1:${door}/{id}/${verb}`, json: {} })),
  }
}

export async function peerAuthority(rig: Rig): Promise<object> {
  const { doors, ...main } = await startOneAuthority(rig, { decision_seconds: 900, pass_seconds: 120, authorization_seconds: 3600 })
  const { doors: _, ...short } = await startOneAuthority(rig, { decision_seconds: 3, pass_seconds: 3, authorization_seconds: 4 })
  const domains = { users_domain: `users.${ZONE}`, foreign_domain: `elsewhere.${ZONE}` }
  return {
    suite: { zone: ZONE },
    reach: rig.reach,
    authority: { ...main, ...domains, pins_vendor: true, decision_doors: doors, variants: { short } },
  }
}

export async function peerService(rig: Rig): Promise<object> {
  const { ground, folder, tls, common, reach } = rig
  const port = await freePort()
  const origin = `https://peer-service.localhost:${port}`
  const pin = (host: string) => ({
    authority: ground.hosts.origin(host),
    authority_configuration_url: `${ground.hosts.origin(host)}/.well-known/agentpass-authority`,
  })
  const lacking = `bob@people.${ZONE}`
  const configuration_url = await startPeer(folder, 'service', {
    ...common,
    ...{ origin, listen: { host: '127.0.0.1', port }, tls, scopes: SCOPES, check_seconds: 1 },
    trust: { federated: [pin('federated'), pin('federated-2')] },
    users: { [lacking]: SCOPES.slice(0, 2) },
  })
  const service = {
    configuration_url,
    users: { all: `ada@people.${ZONE}`, lacking, domains: Array.from({ length: 60 }, (_, i) => `people-${i + 1}.${ZONE}`) },
    scopes: { all: SCOPES, lacked: 'tickets:admin' },
    protected: Object.fromEntries(SCOPES.map((scope) => [scope, `${origin}/api/${encodeURIComponent(scope)}`])),
    whoami: `${origin}/session/me`,
    destination: `${origin}/session/me`,
    check_seconds: 1,
  }
  return { suite: { zone: ZONE }, reach, service }
}

export async function peerHarness({ folder, common, reach }: Rig): Promise<object> {
  const config = join(folder, 'harness.json')
  writeFileSync(config, JSON.stringify({ harness_id: 'peer-harness', ...common }))
  const trip = (type: string) => [
    process.execPath,
    join(PEERS, 'harness.mjs'),
    config,
    '--type',
    type,
    '--service',
    '{service}',
    '--user',
    '{user}',
    '--task',
    '{task}',
  ]
  const harness = {
    bearer: [...trip('bearer'), '--call', '{url}'],
    browser: trip('browser'),
    options: { scope: ['--scope', '{scope}'], authority: ['--authority', '{authority}'], destination: ['--destination', '{destination}'] },
  }
  return { suite: { zone: ZONE }, reach, harness }
}

/** Starts a peer; gives where its document is, as its first line says it. */
async function startPeer(folder: string, name: string, settings: object): Promise<string> {
  const config = join(folder, `${name}-${await freePort()}.json`)
  writeFileSync(config, JSON.stringify(settings))
  const child: ChildProcess = spawn(process.execPath, [join(PEERS, `${name}.mjs`), config], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`the peer ${name} ended before it was ready`)))
  ended.catch(() => undefined)
  const [line] = await Promise.race([once(child.stdout ?? child, 'data'), ended])
  return String(JSON.parse(String(line)).configuration_url)
}

const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const server = createServer()
    server.once('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address ? address.port : 0))
    })
  })
