import { member } from '../actors/authority.ts'
import { expectRefused, isSuccess, NoAnswer, type Reply } from '../actors/client.ts'
import type { Received } from '../actors/hosts.ts'
import { expectThat } from '../case.ts'
import { until } from '../stage.ts'
import type { Pass, ServiceStage } from './stage.ts'

const CREDENTIAL = /"(bearer_token|initialization_url|initialization_request)"\s*:/

/** A refusal that gave nothing away: no token, nothing to begin a session with, no cookie. */
export function expectNothing(reply: Reply, allowed: { orServerError?: boolean } = {}): void {
  expectRefused(reply, allowed)
  expectThat(
    !CREDENTIAL.test(reply.text) && reply.cookies.length === 0,
    'no credential with the refusal',
    `${reply.status} ${reply.text.slice(0, 200)}`,
  )
}

/** The calls by which the Service had its Authority validate a pass. */
export const validationsOf = ({ authority, value }: Pass): Received[] =>
  authority.callsTo('validate').filter(({ json }) => member(member(json, 'agentpass'), 'value') === value)

/** The calls about the authorization that a pass opened. */
export const callsAbout = ({ authority, script }: Pass, endpoint: 'check' | 'close'): Received[] =>
  authority.callsTo(endpoint).filter(({ json }) => member(json, 'authorization_id') === script.validation.authorization_id)

/** That nobody was asked about the pass: it is as good as before. */
export function expectUnspent(pass: Pass): void {
  const { length } = validationsOf(pass)
  expectThat(length === 0, 'the pass not to be validated', `${length} calls of its Authority’s validation endpoint`)
}

/** A status that is suggested, and no MUST. */
export function suggest(s: ServiceStage, reply: Reply, ...suggested: number[]): void {
  if (!suggested.includes(reply.status)) s.warn(`${suggested.join(' or ')} is suggested here, not ${reply.status}`)
}

/** That a bearer token is of no use. */
export function expectDead(reply: Reply): void {
  expectThat(reply.status === 401 || reply.status === 403, 'the call to be refused (401 or 403)', `${reply.status} ${reply.text.slice(0, 200)}`)
}

/** That a token can do this and nothing else, as the answer says (where it does) and as the API does. */
export async function expectScope(
  s: ServiceStage,
  bought: { token: string; grant: { scope?: string[] | undefined } },
  scope: string[],
): Promise<void> {
  const said = bought.grant.scope
  if (said !== undefined) expectThat(said.toSorted().join() === scope.toSorted().join(), `scope ${JSON.stringify(scope)}`, said)
  for (const name of s.scope.all) {
    const { status } = await s.call(name, bought.token)
    if (scope.includes(name)) expectThat(status < 500 && status !== 401 && status !== 403, `${name} to be allowed`, `${status}`)
    else expectThat(status === 401 || status === 403, `${name} not to be allowed`, `${status}`)
  }
}

/** Whether a page shows the session of an agent. */
export const isSessionOf = (agent: string, reply: Reply | undefined): boolean => reply !== undefined && isSuccess(reply) && reply.text.includes(agent)

/** That a page shows the session of an agent. */
export const expectPageOf = (agent: string, reply: Reply): void =>
  expectThat(isSessionOf(agent, reply), 'the session to be the agent’s', 'another page')

/** That a page does not. */
export const expectNoPageOf = (agent: string, reply: Reply): void => expectThat(!isSessionOf(agent, reply), 'no page for the agent', 'one')

/** A call at a moment when what stands behind it may end: an answer that breaks off is none. */
export const unlessBroken = (call: Promise<Reply>): Promise<Reply | undefined> =>
  call.catch((failure: unknown) => {
    if (failure instanceof NoAnswer) return undefined
    throw failure
  })

/** How long the Service may go on trusting the last check, in milliseconds, with a little for its way. */
export const checkWindowMs = ({ adapter }: ServiceStage): number => adapter.check_seconds * 1000 + 2500

/** That a call comes to be refused before the last check is too old. */
export async function expectDeadSoon(s: ServiceStage, call: () => Promise<Reply>): Promise<void> {
  let last: Reply | undefined
  const isDead = async () => {
    last = await unlessBroken(call())
    return last === undefined || last.status >= 400
  }
  expectThat(await until(isDead, checkWindowMs(s)), `a refusal within ${checkWindowMs(s)} ms`, `${last?.status} ${last?.text.slice(0, 200)}`)
}
