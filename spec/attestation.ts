import { sha256Hex } from './base64url.ts'
import type { Now } from './effects.ts'
import { ProtocolError } from './error.ts'
import { readVerificationJwk } from './jwk.ts'
import { readJwt, type SigningKey, signJwt } from './jwt.ts'
import type { Profile } from './profile.ts'
import { type ImportKey, importKey } from './verify.ts'
import type { IssuanceRequest } from './wire/issuance.ts'

const SIGNED_FOR_SECONDS = 300

/** Signs a task with the holder key (protocol 9.2). */
export async function signTask(
  d: { now: Now; profile: Profile },
  key: SigningKey,
  harnessId: string,
  task: { id: string; description: string },
): Promise<string> {
  const iat = d.now()
  const claims = { iss: harnessId, task_id: task.id, task_description_hash: await sha256Hex(task.description), iat, exp: iat + SIGNED_FOR_SECONDS }
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
    throw new ProtocolError('invalid_attestation', 'task.attestation is not valid for this task', { cause })
  }
}
