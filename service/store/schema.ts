import type { Kysely } from 'kysely'
import type { AuditTable } from '../../spec/node/audit.ts'
import type { ClockTable } from '../../spec/node/clock.ts'
import type { ExportTables } from '../../spec/node/export/cursor.ts'
import type { SigningKeyTable } from '../../spec/node/keys.ts'
import type { PassType } from '../../spec/wire/issuance.ts'

/** What one redemption bought: under which authorization, for whom, through whom, and what may be done. */
type Bought = {
  authorization_id: string
  authority: string // who must go on standing for it
  authority_configuration_url: string
  user_email: string // as the Authority spells it: this names the account
  agent_id: string
  task: string | null // json: id and description
  harness_id: string | null
  scope: string // json: what was granted
}

/** All instants are epoch seconds; `json` columns hold JSON text; digests are SHA-256 in base64url. */
export type ServiceTables = AuditTable &
  ClockTable &
  ExportTables &
  SigningKeyTable & {
    credential: Bought & {
      digest: string // of the bearer token or the session's cookie: neither is ever stored
      type: PassType
      created_at: number
      expires_at: number
      ended_at: number | null
      ended_because: string | null
    }
    initialization: Bought & {
      digest: string // of the one-time token
      destination: string
      session_expires_at: number // when the session that it begins will end at the latest
      expires_at: number
      spent_at: number | null
    }
    proof_seen: { thumbprint: string; jti: string; expires_at: number }
    security_event_seen: { issuer: string; jti: string; seen_at: number }
  }

export type Tx = Kysely<ServiceTables>
export type CredentialRow = ServiceTables['credential']
export type InitializationRow = ServiceTables['initialization']
