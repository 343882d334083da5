import { Scope } from '../../spec/wire/scopes.ts'
import { readShown } from '../approve/shown.ts'
import type { PastRequest } from '../store/past.ts'
import { BY_POLICY, inWords, type Policy, type PolicyAnswer, questionOf } from './policy.ts'

/** What policy said of a request, or would: for `approve` and `ask` with the scopes. */
export type Said = { decision: 'approve' | 'ask' | 'deny'; scope: string[] }
/** A past request of which the policy that is tried would say something else. `person`: what came of it where somebody was asked. */
export type Changed = {
  ref: string
  at: number
  user: string
  agent: string
  service: string
  was: Said
  would: Said
  person?: string | undefined
  why: string[]
}

/** Decides a past request again, as of when it was asked; undefined where the policy says what was said then. `groups` are the user's of today: those of then are kept nowhere. */
export function decideAgain(policy: Policy, past: PastRequest, groups: string[]): Changed | undefined {
  const shown = readShown(past.shown)
  const withheld = shown.policy?.withheld ?? []
  const offered = [...shown.scopes, ...withheld.map((name) => ({ name }))]
  const answer = policy.decide(questionOf(shown, { offered, groups, at: past.created_at }))
  const [was, would] = [
    saidThen(
      past,
      shown.scopes.map(({ name }) => name),
    ),
    saidNow(answer),
  ]
  if (was.decision === would.decision && isSame(was.scope, would.scope)) return undefined
  return {
    ref: past.ref,
    at: past.created_at,
    user: past.user_email,
    agent: past.agent_id,
    service: past.service_origin,
    was,
    would,
    ...(was.decision === 'ask' && { person: past.status }),
    why: inWords(answer, offered),
  }
}

function saidThen({ decided_by, status, answer }: PastRequest, shown: string[]): Said {
  if (decided_by !== BY_POLICY) return { decision: 'ask', scope: shown }
  if (status !== 'approved') return { decision: 'deny', scope: [] }
  return { decision: 'approve', scope: answer === null ? shown : Scope.parse(JSON.parse(answer).scope) }
}

function saidNow(answer: PolicyAnswer): Said {
  switch (answer.decision) {
    case 'approve':
      return { decision: 'approve', scope: answer.scope }
    case 'ask':
      return { decision: 'ask', scope: answer.offered.map(({ name }) => name) }
    case 'deny':
      return { decision: 'deny', scope: [] }
  }
}

const isSame = (one: string[], other: string[]): boolean => one.length === other.length && one.every((name) => other.includes(name))
