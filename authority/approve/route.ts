import { Hono } from 'hono'
import { z } from 'zod'
import { readBody } from '../../spec/body.ts'
import { ProtocolError } from '../../spec/error.ts'
import { noteRefusal } from '../../spec/node/audit.ts'
import { answer } from '../../spec/node/doors.ts'
import { toRfc3339 } from '../../spec/time.ts'
import { storedText } from '../../spec/wire/identifier.ts'
import { Scope } from '../../spec/wire/scopes.ts'
import { statusAt } from '../issue/status.ts'
import { narrow, type RevokeDeps, revoke } from '../revoke/revoke.ts'
import { type ApprovalRow, listApprovals } from '../store/approvals.ts'
import { findByRequest } from '../store/authorizations.ts'
import { digestOf } from '../store/digest.ts'
import { REFERENCE_CHARS, referenceOf } from '../store/reference.ts'
import { findRequest, listRequests, requireDigest } from '../store/requests.ts'
import type { AuthorizationRow, RequestRow } from '../store/schema.ts'
import { type ApproveDeps, approve, refuse } from './approve.ts'
import { ADMIN_TOKEN as BY } from './approvers.ts'
import { readShown } from './shown.ts'

const STATUSES = ['pending', 'approved', 'denied', 'expired', 'canceled'] as const
const MOST_LISTED = 500

/** What a decision names: the digest of what was shown. */
const Named = z.strictObject({ digest: z.string().min(1) })
const Approval = Named.extend({ scope: Scope.min(1).optional() })
const Reasoned = Named.extend({ reason: storedText.min(1).max(1024).optional() })
const Narrowing = Named.extend({ scope: Scope.min(1) })

/** Decisions for scripts and the command line, behind the management door (protocol 4): each names the digest of what was shown. */
export const decisionRoutes = (d: ApproveDeps & RevokeDeps) => {
  /** A request is named by its reference, or by its id where somebody has that. */
  const digestNamed = async (name: string) => (name.length === REFERENCE_CHARS ? requireDigest(d.db.read, name) : digestOf(name))
  const show = async (digest: string) => {
    const request = await findRequest(d.db.read, digest)
    if (!request) throw new ProtocolError('unknown_request', 'there is no such request')
    return {
      ...summary(request, d.now()),
      shown: readShown(request.shown),
      digest: request.shown_digest,
      ...approvalsOf(await listApprovals(d.db.read, digest)),
      ...authorizationOf(await findByRequest(d.db.read, digest), d.now()),
    }
  }
  const noted = (event: string, digest: string, act: () => Promise<unknown>) =>
    noteRefusal(d.audit, { event, request_ref: referenceOf(digest), by: BY }, act)
  return new Hono()
    .get('/requests', async (c) => {
      const { data: status, success } = z.enum(STATUSES).optional().safeParse(c.req.query('status'))
      if (!success) throw new ProtocolError('malformed_request', `status is one of ${STATUSES.join(', ')}`)
      const rows = await listRequests(d.db.read, { status, at: d.now(), limit: MOST_LISTED })
      return answer({ requests: rows.map((row) => summary(row, d.now())) })
    })
    .get('/requests/:ref', async (c) => answer(await show(await digestNamed(c.req.param('ref')))))
    .post('/requests/:ref/approve', async (c) => {
      const digest = await digestNamed(c.req.param('ref'))
      const body = await readBody(c.req.raw, Approval)
      await noted('decision', digest, () => approve(d, digest, { by: BY, digest: body.digest, scope: body.scope }))
      return answer(await show(digest))
    })
    .post('/requests/:ref/deny', async (c) => {
      const digest = await digestNamed(c.req.param('ref'))
      const body = await readBody(c.req.raw, Reasoned)
      await noted('decision', digest, () => refuse(d, digest, { by: BY, digest: body.digest, reason: body.reason, status: 'denied' }))
      return answer(await show(digest))
    })
    .post('/requests/:ref/cancel', async (c) => {
      const digest = await digestNamed(c.req.param('ref'))
      const body = await readBody(c.req.raw, Reasoned)
      await noted('decision', digest, () => refuse(d, digest, { by: BY, digest: body.digest, reason: body.reason, status: 'canceled' }))
      return answer(await show(digest))
    })
    .post('/requests/:ref/revoke', async (c) => {
      const digest = await digestNamed(c.req.param('ref'))
      const body = await readBody(c.req.raw, Reasoned)
      await noted('revocation', digest, () => revoke(d, digest, { by: BY, digest: body.digest, reason: body.reason }))
      return answer(await show(digest))
    })
    .post('/requests/:ref/narrow', async (c) => {
      const digest = await digestNamed(c.req.param('ref'))
      const body = await readBody(c.req.raw, Narrowing)
      await noted('narrowing', digest, () => narrow(d, digest, { by: BY, digest: body.digest, scope: body.scope }))
      return answer(await show(digest))
    })
}

const summary = (row: RequestRow, at: number) => ({
  ref: row.ref,
  status: statusAt(row, at),
  type: row.type,
  service: row.service_origin,
  user: row.user_email,
  agent: row.agent_id,
  task: row.task_id,
  created_at: toRfc3339(row.created_at),
  expires_at: toRfc3339(row.expires_at),
  ...(row.decided_at !== null && { decided_at: toRfc3339(row.decided_at) }),
  ...(row.decided_by !== null && { decided_by: row.decided_by }),
  ...(row.reason !== null && { reason: row.reason }),
})

/** Where more than one must approve: who has. */
const approvalsOf = (rows: ApprovalRow[]) =>
  rows.length > 0 && { approvals: rows.map(({ by, scope, at }) => ({ by, scope: Scope.parse(JSON.parse(scope)), at: toRfc3339(at) })) }

const authorizationOf = (row: AuthorizationRow | undefined, at: number) =>
  row && {
    authorization: {
      id: row.id,
      state: row.state === 'active' && row.expires_at <= at ? 'expired' : row.state,
      scope: Scope.parse(JSON.parse(row.scope)),
      opened_at: toRfc3339(row.opened_at),
      expires_at: toRfc3339(row.expires_at),
      ...(row.closed_at !== null && { closed_at: toRfc3339(row.closed_at) }),
      ...(row.reason !== null && { reason: row.reason }),
    },
  }
