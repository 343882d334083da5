import 'reflect-metadata' // x509 needs it, and needs it first
import { webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const NAME = 'AgentPass conformance suite'
const HOUR_MS = 3_600_000
const YEARS_MS = 2 * 365 * 24 * HOUR_MS

export type Pair = { key: string; cert: string }
export type Certificates = {
  /** What the peer under test is to trust. */
  pem: string
  /** A server certificate for these names; `expired` ended an hour ago. */
  issue: (hosts: string[], state?: 'valid' | 'expired') => Promise<Pair>
}

/** Makes a certificate authority for the suite: key and certificate, PEM. */
export async function createCa(): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const root = await X509CertificateGenerator.createSelfSigned({
    name: [{ O: [NAME] }, { CN: [`${NAME} ${crypto.randomUUID().slice(0, 8)}`] }],
    keys,
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + YEARS_MS),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { key: await exportKey(keys.privateKey), cert: root.toString('pem') }
}

/** Opens a certificate authority that `createCa` made. Throws Error when key and certificate are no such pair. */
export async function openCa({ key, cert }: Pair): Promise<Certificates> {
  const root = new X509Certificate(cert)
  const signingKey = await webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(key), ALGORITHM, false, ['sign'])
  return {
    pem: cert,
    issue: async (hosts, state = 'valid') => {
      const own = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
      const now = Date.now()
      const issued = await X509CertificateGenerator.create({
        subject: [{ O: [NAME] }],
        issuer: root.subjectName,
        publicKey: own.publicKey,
        signingKey,
        notBefore: new Date(now - 48 * HOUR_MS),
        notAfter: new Date(state === 'expired' ? now - HOUR_MS : now + 30 * 24 * HOUR_MS),
        signingAlgorithm: ALGORITHM,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension(hosts.map((value) => ({ type: 'dns' as const, value }))),
          await SubjectKeyIdentifierExtension.create(own.publicKey),
          await AuthorityKeyIdentifierExtension.create(root),
        ],
      })
      return { key: await exportKey(own.privateKey), cert: issued.toString('pem') }
    },
  }
}

const exportKey = async (key: webcrypto.CryptoKey): Promise<string> =>
  PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), PemConverter.PrivateKeyTag)
