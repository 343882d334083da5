import type { z } from 'zod'
import type { Secrets } from '../../spec/node/secrets.ts'
import type { Tier } from '../approve/shown.ts'
import type { RequestRow } from '../store/schema.ts'
import type { NumberMatching } from './settings.ts'

/** Whose requests are approved by number. */
export type Matching = z.infer<typeof NumberMatching>

/** So many wrong numbers deny a request: with two digits nobody gets far by guessing. */
export const MOST_WRONG = 3
const LEAST = 10
const COUNT = 90

/**
 * The two digits that a Harness shows while it waits, and that its person types in to approve (RFC 8628, 5.4: somebody else may have started the request).
 * Derived, so that it is the same at every instance and lies in no database.
 */
export function approvalNumber(secrets: Pick<Secrets, 'derive'>, { digest, master_key_id }: Pick<RequestRow, 'digest' | 'master_key_id'>): string {
  const derived = secrets.derive('approval numbers', digest, master_key_id)
  const value = [...derived.slice(0, 8)].reduce((sum, char) => (sum * 64 + char.charCodeAt(0)) % 1_000_003, 0)
  return String(LEAST + (value % COUNT))
}

/** Whether a request can only be approved with its number. */
export function wantsNumber(matching: Matching, tier: Tier): boolean {
  switch (matching) {
    case 'off':
      return false
    case 'unverified':
      return tier === 'unverified'
    case 'always':
      return true
  }
}
