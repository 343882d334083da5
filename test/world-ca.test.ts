import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { createCertificateAuthority } from './world/ca.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function startServer(identity: { key: string; cert: string }): Promise<number> {
  const server = createServer({ ...identity, minVersion: 'TLSv1.2' }, (socket) => socket.on('error', () => socket.destroy()).end('hello'))
  server.on('tlsClientError', (_refused, socket) => socket.destroy()).listen(0, '127.0.0.1')
  closing.push(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Shakes hands as a client that asks for `host`; gives the code of the refusal. */
async function shakeHands(port: number, host: { servername?: string; host?: string }, ca: string): Promise<string> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', ca, ...host })
  closing.push(() => socket.destroy())
  const refusal = once(socket, 'error').then(([error]) => String(error.code))
  return Promise.race([once(socket, 'secureConnect').then(() => (socket.authorized ? 'accepted' : 'unauthorized')), refusal])
}

test('a client that trusts the authority accepts a server under each of its names and addresses', async () => {
  const ca = await createCertificateAuthority()
  const port = await startServer(await ca.issue(['desk.localhost', 'acme.localhost', 'localhost', '127.0.0.1']))
  for (const servername of ['desk.localhost', 'acme.localhost', 'localhost']) expect(await shakeHands(port, { servername }, ca.pem)).toBe('accepted')
  expect(await shakeHands(port, {}, ca.pem), 'by address').toBe('accepted')
})
test('a server under another name is refused', async () => {
  const ca = await createCertificateAuthority()
  const port = await startServer(await ca.issue(['desk.localhost']))
  for (const servername of ['acme.localhost', 'localhost', 'deep.desk.localhost']) {
    expect(await shakeHands(port, { servername }, ca.pem)).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
  }
  expect(await shakeHands(port, {}, ca.pem), 'by address').toBe('ERR_TLS_CERT_ALTNAME_INVALID')
})
test('a server of another world is refused', async () => {
  const [ours, theirs] = await Promise.all([createCertificateAuthority(), createCertificateAuthority()])
  const port = await startServer(await theirs.issue(['desk.localhost']))
  expect(await shakeHands(port, { servername: 'desk.localhost' }, ours.pem)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
})
test('a server certificate is signed by the authority, is none itself, and is good for servers only', async () => {
  const ca = await createCertificateAuthority()
  const root = new X509Certificate(ca.pem)
  const leaf = new X509Certificate((await ca.issue(['desk.localhost'])).cert)
  expect([root.ca, leaf.ca]).toEqual([true, false])
  expect(leaf.checkIssued(root) && leaf.verify(root.publicKey)).toBe(true)
  expect(leaf.keyUsage, 'extended key usage').toEqual(['1.3.6.1.5.5.7.3.1'])
})
test('a certificate is valid from an hour ago for seven days, with a serial number and a key of its own', async () => {
  const before = Date.now()
  const ca = await createCertificateAuthority()
  const issued = await Promise.all([ca.issue(['a.localhost']), ca.issue(['a.localhost'])])
  const certificates = [ca.pem, ...issued.map(({ cert }) => cert)].map((pem) => new X509Certificate(pem))
  for (const { validFrom, validTo } of certificates) {
    const drift = [Date.parse(validFrom) - (before - 3_600_000), Date.parse(validTo) - (before + 7 * 86_400_000)]
    for (const ms of drift) expect(Math.abs(ms)).toBeLessThan(10_000)
  }
  expect(new Set(certificates.map(({ serialNumber }) => serialNumber)).size).toBe(3)
  expect(new Set(certificates.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' }))).size).toBe(3)
})
