import { z } from 'zod'
import { readShown } from '../approve/shown.ts'
import { listApprovals } from '../store/approvals.ts'
import { endNotifications, idsOf, isAsking } from '../store/notifications.ts'
import { findAnswers } from '../store/passes.ts'
import { findByRefs } from '../store/requests.ts'
import type { NotificationRow, RequestRow } from '../store/schema.ts'
import { type GiveUpDeps, giveUpLate } from './give-up.ts'
import type { Fact } from './told.ts'

type Sifted = { useful: NotificationRow[]; facts: Fact[] }
const Granted = z.looseObject({ scope: z.array(z.string()) })

/** What is still worth telling: nobody is asked about a request that was decided meanwhile, or that they have approved themselves, and what is past its time is given up. One request is told once in a mail. */
export async function sift(d: GiveUpDeps, rows: NotificationRow[]): Promise<Sifted> {
  const at = d.now()
  const requests = await findByRefs(d.db.read, [...new Set(rows.map(({ request_ref }) => request_ref))])
  const approvals = await approvalsOf(d, [...requests.values()])
  const isDropped = ({ kind, recipient, request_ref }: NotificationRow): boolean => {
    const request = requests.get(request_ref)
    return !request || (isAsking(kind) && (isDecided(request) || approvals.get(request.digest)?.includes(recipient) === true))
  }
  const dropped = rows.filter(isDropped)
  if (dropped.length > 0) await d.db.write((tx) => endNotifications(tx, idsOf(dropped), { state: 'dropped', at }))
  const left = rows.filter((row) => !dropped.includes(row))
  await giveUpLate(
    d,
    left.filter(({ expires_at }) => expires_at <= at),
  )
  const useful = left.filter(({ expires_at }) => expires_at > at)
  const answers = await findAnswers(
    d.db.read,
    [...requests.values()].map(({ digest }) => digest),
  )
  const facts = useful.flatMap((row): Fact[] => {
    const request = requests.get(row.request_ref)
    const answer = request && answers.get(request.digest)
    const granted = answer === undefined ? undefined : Granted.parse(JSON.parse(answer)).scope
    return request ? [{ kind: row.kind, at: row.event_at, request, granted }] : []
  })
  const isFirst = (fact: Fact, i: number) =>
    !isAsking(fact.kind) || facts.findIndex((one) => isAsking(one.kind) && one.request === fact.request) === i
  return { useful, facts: facts.filter(isFirst) }
}

/** Of those that wait for several people, who has approved. */
async function approvalsOf({ db }: GiveUpDeps, requests: RequestRow[]): Promise<Map<string, string[]>> {
  const approved = new Map<string, string[]>()
  for (const { digest, shown } of requests)
    if (readShown(shown).approvals !== undefined)
      approved.set(
        digest,
        (await listApprovals(db.read, digest)).map(({ by }) => by),
      )
  return approved
}

const isDecided = ({ status }: RequestRow): boolean => status === 'approved' || status === 'denied' || status === 'canceled'
