import type { Key } from '../actors/jws.ts'
import type { FakeService } from '../actors/service.ts'
import type { AuthorityStage, Message } from './stage.ts'

/** The statuses that are suggested where an attestation is not in order. */
export const USUAL = [401, 400]

/** A request that is bound to a new holder key. */
export type Bound = { message: Message; holder: Key }

/** Makes one about a Service. */
export function bind(s: AuthorityStage, service: FakeService = s.service(), holder: Key = s.holderKey()): Bound {
  const message = s.message(service)
  return { holder, message: { ...message, harness: { ...message.harness, cnf: { jwk: holder.jwk } } } }
}

/** The same request with this attestation of its Harness. */
export const attestHarness = (message: Message, jwt: unknown): Message => ({ ...message, harness: { ...message.harness, attestation: { jwt } } })

/** The same request with this attestation of its task. */
export const attestTask = (message: Message, jwt: unknown): Message => ({ ...message, task: { ...message.task, attestation: { jwt } } })
