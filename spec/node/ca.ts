import 'reflect-metadata' // x509 needs it, and needs it first
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { Now, Random } from '../effects.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const HOUR_SECONDS = 3600

/** A certificate authority of this process alone. Its private key cannot be exported and ends with it. */
export type CertificateAuthority = {
  /** The root certificate: what a client is to trust. */
  pem: string
  /** A key and certificate (PEM) for a TLS server at these host names and IP addresses. */
  issue: (hosts: string[]) => Promise<{ key: string; cert: string }>
}
/** What is signed is valid for that long from now, and since an hour ago: clocks differ. `onlyFor`: clients believe it of this host name alone. */
export type CaOptions = { now: Now; random: Random; organisation: string; lifetimeSeconds: number; onlyFor?: string }
type Validity = { notBefore: Date; notAfter: Date }
type Issuer = { root: X509Certificate; keys: CryptoKeyPair; validity: () => Validity }

/** Makes a new certificate authority. */
export async function createCa({ now, random, organisation, lifetimeSeconds, onlyFor }: CaOptions): Promise<CertificateAuthority> {
  const keys = await generateKeys(false)
  const validity = () => ({ notBefore: new Date((now() - HOUR_SECONDS) * 1000), notAfter: new Date((now() + lifetimeSeconds) * 1000) })
  const root = await X509CertificateGenerator.createSelfSigned({
    name: [{ O: [organisation] }, { CN: [`${organisation} ${random(6)}`] }], // two in one trust store are told apart
    keys,
    ...validity(),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ...(onlyFor === undefined ? [] : [new Extension(NAME_CONSTRAINTS, true, permitOnly(onlyFor))]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { pem: root.toString('pem'), issue: (hosts) => issueServer({ root, keys, validity }, hosts) }
}

async function issueServer({ root, keys, validity }: Issuer, hosts: string[]) {
  const { publicKey, privateKey } = await generateKeys(true)
  const names = hosts.map((value): JsonGeneralName => ({ type: isIP(value) ? 'ip' : 'dns', value }))
  const cert = await X509CertificateGenerator.create({
    subject: root.subjectName.toJSON().filter((part) => 'O' in part), // no common name: clients read the alternative names alone
    issuer: root.subjectName,
    publicKey,
    signingKey: keys.privateKey,
    ...validity(),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), PemConverter.PrivateKeyTag)
  return { key, cert: cert.toString('pem') }
}

const generateKeys = (extractable: boolean) => crypto.subtle.generateKey(ALGORITHM, extractable, ['sign', 'verify'])

const NAME_CONSTRAINTS = '2.5.29.30'

/** RFC 5280 §4.2.1.10: the one permitted subtree is a dNSName, which x509 has no words for. */
const permitOnly = (host: string): Uint8Array<ArrayBuffer> => der(0x30, der(0xa0, der(0x30, der(0x82, new TextEncoder().encode(host)))))

/** A DER value of less than 64 KiB. */
function der(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Uint8Array.of(tag, ...size, ...content)
}
