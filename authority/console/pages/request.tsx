import { type Shown, TIER_WORDS } from '../../approve/shown.ts'
import { statusAt } from '../../issue/status.ts'
import type { ApprovalRow } from '../../store/approvals.ts'
import type { AuthorizationRow, PassRow, RequestRow } from '../../store/schema.ts'
import { CONSOLE } from '../door.ts'
import type { Demand } from '../risk.ts'
import type { Session } from '../session.ts'
import { Approvals, canApprove } from './approvals.tsx'
import { Approve, Deny } from './deciding.tsx'
import { Holding } from './holding.tsx'
import { lengthOf, Row, Their, When } from './page.tsx'
import { TaskText } from './task-text.tsx'
import { Why } from './why.tsx'

export type RequestOf = {
  request: RequestRow
  shown: Shown
  at: number
  session: Session
  mayDecide: boolean
  /** Whether policy names this person, or nobody. */
  mayApprove: boolean
  /** Where more than one must approve: who has. */
  approvals: ApprovalRow[]
  /** For how long an approval may be remembered; 0 for not at all. */
  rememberDays: number
  mayEnd: boolean
  /** What approving each scope asks. */
  demands: Record<string, Demand>
  wantsNumber: boolean
  hasPasskey: boolean
  isRecent: boolean
  pass: Pick<PassRow, 'expires_at' | 'consumed_at' | 'revoked_at'> | undefined
  authorization: AuthorizationRow | undefined
}

/** One request: all that there is to know before deciding, and the decision. */
export const RequestPage = (of: RequestOf) => {
  const { request, shown, at, session, mayDecide } = of
  const status = statusAt(request, at)
  const isOwn = request.user_email === session.person.email
  return (
    <>
      <p class="crumbs">
        <a href={`${CONSOLE}/requests`}>Requests</a> <span aria-hidden="true">/</span> <code>{request.ref}</code>
      </p>
      <h1 class="question">
        <Their most={MOST_NAME_CHARS}>{shown.agent.id}</Their> {status === 'pending' ? 'asks' : 'asked'} to act for{' '}
        <Their most={MOST_NAME_CHARS}>{isOwn ? 'you' : shown.user.email}</Their> at{' '}
        <Their most={MOST_NAME_CHARS}>{shown.service.name ?? hostOf(shown.service.origin)}</Their>
      </h1>
      <div class="split">
        <div>
          <TaskText task={shown.task} />
          <h2>Who asks</h2>
          <WhoAsks shown={shown} request={request} />
          <h2>What for</h2>
          <WhatFor shown={shown} />
          <Why shown={shown} request={request} status={status} />
          {session.person.reads && (
            <p>
              <a href={`${CONSOLE}/audit?request=${request.ref}`}>What the audit trail says of it</a>
            </p>
          )}
        </div>
        <aside id="decision" aria-label="Decision">
          {status === 'pending' ? <Pending {...of} mayDecide={mayDecide} /> : <Decided {...of} />}
        </aside>
      </div>
    </>
  )
}

/** In the heading; below it stand the names whole. */
const MOST_NAME_CHARS = 60

const hostOf = (origin: string): string => new URL(origin).host

const WhoAsks = ({ shown, request }: { shown: Shown; request: RequestRow }) => (
  <dl>
    <Row name="Agent">
      <Their>{shown.agent.id}</Their>
    </Row>
    <Row name="Harness">
      <Their>{shown.harness.id}</Their>
    </Row>
    <Row name="How well known">
      <span class={`badge tier-${shown.harness.tier}`}>{shown.harness.tier}</span> {TIER_WORDS[shown.harness.tier]}
      {shown.harness.vouched && (
        <>
          {' '}
          (<Their>{shown.harness.vouched.by}</Their>, since <Their>{shown.harness.vouched.since.slice(0, 16).replace('T', ' ')}</Their>)
        </>
      )}
    </Row>
    <Row name="Holder key">
      {shown.harness.key_thumbprint ? <code class="wrap">{shown.harness.key_thumbprint}</code> : 'none: whoever has the pass can use it'}
    </Row>
    {shown.address !== undefined && (
      <Row name="Asked from">
        <Their>{shown.address}</Their>
      </Row>
    )}
    <Row name="Asked at">
      <When at={request.created_at} />
    </Row>
  </dl>
)

const WhatFor = ({ shown }: { shown: Shown }) => (
  <dl>
    <Row name="User">
      <Their>{shown.user.email}</Their>
    </Row>
    <Row name="Service">
      <Their>{shown.service.origin}</Their>
      {shown.service.name !== undefined && (
        <>
          , which calls itself “<Their>{shown.service.name}</Their>”
        </>
      )}
    </Row>
    <Row name="As">
      {shown.type === 'browser_session' ? 'a browser session: the agent sees and clicks what the user would' : 'a token for the Service’s API'}
    </Row>
    <Row name="For">{lengthOf(shown.authorization_seconds)}, from when the agent begins</Row>
    {shown.destination && (
      <Row name="Begins at">
        <Their>{shown.destination.url}</Their>
        {!shown.destination.on_service_origin && <strong class="warn"> This is not at the Service.</strong>}
      </Row>
    )}
  </dl>
)

const Pending = (of: RequestOf) => {
  const { request, mayDecide } = of
  return (
    <>
      <p class="deadline">
        Waits until <When at={request.expires_at} /> <strong data-countdown={String(request.expires_at)}></strong>
      </p>
      <Approvals {...of} />
      {mayDecide ? (
        <>
          {canApprove(of) && <Approve {...of} />}
          <Deny {...of} />
        </>
      ) : (
        <p>You may look at this request. Others decide it.</p>
      )}
    </>
  )
}

const Decided = (of: RequestOf) => {
  const { request, at } = of
  const status = statusAt(request, at)
  return (
    <>
      <h2>
        <span class={`badge ${status}`}>{status}</span>
      </h2>
      <p>
        {request.decided_at !== null && <When at={request.decided_at} />}
        {request.decided_by !== null && (
          <>
            {' '}
            by <Their>{request.decided_by}</Their>
          </>
        )}
        {request.reason !== null && (
          <>
            : <Their>{request.reason}</Their>
          </>
        )}
      </p>
      {status === 'approved' && <Holding {...of} />}
    </>
  )
}
