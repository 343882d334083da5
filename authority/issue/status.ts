import type { Now } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { toRfc3339 } from '../../spec/time.ts'
import type { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { digestOf } from '../store/digest.ts'
import { findPass } from '../store/passes.ts'
import { findStatus, type StatusRow } from '../store/requests.ts'
import type { PassRow, Tx } from '../store/schema.ts'
import type { PassValues } from './issue.ts'

export type StatusDeps = {
  now: Now
  statusUrl: (id: string) => string
  passValues: PassValues
  db: { read: Tx }
  /** Where a person decides a request, and the number that its Harness shows them; undefined where there is no console. */
  approvalOf?: ((request: { digest: string; master_key_id: string }) => { url: string; number?: string }) | undefined
}

const POLL_AFTER_MS = 1000

/** The issuance status of a request by its id (protocol 4, §5.3.2). Throws unknown_request; request_gone once the pass is used, expired or revoked. */
export async function issuanceStatus(d: StatusDeps, id: string): Promise<IssuanceStatus> {
  const digest = digestOf(id)
  const request = await findStatus(d.db.read, digest)
  if (!request) throw new ProtocolError('unknown_request', 'there is no such request')
  const base = { id, type: request.type, links: { self: d.statusUrl(id), events: `${d.statusUrl(id)}/events` } }
  const status = statusAt(request, d.now())
  switch (status) {
    case 'pending':
      return pending(
        { ...base, status, expires_at: toRfc3339(request.expires_at), poll_after_ms: POLL_AFTER_MS },
        d.approvalOf?.({ digest, ...request }),
      )
    case 'approved': {
      const { expires_at } = requireUsable(await findPass(d.db.read, digest), d.now())
      const value = d.passValues.derive(id, request.master_key_id)
      return { ...base, status, expires_at: toRfc3339(expires_at), agentpass: { type: request.type, value } }
    }
    case 'denied':
    case 'canceled':
    case 'expired':
      return { ...base, status, expires_at: toRfc3339(request.expires_at), ...(request.reason !== null && { reason: request.reason }) }
  }
}

/** With where a person decides it, for the Harness to show ([X]). */
const pending = (status: IssuanceStatus, approval: { url: string; number?: string } | undefined): IssuanceStatus =>
  approval
    ? { ...status, links: { ...status.links, approval: approval.url }, ...(approval.number !== undefined && { approval_number: approval.number }) }
    : status

/** A pending request past its deadline is expired, whether or not that has been written down (protocol 4). */
export const statusAt = ({ status, expires_at }: Pick<StatusRow, 'status' | 'expires_at'>, at: number) =>
  status === 'pending' && expires_at <= at ? 'expired' : status

function requireUsable<P extends Pick<PassRow, 'expires_at' | 'consumed_at' | 'revoked_at'>>(pass: P | undefined, at: number): P {
  if (pass && pass.consumed_at === null && pass.revoked_at === null && pass.expires_at > at) return pass
  throw new ProtocolError('request_gone', 'the pass of this request is used, expired or revoked')
}
