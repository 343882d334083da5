import type { Generated, Kysely, Selectable } from 'kysely'
import type { AuditTable } from '../../spec/node/audit.ts'
import type { ClockTable } from '../../spec/node/clock.ts'
import type { ExportTables } from '../../spec/node/export/cursor.ts'
import type { SigningKeyTable } from '../../spec/node/keys.ts'

/** All instants are epoch seconds; `json` columns hold JSON text; digests are SHA-256 in base64url. */
export type AuthorityTables = AuditTable &
  ClockTable &
  ExportTables &
  SigningKeyTable & {
    request: {
      digest: string // of the request id: the id is a capability and is never stored
      ref: string // the digest's first 12 characters: what people, logs and commands use
      status: 'pending' | 'approved' | 'denied' | 'expired' | 'canceled'
      type: 'browser_session' | 'bearer_token'
      service_origin: string
      user_email: string // in the form in which addresses are compared; what came is in `shown`
      agent_id: string
      harness_id: string
      key_thumbprint: string | null // of the holder key (RFC 7638)
      task_id: string
      shown: string // json: what an approver sees, see approve/shown.ts
      shown_digest: string
      cnf: string | null // json: as it came, for the validation answer
      pass_digest: string // of the pass value that an approval will make
      master_key_id: string // the master key that value is derived under
      created_at: number
      expires_at: number // the decision deadline
      decided_at: number | null
      decided_by: string | null
      reason: string | null
      wrong_numbers: Generated<number> // how often somebody approved it with another number than its Harness shows
    }
    pass: {
      digest: string // of the pass value: the value is derived from the request id, and neither is ever stored
      request_digest: string
      service_origin: string // the one Service that may redeem it
      authorization_id: string
      answer: string // json: what validation will answer, but for the authorization
      expires_at: number
      authorization_seconds: number // how long the authorization lives from redemption on
      about: string | null // json: what the audit trail says of its Harness and of the policies that decided
      consumed_at: number | null
      revoked_at: number | null
    }
    authorization: {
      id: string // the pass that opened it has it too, and leads to the request
      service_origin: string
      state: 'active' | 'completed' | 'revoked'
      scope: string // json
      opened_at: number
      expires_at: number
      closed_at: number | null
      reason: string | null
      checked_at: number | null // when its Service last asked after it
    }
    assertion_seen: { issuer: string; jti: string; expires_at: number }
    harness_key: {
      thumbprint: string // of the public key, by RFC 7638
      name: string // for people
      added_by: string
      added_at: number
    }
    outbox: {
      jti: string // of the event: each attempt carries the same
      service_origin: string // who is to be told
      authorization_id: string
      scope: string | null // json: what is left of the authorization; null when it has ended
      changed_at: number
      expires_at: number // when the authorization would have ended by itself: then nobody needs to be told
      due_at: number // of the next attempt; of one under way, when it counts as lost
      tries: number
    }
    console_session: {
      digest: string // of the cookie's value
      email: string // in the form in which addresses are compared
      name: string | null
      groups: string // json: as the provider said at sign-in
      authenticated_at: number | null // when the person last proved to the provider who they are, where it says so
      sealed_id_token: string // for signing out at the provider
      client: string // json: what people know it by
      opened_at: number
      seen_at: number
      expires_at: number
    }
    person_group: {
      email: string
      name: string // as the provider said when that person last signed in
      signed_out_at: number | null // when an admin ended their sessions since: by it they decide nothing until they sign in again
    }
    passkey: {
      id: string // the credential id
      email: string
      name: string
      public_key: string // COSE, base64url
      uses: number // the authenticator's own count, 0 where it keeps none
      added_at: number
      used_at: number | null
    }
    request_approver: { ref: string; who: string } // who alone may approve a request: an address, group:NAME or admin-token
    approval: { request_digest: string; by: string; scope: string; at: number } // of a request that more than one must approve
    remembered: {
      ref: string
      user_email: string
      service_origin: string
      agent_id: string
      tier: string
      vouched_by: string // the issuer, or the name of the registered key
      key_thumbprint: string | null // of a registered key: no other counts
      type: string
      destination: string | null
      task_pattern: string // of task ids: * stands for anything
      scope: string // json
      by: string // who approved
      request_ref: string // the request that was approved then
      created_at: number
      expires_at: number
      used_at: number | null
      uses: Generated<number>
    }
    audit_term: { term: string; seq: number } // which events of the audit trail name something
    audit_indexed: { id: number; seq: number } // one row: how far the trail has been read into audit_term
    notification: {
      id: string // the same on every attempt: by it a receiver tells a repetition
      kind: 'requested' | 'reminder' | 'approved' | 'denied' | 'expired' | 'canceled' | 'revoked'
      channel: 'email' | 'webhook'
      recipient: string // an address, in the form in which addresses are compared, or a webhook's name
      request_ref: string
      event_at: number // when that happened which is told
      due_at: number // of the next attempt; of one under way, when it counts as lost
      expires_at: number // when it is of no use any more
      tries: number
      taken_at: number | null // when the last attempt began
      mail: string | null // the mail in which it is sent with others, which are sent again together when that attempt is lost
      state: 'waiting' | 'sent' | 'failed' | 'dropped'
      last_error: string | null
      ended_at: number | null
    }
    notification_cursor: { id: number; seq: number } // one row: how far the trail has been read for notifications
  }

export type Tx = Kysely<AuthorityTables>
export type RequestRow = Selectable<AuthorityTables['request']>
export type PassRow = AuthorityTables['pass']
export type AuthorizationRow = AuthorityTables['authorization']
export type HarnessKeyRow = AuthorityTables['harness_key']
export type RememberedRow = Selectable<AuthorityTables['remembered']>
export type OutboxRow = AuthorityTables['outbox']
export type ConsoleSessionRow = AuthorityTables['console_session']
export type PasskeyRow = AuthorityTables['passkey']
export type NotificationRow = AuthorityTables['notification']
