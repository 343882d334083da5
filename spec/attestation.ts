import { calculateJwkThumbprint, type JWK } from 'jose'
import { z } from 'zod'
import { sha256Hex } from './base64url.ts'
import type { Now } from './effects.ts'
import { ProtocolError } from './error.ts'
import { readVerificationJwk } from './jwk.ts'
import { type Jws, readJwt, type SigningKey, signJwt } from './jwt.ts'
import { Demand, type Profile, sentenceFor } from './profile.ts'
import { type ImportKey, importKey } from './verify.ts'
import { identifier } from './wire/identifier.ts'
import type { IssuanceRequest } from './wire/issuance.ts'
import { findProvider, readWorkload, type WorkloadProvider, type WorkloadProviders, workloadAudience } from './workload.ts'

/** How long an attestation of ours holds, in seconds (protocol 9). */
export const ATTESTED_FOR_SECONDS = 300

/** Signs a task with the holder key (protocol 9.2). */
export async function signTask(
  d: { now: Now; profile: Profile },
  key: SigningKey,
  harnessId: string,
  task: { id: string; description: string },
): Promise<string> {
  const iat = d.now()
  const claims = { iss: harnessId, task_id: task.id, task_description_hash: await sha256Hex(task.description), iat, exp: iat + ATTESTED_FOR_SECONDS }
  return signJwt('task-attestation', claims, key, d.profile)
}

/**
 * Whether the task of a request is attested by its holder key (protocol 9.2). False when there is no attestation; one that is there must hold.
 * Throws malformed_request when `harness.cnf` is missing, invalid_attestation when it does not verify or speaks of another task or Harness.
 */
export async function verifyTask(request: IssuanceRequest, at: { now: number; profile: Profile; importKey?: ImportKey }): Promise<boolean> {
  const { task, harness } = request
  if (!task.attestation) return false
  if (!harness.cnf) throw new ProtocolError('malformed_request', 'task.attestation needs harness.cnf')
  try {
    const jwt = readJwt(task.attestation.jwt, 'task-attestation', at)
    const { iss, task_id, task_description_hash: hash } = jwt.claims
    if (iss !== harness.id || task_id !== task.id) throw new Error('iss or task_id is another')
    if (typeof hash !== 'string' || hash.toLowerCase() !== (await sha256Hex(task.description))) throw new Error('the hash is of another description')
    const key = readVerificationJwk(harness.cnf.jwk)
    if (!key?.algorithms.includes(jwt.algorithm)) throw new Error('alg does not suit the holder key')
    const verify = await (at.importKey ?? importKey)(key, jwt.algorithm)
    await verify(jwt)
    return true
  } catch (cause) {
    throw new ProtocolError('invalid_attestation', sentenceFor('task.attestation', 'task.attestation is not valid for this task', cause), { cause })
  }
}

/** Signs as a vendor which Harness holds a key (protocol 9.3), for so many seconds. The key is said member for member as in the request. */
export function signHarness(
  d: { now: Now; profile: Profile },
  key: SigningKey,
  says: { issuer: string; subject: string; jwk: JWK; lifetimeSeconds: number },
): Promise<string> {
  const iat = d.now()
  const claims = { iss: says.issuer, sub: says.subject, cnf: { jwk: says.jwk }, iat, exp: iat + says.lifetimeSeconds }
  return signJwt('harness-attestation', claims, key, d.profile)
}

/** The issuers whose attestations count, as settings pin them, and what verifies a signature under the keys of each. An `iss` that is not here leads nowhere. */
export type AttestationIssuers = ReadonlyMap<string, (jws: Jws) => Promise<void>>
/** Who vouches for Harnesses here: vendors, and workload identity providers; `authority` is who this is. No name is in both. */
export type Vouching = { issuers: AttestationIssuers; workloads: WorkloadProviders; authority: string }
/** What an issuer says of a Harness: who says it, as it is pinned and as people read it, the name, and since when that is said (epoch seconds). */
export type AttestedHarness = { issuer: string; shownAs: string; id: string; at: number }
type At = Vouching & { now: number; profile: Profile }
/** A request's Harness with what has to be there for an attestation to be judged. */
type Attesting = { id: string; jwk: unknown; jwt: string }

const HarnessClaims = z.looseObject({ iss: z.string(), sub: identifier, cnf: z.looseObject({ jwk: z.unknown() }) })

/**
 * Who holds the key of a request, by the word of a vendor (protocol 9.3) or of a workload identity provider (protocol 10). Undefined when there is no attestation;
 * one that is there must hold. Its signature comes last, so that keys are fetched for nothing that could not hold anyway.
 * Throws malformed_request when `harness.cnf` is missing, else invalid_attestation, also when the issuer's keys cannot be had.
 */
export async function verifyHarness({ harness }: IssuanceRequest, at: At): Promise<AttestedHarness | undefined> {
  if (!harness.attestation) return undefined
  if (!harness.cnf) throw new ProtocolError('malformed_request', 'harness.attestation needs harness.cnf')
  try {
    const provider = findProvider(harness.attestation.jwt, at.workloads)
    if (provider) return await verifyWorkload(provider, { id: harness.id, jwk: harness.cnf.jwk, jwt: harness.attestation.jwt }, at)
    const jwt = readJwt(harness.attestation.jwt, 'harness-attestation', at)
    const { iss, sub, cnf } = HarnessClaims.parse(jwt.claims)
    const verify = at.issuers.get(iss)
    if (!verify) throw new Error('iss is not pinned')
    requireOwnName(sub, harness.id, at.profile)
    if (!(await isSameKey(cnf.jwk, harness.cnf.jwk))) throw new Error('cnf.jwk is another key, or none')
    await verify(jwt)
    return { issuer: iss, shownAs: iss, id: sub, at: jwt.claims.iat }
  } catch (cause) {
    const sentence = 'harness.attestation is not valid for this harness and its key'
    throw new ProtocolError('invalid_attestation', sentenceFor('harness.attestation', sentence, cause), { cause })
  }
}

async function verifyWorkload(provider: WorkloadProvider, { id, jwk, jwt }: Attesting, at: At): Promise<AttestedHarness> {
  const key = readVerificationJwk(jwk)
  if (!key) throw new Error('cnf.jwk is no key')
  const { jws, sub, since } = readWorkload(jwt, provider, { ...at, audience: await workloadAudience(at.authority, key.jwk) })
  requireOwnName(sub, id, at.profile)
  await provider.verify(jws)
  return { issuer: provider.issuer, shownAs: provider.shownAs, id: sub, at: since }
}

/** In `hardened` a Harness calls itself what it is attested as, whoever attests it. */
function requireOwnName(sub: string, id: string, profile: Profile): void {
  if (profile === 'hardened' && sub !== id) throw new Demand('sub must be harness.id')
}

/** By RFC 7638: the order of members, and others than the key is made of, do not matter. */
async function isSameKey(one: unknown, other: unknown): Promise<boolean> {
  const [a, b] = [readVerificationJwk(one), readVerificationJwk(other)]
  return a !== undefined && b !== undefined && (await calculateJwkThumbprint(a.jwk)) === (await calculateJwkThumbprint(b.jwk))
}
