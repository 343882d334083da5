import type { Now } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { toRfc3339 } from '../../spec/time.ts'
import type { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { digestOf } from '../store/digest.ts'
import { findRequest, type RequestAndPass } from '../store/requests.ts'
import type { Tx } from '../store/schema.ts'
import type { PassValues } from './issue.ts'

export type StatusDeps = { now: Now; statusUrl: (id: string) => string; passValues: PassValues; db: { read: Tx } }

const POLL_AFTER_MS = 1000

/** The issuance status of a request by its id (protocol 4, §5.3.2). Throws unknown_request; request_gone once the pass is used, expired or revoked. */
export async function issuanceStatus(d: StatusDeps, id: string): Promise<IssuanceStatus> {
  const request = await findRequest(d.db.read, digestOf(id))
  if (!request) throw new ProtocolError('unknown_request', 'there is no such request')
  const base = { id, type: request.type, links: { self: d.statusUrl(id) } }
  const status = statusAt(request, d.now())
  switch (status) {
    case 'pending':
      return { ...base, status, expires_at: toRfc3339(request.expires_at), poll_after_ms: POLL_AFTER_MS }
    case 'approved':
      return { ...base, status, ...usablePass(d, id, request) }
    case 'denied':
    case 'canceled':
    case 'expired':
      return { ...base, status, expires_at: toRfc3339(request.expires_at), ...(request.reason !== null && { reason: request.reason }) }
  }
}

/** A pending request past its deadline is expired, whether or not that has been written down (protocol 4). */
export const statusAt = ({ status, expires_at }: Pick<RequestAndPass, 'status' | 'expires_at'>, at: number) =>
  status === 'pending' && expires_at <= at ? 'expired' : status

function usablePass(d: StatusDeps, id: string, { pass, type, master_key_id }: RequestAndPass) {
  if (!pass || pass.consumed_at !== null || pass.revoked_at !== null || pass.expires_at <= d.now())
    throw new ProtocolError('request_gone', 'the pass of this request is used, expired or revoked')
  return { expires_at: toRfc3339(pass.expires_at), agentpass: { type, value: d.passValues.derive(id, master_key_id) } }
}
