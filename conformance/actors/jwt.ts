import { createPublicKey, randomBytes, verify as verifySignature } from 'node:crypto'
import type { Profile } from '../adapter.ts'
import { type Key, type Part, type PublicJwk, sha256, sha256Hex, signJws } from './jws.ts'

/** The five kinds of signed objects (protocol 9). */
export type Kind = 'service-assertion' | 'authority-assertion' | 'holder-proof' | 'task-attestation' | 'harness-attestation'

/** What is to differ from a good object of its kind. A member that is undefined is left out; a whole part may be given as text. */
export type Changes = { header?: Record<string, unknown>; claims?: Record<string, unknown>; rawHeader?: string; rawClaims?: string; key?: Key }

export const nowSeconds = (): number => Math.floor(Date.now() / 1000)
export const newJti = (): string => randomBytes(12).toString('base64url')

/** Signs an object of a kind: a good one, but for the changes. */
export function signObject(kind: Kind, claims: Record<string, unknown>, key: Key, profile: Profile, changes: Changes = {}): string {
  const signer = changes.key ?? key
  const typ = profile === 'hardened' ? `agentpass-${kind}+jwt` : 'JWT'
  const header: Part = changes.rawHeader ?? { alg: signer.algorithm, typ, kid: signer.kid, ...changes.header }
  return signJws(header, changes.rawClaims ?? { ...claims, ...changes.claims }, signer)
}

/** `iat` and `exp` as the suite's parties send them. */
export const lifetime = (seconds = 60) => ({ iat: nowSeconds(), exp: nowSeconds() + seconds })

/** The claims of a task attestation (protocol 9.2). */
export const taskClaims = (harnessId: string, task: { id: string; description: string }) => ({
  iss: harnessId,
  task_id: task.id,
  task_description_hash: sha256Hex(task.description),
  ...lifetime(300),
})

/** The claims of a holder proof with all that `hardened` wants (protocol 9.4). */
export const proofClaims = (harnessId: string, audience: string, endpoint: string, pass: string) => ({
  iss: harnessId,
  aud: audience,
  ...lifetime(),
  jti: newJti(),
  htm: 'POST',
  htu: endpoint,
  aph: sha256(pass),
})

export type Decoded = { header: Record<string, unknown>; claims: Record<string, unknown>; signature: string; input: string }

/** Takes a compact JWS apart, as a peer sent it. Undefined for what is none. */
export function decodeJws(compact: unknown): Decoded | undefined {
  if (typeof compact !== 'string') return undefined
  const [header = '', payload = '', signature = '', ...more] = compact.split('.')
  if (more.length > 0) return undefined
  try {
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    const [head, claims] = [read(header), read(payload)]
    if (!isObject(head) || !isObject(claims)) return undefined
    return { header: head, claims, signature, input: `${header}.${payload}` }
  } catch {
    return undefined // no JSON, so no JWS
  }
}

/** Whether one of these public keys verifies it: the one of its `kid`, or any where it has none. */
export function verifies({ header, signature, input }: Decoded, keys: readonly PublicJwk[]): boolean {
  const named = keys.filter(({ kid }) => header.kid === undefined || kid === undefined || kid === header.kid)
  return named.some((jwk) => {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const bytes = Buffer.from(signature, 'base64url')
    const hash = key.asymmetricKeyType === 'ed25519' ? null : `sha${String(header.alg).slice(2)}`
    const padding = String(header.alg).startsWith('PS') ? { padding: 6 } : {}
    return verifySignature(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363', ...padding }, bytes)
  })
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
