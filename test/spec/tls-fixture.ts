import 'reflect-metadata'
import { once } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer as createHttps, type ServerOptions } from 'node:https'
import { type AddressInfo, createServer, isIP, type Server, type Socket } from 'node:net'
import * as x509 from '@peculiar/x509'
import { onTestFinished } from 'vitest'
import { createGuardedFetch, type GuardOptions } from '../../spec/node/fetch.ts'

x509.cryptoProvider.set(crypto)

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 86_400_000

/** What a TLS server needs, PEM. */
export type Credentials = { key: string; cert: string }

const createKeys = () => crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])
const validity = (days: number) => ({ notBefore: new Date(Date.now() - 10 * DAY_MS), notAfter: new Date(Date.now() + days * DAY_MS) })

async function credentials(keys: CryptoKeyPair, certificate: x509.X509Certificate): Promise<Credentials> {
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  return { key, cert: certificate.toString('pem') }
}

/** A certificate authority of the test's own. `issue` certifies a DNS name, or an address, for some days from now; fewer than none have passed already. */
export async function createCa() {
  const keys = await createKeys()
  const issuer = 'CN=Test CA'
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: issuer,
    keys,
    signingAlgorithm: ECDSA,
    ...validity(30),
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)],
  })
  const issue = async (name: string, days = 10) => {
    const own = await createKeys()
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ECDSA,
      ...validity(days),
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: isIP(name) === 0 ? 'dns' : 'ip', value: name }])],
    })
    return credentials(own, certificate)
  }
  return { pem: root.toString('pem'), issue }
}

/** A certificate nobody vouches for. */
export async function createSelfSigned(name: string): Promise<Credentials> {
  const keys = await createKeys()
  const extensions = [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])]
  return credentials(
    keys,
    await x509.X509CertificateGenerator.createSelfSigned({ name: `CN=${name}`, keys, signingAlgorithm: ECDSA, ...validity(10), extensions }),
  )
}

/** Starts a server for the running test, on a free port unless told. `sockets` is whoever called; `allClosed` waits until they are gone. */
export async function listen(server: Server, port = 0, host?: string) {
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket.on('error', () => {})))
  await once(server.listen(port, host), 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const allClosed = () => Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close')))
  return { port: (server.address() as AddressInfo).port, sockets, allClosed }
}

/** Listens on every address of this machine, unless told which, for calls that should not come. */
export const canary = (port = 0, host?: string) => {
  const server = createServer((socket) => socket.destroy())
  return listen(server, port, host)
}

/** The name every peer has a certificate for. */
export const NAME = 'peer.example'
export const ca = await createCa()
const own = await ca.issue(NAME)

/** A peer on loopback with a real certificate. */
export async function peer(handler: RequestListener, options: ServerOptions = {}, host = '127.0.0.1') {
  const listening = await listen(createHttps({ ...own, ...options }, handler), 0, host)
  return { ...listening, url: `https://${NAME}:${listening.port}/` }
}

/** A peer's plain answer. */
export const answer =
  (body: string | Buffer, headers = {}) =>
  (_: IncomingMessage, res: ServerResponse) =>
    res.writeHead(200, headers).end(body)

/** What a name resolves to. */
export const at = (...addresses: string[]) => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

/** A guard for which 127.0.0.1 stands for the public internet. */
export function guard(options: GuardOptions = {}) {
  const guarded = createGuardedFetch({ ca: ca.pem, allowPrivate: ['127.0.0.1/32'], resolveAddresses: async () => at('127.0.0.1'), ...options })
  onTestFinished(() => guarded.close())
  return guarded
}
