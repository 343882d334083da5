import type { Now, Random } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { isApprovable } from '../../spec/scope.ts'
import type { ValidationResponse } from '../../spec/wire/validation.ts'
import { aboutShown } from '../audit/about.ts'
import type { NewRequest } from '../store/requests.ts'
import type { PassRow } from '../store/schema.ts'
import type { Shown } from './shown.ts'

export type MintDeps = { now: Now; authorizationId: () => string; lifetimes: { pass_seconds: number } }
/** What validation answers of the request itself; the authorization's own members are added when it opens. */
export type GrantedAnswer = Omit<ValidationResponse, 'authorization_id' | 'authorization_expires_at'>

const TIME_CHARS = 7
const COUNT_CHARS = 4

/** Makes authorization ids: unguessable, and in the order of their making, so that what is used together lies together in the database's index. */
export function createAuthorizationIds({ now, random }: { now: Now; random: Random }): () => string {
  let last = 0
  let count = 0
  return () => {
    const at = now()
    count = at === last ? count + 1 : 0
    last = at
    return [at.toString(36).padStart(TIME_CHARS, '0'), count.toString(36).padStart(COUNT_CHARS, '0'), random(24)].join('')
  }
}

/** The pass an approval makes: bound to the Service, the scope, the task, the destination and the holder key (protocol 4). Throws unprocessable for a scope that was not offered, or none. */
export function mintPass(
  d: MintDeps,
  request: Pick<NewRequest, 'digest' | 'pass_digest' | 'service_origin' | 'cnf'>,
  { shown, scope }: { shown: Shown; scope: string[] },
): Omit<PassRow, 'consumed_at' | 'revoked_at'> {
  const offered = shown.scopes.map(({ name }) => name)
  if (!isApprovable(scope, offered)) throw new ProtocolError('unprocessable', 'an approval grants at least one scope, and only offered ones')
  const answer: GrantedAnswer = {
    user: shown.user,
    agent: shown.agent,
    scope: [...new Set(scope)],
    type: shown.type,
    ...(shown.destination && { destination_url: shown.destination.url }),
    ...(request.cnf !== null && { cnf: JSON.parse(request.cnf) }),
    task: shown.task,
    harness: { id: shown.harness.id },
  }
  return {
    digest: request.pass_digest,
    request_digest: request.digest,
    service_origin: request.service_origin,
    authorization_id: d.authorizationId(),
    answer: JSON.stringify(answer),
    expires_at: d.now() + d.lifetimes.pass_seconds,
    authorization_seconds: shown.authorization_seconds,
    about: JSON.stringify(aboutShown(shown)),
  }
}
