import { z } from 'zod'
import { print, printJson, say } from '../../spec/node/cli.ts'
import { isConfirmed, isTerminal } from '../../spec/node/confirm.ts'
import { OperatorError } from '../../spec/node/operator-error.ts'
import { visible } from '../approve/visible.ts'
import { type Management, type ManagementOptions, withManagement } from './management.ts'
import { Details, inFull, inTable, Summary } from './show.ts'

type Common = ManagementOptions & { json?: boolean }
export type DecisionOptions = Common & { digest?: string; yes?: boolean; scope?: string[]; reason?: string }

/** A decision: its name at the door, what it did, and whether it can only be made while the request is pending. */
type Act = { name: 'approve' | 'deny' | 'cancel' | 'revoke' | 'narrow'; done: string; endsPending: boolean }
export const ACTS = {
  approve: { name: 'approve', done: 'approved', endsPending: true },
  deny: { name: 'deny', done: 'denied', endsPending: true },
  cancel: { name: 'cancel', done: 'canceled', endsPending: true },
  revoke: { name: 'revoke', done: 'revoked', endsPending: false },
  narrow: { name: 'narrow', done: 'narrowed', endsPending: false },
} as const satisfies Record<string, Act>

const Listed = z.looseObject({ requests: z.array(Summary) })
const pathOf = (ref: string): string => `/requests/${encodeURIComponent(ref)}`

/** Lists the newest requests. */
export async function listRequests(o: Common & { status?: string }): Promise<void> {
  const { requests } = await withManagement(o, (management) =>
    management.get(`/requests${o.status === undefined ? '' : `?status=${o.status}`}`, Listed),
  )
  if (o.json) printJson({ requests })
  else if (requests.length > 0) print(inTable(requests))
  else say(`there are no${o.status === undefined ? '' : ` ${o.status}`} requests`)
}

/** Shows all that is to be seen of a request. */
export async function showRequest(ref: string, o: Common): Promise<void> {
  const request = await withManagement(o, (management) => management.get(pathOf(ref), Details))
  if (o.json) printJson(request)
  else print(inFull(request, columnsOf(process.stdout)))
}

/**
 * Decides. What is decided is named by the digest of what was shown: that of `--digest`, or of what is fetched and shown now.
 * Then a terminal is asked, unless `--yes` says that nobody need be; without a terminal an approval needs one of the two. Throws OperatorError.
 */
export async function decide(act: Act, ref: string, o: DecisionOptions): Promise<void> {
  if (act.name === 'approve' && o.digest === undefined && !o.yes && !isTerminal())
    throw new OperatorError('nobody is here to look at what is approved', {
      exitCode: 2,
      hint: 'name what was seen with --digest, as requests show --json prints it, or approve unseen with --yes',
    })
  const after = await withManagement(o, async (management) => {
    const digest = o.digest ?? (await lookAt(management, act, ref, o))
    const { scope, reason } = o
    return management.post(`${pathOf(ref)}/${act.name}`, { digest, ...(scope && { scope }), ...(reason !== undefined && { reason }) }, Details)
  })
  if (o.json) printJson(after)
  else print(`${act.done} ${after.ref}: ${outcomeOf(act, after, o.scope)}`)
}

/** Shows what is to be decided and asks, where there is somebody. Gives the digest of what was shown. */
async function lookAt(management: Management, act: Act, ref: string, o: DecisionOptions): Promise<string> {
  const request = await management.get(pathOf(ref), Details)
  say(inFull(request, columnsOf(process.stderr)))
  if (act.endsPending && request.status !== 'pending')
    throw new OperatorError(`this request is ${request.status} already`, {
      hint: 'a decision stands; agentpass-authority revoke takes back what was approved',
    })
  if (!o.yes && isTerminal() && !(await isConfirmed(questionOf(act, request, o.scope)))) throw new OperatorError('nothing was decided')
  return request.digest
}

function questionOf(act: Act, { ref, shown }: Details, scope: string[] | undefined): string {
  const granted = scope ?? (act.name === 'approve' ? shown.scopes.map(({ name }) => name) : undefined)
  return `${act.name} ${visible(granted?.join(', ') ?? ref)}? [y/N] `
}

const columnsOf = (stream: { columns?: number }): number => stream.columns || 80 // 0 where a terminal does not know

function outcomeOf(act: Act, { shown, status, authorization }: Details, scope: string[] | undefined): string {
  const whose = `${shown.agent.id} as ${shown.user.email} at ${shown.service.origin}`
  if (act.name === 'approve') return visible(`${(scope ?? shown.scopes.map(({ name }) => name)).join(', ')} for ${whose}`)
  if (act.name === 'narrow') return visible(`${(authorization?.scope ?? []).join(', ')} is left to ${whose}`)
  if (act.name === 'revoke')
    return visible(authorization ? `the authorization of ${whose} is ${authorization.state}` : `the pass of ${whose} is void`)
  return visible(`the request of ${whose} is ${status}`)
}
