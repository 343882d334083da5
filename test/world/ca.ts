import 'reflect-metadata' // x509 needs it, and needs it first
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const ORGANISATION = 'AgentPass local world'
const HOUR_MS = 3_600_000
const LIFETIME_MS = 7 * 24 * HOUR_MS

/** The world's certificate authority. Its private key cannot be exported and ends with the process. */
export type CertificateAuthority = {
  /** The root certificate: what a client is to trust. */
  pem: string
  /** A key and certificate (PEM) for a TLS server at these host names and IP addresses. */
  issue: (hosts: string[]) => Promise<{ key: string; cert: string }>
}

/** Makes a new certificate authority. What it signs is valid for seven days, and since an hour ago: clocks differ. */
export async function createCertificateAuthority(): Promise<CertificateAuthority> {
  const keys = await generateKeys(false)
  const root = await X509CertificateGenerator.createSelfSigned({
    name: [{ O: [ORGANISATION] }, { CN: [`${ORGANISATION} ${crypto.randomUUID().slice(0, 8)}`] }], // two worlds in one trust store are told apart
    keys,
    ...validity(),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { pem: root.toString('pem'), issue: (hosts) => issueServer({ root, keys }, hosts) }
}

async function issueServer(ca: { root: X509Certificate; keys: CryptoKeyPair }, hosts: string[]) {
  const { publicKey, privateKey } = await generateKeys(true)
  const names = hosts.map((value): JsonGeneralName => ({ type: isIP(value) ? 'ip' : 'dns', value }))
  const cert = await X509CertificateGenerator.create({
    subject: [{ O: [ORGANISATION] }], // no common name: clients read the alternative names alone
    issuer: ca.root.subjectName,
    publicKey,
    signingKey: ca.keys.privateKey,
    ...validity(),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(ca.keys.publicKey),
    ],
  })
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), PemConverter.PrivateKeyTag)
  return { key, cert: cert.toString('pem') }
}

const generateKeys = (extractable: boolean) => crypto.subtle.generateKey(ALGORITHM, extractable, ['sign', 'verify'])

function validity() {
  const now = Date.now()
  return { notBefore: new Date(now - HOUR_MS), notAfter: new Date(now + LIFETIME_MS) }
}
