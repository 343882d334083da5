import { print, printJson, say, table } from '../../spec/node/cli.ts'
import { openReadOnly } from '../../spec/node/open-database.ts'
import { readPartySettings } from '../../spec/node/server-party.ts'
import { readDatabase, systemNow } from '../../spec/node/settings.ts'
import { toRfc3339 } from '../../spec/time.ts'
import { visible } from '../approve/visible.ts'
import type { Policy } from '../policy/policy.ts'
import { type Changed, decideAgain, type Said } from '../policy/simulate.ts'
import { countSince, pastRequests } from '../store/past.ts'
import { groupsOf } from '../store/person-groups.ts'
import type { AuthorityTables, Tx } from '../store/schema.ts'
import { authority } from './authority.ts'
import { policyToTry } from './policy-try.ts'

type Options = { config: string; since?: number; policy?: string; all?: boolean; json?: boolean }
type Simulated = { since: number; requests: number; changed: Changed[] }

const WEEK_SECONDS = 7 * 86_400
const MOST_LISTED = 20
const CELL_CHARS = 48

/** Decides past requests again and says what would have been decided otherwise. Beside a running server too; changes nothing. Throws OperatorError. */
export async function simulatePolicy(o: Options): Promise<void> {
  const { database } = readPartySettings(authority, o.config)
  const policy = await policyToTry(o)
  const db = await openReadOnly<AuthorityTables>(readDatabase(o.config, database))
  try {
    const simulated = await simulate(db.read, policy, o.since ?? systemNow() - WEEK_SECONDS)
    if (o.json)
      printJson({ ...simulated, since: toRfc3339(simulated.since), changed: simulated.changed.map((one) => ({ ...one, at: toRfc3339(one.at) })) })
    else print(inWords(simulated, o.all ?? false))
  } finally {
    await db.close()
  }
}

/** Decides the requests since then again. */
export async function simulate(db: Tx, policy: Policy, since: number): Promise<Simulated> {
  const total = await countSince(db, since)
  const groups = new Map<string, string[]>()
  const groupsOfUser = async (user: string) => {
    const known = groups.get(user) ?? (policy.asksGroups ? await groupsOf(db, user) : [])
    groups.set(user, known)
    return known
  }
  const changed: Changed[] = []
  let requests = 0
  for await (const rows of pastRequests(db, since)) {
    for (const past of rows) {
      const different = decideAgain(policy, past, await groupsOfUser(past.user_email))
      if (different) changed.push(different)
    }
    requests += rows.length
    if (process.stderr.isTTY && requests < total) say(`${requests} of ${total} requests`)
  }
  return { since, requests, changed }
}

function inWords({ since, requests, changed }: Simulated, isAll: boolean): string {
  const head = `${requests} requests since ${toRfc3339(since)}: ${requests - changed.length} would be decided as they were, ${changed.length} otherwise`
  if (changed.length === 0) return head
  const listed = isAll ? changed : changed.slice(0, MOST_LISTED)
  const rest = changed.length > listed.length ? [`and ${changed.length - listed.length} more: --all lists them`] : []
  return [head, '', kindsOf(changed), '', ...listed.flatMap(lines), ...rest].join('\n')
}

/** How many went from what to what, and what people had said where they were asked. */
function kindsOf(changed: Changed[]): string {
  const counts = new Map<string, { cells: string[]; count: number }>()
  for (const { was, would, person = '' } of changed) {
    const cells = [was.decision, person, would.decision]
    const kind = counts.get(cells.join()) ?? { cells, count: 0 }
    counts.set(cells.join(), { cells, count: kind.count + 1 })
  }
  return table(
    ['REQUESTS', 'WAS', 'AND THEN', 'WOULD BE'],
    [...counts.values()].sort((one, other) => other.count - one.count).map(({ cells, count }) => [String(count), ...cells]),
  )
}

const said = ({ decision, scope }: Said): string => (scope.length === 0 ? decision : `${decision} ${scope.join(', ')}`)
const cut = (text: string): string => (text.length > CELL_CHARS ? `${text.slice(0, CELL_CHARS - 1)}…` : text)

const lines = ({ ref, at, user, agent, service, was, would, person, why }: Changed): string[] => [
  `${ref}  ${toRfc3339(at)}  ${[user, agent, service].map((one) => cut(visible(one))).join('  ')}`,
  `    ${visible(`${said(was)}${person === undefined ? '' : ` (then ${person})`} → ${said(would)}`)}`,
  ...why.map((one) => `    ${visible(one)}`),
]
