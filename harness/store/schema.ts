import type { Kysely } from 'kysely'
import type { AuditTable } from '../../spec/node/audit.ts'
import type { ClockTable } from '../../spec/node/clock.ts'
import type { ExportTables } from '../../spec/node/export/cursor.ts'
import type { SigningKeyTable } from '../../spec/node/keys.ts'
import type { PassType } from '../../spec/wire/issuance.ts'
import type { Step } from '../failure.ts'

/**
 * Where a task stands. `asking`: its trip is under way; `redeeming`: the pass is being spent; `ready`: access is held; `ending`: it is being given back.
 * The others are ends: `failed` came to nothing, `expired` lived its time, `lost` may have left something behind that nobody holds.
 */
export type TaskStatus = 'asking' | 'redeeming' | 'ready' | 'ending' | 'ended' | 'failed' | 'expired' | 'lost'
/** Statuses in which somebody may still have to act; the others are ends. */
export const LIVE: TaskStatus[] = ['asking', 'redeeming', 'ready', 'ending']

/** All instants are epoch seconds; `json` columns hold JSON text; what is `sealed_` is under the master key. */
export type BrokerTables = AuditTable &
  ClockTable &
  ExportTables &
  SigningKeyTable & {
    task: {
      id: string
      agent: string // whose it is: nobody else sees it
      type: PassType
      service: string
      user_email: string
      description: string
      wanted: string // json: scope, authority and destination, as they were asked for
      status: TaskStatus
      step: Step // where its trip is, or ended
      peer: string
      authority: string | null // who decided, or is to
      waiting: string | null // json: who must approve, where and until when
      failure: string | null // json: step, peer, message and hint
      scope: string | null // json: what was granted, where the Service said it
      expires_at: number | null
      sealed_status_url: string | null // a request that may have to be called off
      sealed_token: string | null // access that may have to be given back
      revoke_url: string | null
      created_at: number
      changed_at: number
      runner: string // the instance whose trip it is
      lease_until: number // until when that instance must have said that it still runs
    }
  }

export type Tx = Kysely<BrokerTables>
export type TaskRow = BrokerTables['task']
