import { z } from 'zod'
import { print, printJson } from '../../spec/node/cli.ts'
import { isConfirmed, isTerminal } from '../../spec/node/confirm.ts'
import { OperatorError } from '../../spec/node/operator-error.ts'
import { visible } from '../approve/visible.ts'
import { ACTS, type DecisionOptions, decide } from './decisions.ts'
import { withManagement } from './management.ts'

export type RevokeOptions = DecisionOptions & { authorization?: string; user?: string; service?: string; harnessKey?: string; all?: boolean }

const Ended = z.looseObject({ authorizations: z.int(), passes: z.int(), requests: z.int(), remembered: z.int() })
const WHICH = 'REF, --authorization, --user, --service, --harness-key and --all'
const ALIVE = 'every request that waits, unused pass, active authorization and remembered approval'
/** A whole Authority's delegations may take their time. */
const ANSWER_MS = 600_000

/** Ends what one request led to, or everything alive that an option means. Throws OperatorError: misuse unless exactly one of them is named. */
export async function revoke(ref: string | undefined, o: RevokeOptions): Promise<void> {
  const named = namedBy(o)
  if (named.length + (ref === undefined ? 0 : 1) !== 1)
    throw new OperatorError(`name exactly one of ${WHICH}`, { exitCode: 2, hint: 'see revoke --help' })
  const [which] = named
  if (which) await revokeAll(which, o)
  else if (ref !== undefined) await decide(ACTS.revoke, ref, o)
}

/** What is meant, as the management door knows it, and in words. */
type Named = { body: object; words: string }

const namedBy = ({ authorization, user, service, harnessKey, all }: RevokeOptions): Named[] => [
  ...(authorization === undefined ? [] : [{ body: { authorization_id: authorization }, words: `the authorization ${authorization}` }]),
  ...(user === undefined ? [] : [{ body: { user }, words: `${ALIVE} of the user ${user}` }]),
  ...(service === undefined ? [] : [{ body: { service }, words: `${ALIVE} at the service ${service}` }]),
  ...(harnessKey === undefined ? [] : [{ body: { harness_key: harnessKey }, words: `${ALIVE} of the harness key ${harnessKey}` }]),
  ...(all ? [{ body: { all }, words: `${ALIVE} of every user at every service` }] : []),
]

async function revokeAll({ body, words }: Named, o: RevokeOptions): Promise<void> {
  if (o.digest !== undefined) throw new OperatorError('--digest is of one request', { exitCode: 2, hint: 'name the request, or leave --digest out' })
  const meant = visible(words)
  if (!o.yes) await requireWord(meant)
  const { reason } = o
  const ended = await withManagement(o, (management) =>
    management.post('/revocations', { ...body, ...(reason !== undefined && { reason }) }, Ended, { answerMs: ANSWER_MS }),
  )
  if (o.json) printJson(ended)
  else print(`${ended.authorizations + ended.passes + ended.requests + ended.remembered === 0 ? 'nothing was alive' : 'ended'}: ${countsOf(ended)}`)
}

/** Nobody ends many delegations by accident: a terminal is told what will end and asked, anybody else says `--yes`. */
async function requireWord(meant: string): Promise<void> {
  if (!isTerminal())
    throw new OperatorError(`nobody is here to be asked whether to end ${meant}`, { exitCode: 2, hint: 'say --yes where that is meant' })
  if (!(await isConfirmed(`end ${meant}? [y/N] `))) throw new OperatorError('nothing was revoked')
}

/** How much was ended, in words. */
export const countsOf = ({ authorizations, passes, requests, remembered }: z.infer<typeof Ended>): string =>
  `${authorizations} authorizations revoked, ${passes} unused passes void, ${requests} requests denied${remembered > 0 ? `, ${remembered} remembered approvals ended` : ''}`
