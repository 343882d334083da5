/** Broken networks, for real: DNS, addresses and certificates, on loopback. The command says what is broken there and where it is mended. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { openNetwork } from '../harness/node/network.ts'
import { commandLine, temporaryFolder } from './harness-cli-rig.ts'
import { USER } from './harness-rig.ts'
import { nameServer, respond, txt } from './spec/dns-fixture.ts'
import { answer, ca, createCa, NAME, peer } from './spec/tls-fixture.ts'

/** How the command fails for a service at a port of this machine. */
async function failure(environment: Record<string, string>, port = 443): Promise<{ message: string; hint: string }> {
  const { origin } = new URL(`https://${NAME}:${port}`)
  const line = ['token', '--service', origin, '--user', USER, '--task', 'Read', '--json']
  const { code, json } = await commandLine().runAs({ openNetwork, environment }, ...line)
  expect([code, json.error.step, json.error.peer]).toEqual([1, 'discover', origin])
  return json.error
}

/** A name server that knows the record of that service, and its address. */
async function names(port: number): Promise<{ AGENTPASS_RESOLVER: string }> {
  const { server } = await nameServer((query) => {
    const { type = '', name = '' } = query.questions?.[0] ?? {}
    if (type === 'TXT') return [respond(query, [txt(name, `https://${NAME}:${port}/service`)])]
    return [respond(query, type === 'A' ? [{ type: 'A', name, ttl: 60, data: '127.0.0.1' }] : [])]
  })
  return { AGENTPASS_RESOLVER: server }
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = z.object({ port: z.number() }).parse(server.address())
  await once(server.close(), 'close')
  return port
}

const ALLOWED = { AGENTPASS_ALLOW_PRIVATE: '127.0.0.0/8' }

test('DNS servers that are dead: they are named, and where others are set', async () => {
  const server = `127.0.0.1:${await closedPort()}`
  const { message, hint } = await failure({ AGENTPASS_RESOLVER: server })
  expect(message).toContain(`the DNS look-up failed: cannot look up TXT of _agentpass-service.${NAME}: ${server}: `)
  expect(hint).toBe('DNS does not answer: check the network, or name other servers in network.dns_servers or AGENTPASS_RESOLVER')
})

test('a certificate of nobody this machine trusts, one for another name, and one that is out of date', async () => {
  const file = join(temporaryFolder(), 'ca.pem')
  writeFileSync(file, ca.pem)
  const stranger = await createCa()
  const certificates = [await stranger.issue(NAME), await ca.issue('other.example'), await ca.issue(NAME, -1)]
  const hints = ['the PEM file of its issuer in network.ca_file or AGENTPASS_CA', 'for another name: check the URL', "by this machine's clock"]
  for (const [index, certificate] of certificates.entries()) {
    const { port } = await peer(answer('{}'), certificate)
    const { message, hint } = await failure({ ...ALLOWED, ...(await names(port)), AGENTPASS_CA: file }, port)
    expect(message).toContain('the configuration document cannot be fetched: ')
    expect(hint).toContain(hints[index])
  }
})

test('an address in a private network: nobody is contacted there, unless it is allowed', async () => {
  const { port, sockets } = await peer(answer('{}'))
  const { message, hint } = await failure(await names(port), port)
  expect(message).toContain('refused to connect to a private address')
  expect(hint).toContain('network.allow_private or AGENTPASS_ALLOW_PRIVATE')
  expect(sockets).toEqual([])
})

test('a host where nobody answers', async () => {
  const port = await closedPort()
  expect((await failure({ ...ALLOWED, ...(await names(port)) }, port)).hint).toBe(
    "nobody answers there: check that the peer is up, and this machine's network",
  )
})
