import { sql } from 'kysely'
import { termsOf } from '../../authority/audit/terms.ts'
import { digestOf } from '../../authority/store/digest.ts'
import type { AuthorityTables } from '../../authority/store/schema.ts'
import { openSession } from '../../authority/store/sessions.ts'
import { indexTrail } from '../../authority/store/trail.ts'
import { systemNow, systemRandom } from '../../spec/node/settings.ts'
import type { Place } from './cases.ts'
import { fill } from './filler.ts'
import { fire } from './load.ts'
import { tellProgress } from './progress.ts'
import type { LatencyRow } from './report.ts'
import { HOUR, type Seeded } from './seed.ts'

const STORED = { ended: 80_000, pending: 20_000 }
const ROUNDS = 100
const WARM_UP = 10
/** Who looks, and the groups that they are in: a user, an approver of some five hundred of four thousand users, and somebody who sees all. */
const PEOPLE = { user: [], approver: ['desk-leads'], auditor: ['security'] } satisfies Record<string, string[]>
type Who = keyof typeof PEOPLE

/** Measures how long the Authority takes for each page of its console, with 100,000 requests stored: one reader, one page after the other. */
export async function measureConsole(place: Place): Promise<LatencyRow[]> {
  const seed = await place.authority()
  await fill(seed, STORED)
  tellProgress('console: giving the requests to four thousand users, and indexing the trail')
  const { user, ref } = await spread(seed)
  const cookies = await signIn(seed, user)
  while ((await seed.db.write((tx) => indexTrail(tx, seed.db.dialect, termsOf))) > 0);
  await seed.close()
  const child = await place.start('console', seed.told)
  const rows: LatencyRow[] = []
  for (const [name, who, path] of PAGES(user, ref)) {
    tellProgress(`console: ${name}`)
    const shot = { method: 'GET', path: `/console${path}`, headers: { cookie: `__Host-agentpass-console=${cookies[who]}` }, expect: 200 } as const
    await fire(child.origin, Array(WARM_UP).fill(shot), 1)
    const { p50Ms, p99Ms } = await fire(child.origin, Array(ROUNDS).fill(shot), 1)
    rows.push({ name: `console ${name}`, rounds: ROUNDS, p50Ms: round(p50Ms), p99Ms: round(p99Ms) })
  }
  await child.stop()
  return rows
}

const PAGES = (user: string, ref: string): [string, Who, string][] => [
  ['inbox user', 'user', '/requests'],
  ['inbox lead', 'approver', '/requests'],
  ['all lead', 'approver', '/requests?status=all'],
  ['all auditor', 'auditor', '/requests?status=all'],
  ['request', 'auditor', `/requests/${ref}`],
  ['held lead', 'approver', '/authorizations'],
  ['held auditor', 'auditor', '/authorizations'],
  ['audit', 'auditor', '/audit'],
  ['audit user', 'auditor', `/audit?q=${encodeURIComponent(user)}`],
  ['audit request', 'auditor', `/audit?request=${ref}`],
]

const round = (ms: number): number => Number(ms.toFixed(2))

/** The filling is all of one user's: now it is of four thousand, and some of those are in a group. */
async function spread({ db }: Seeded<AuthorityTables>): Promise<{ user: string; ref: string }> {
  await db.write(async (tx) => {
    await sql`update request set user_email = 'u' || substr(digest, 1, 2) || '@acme.example'`.execute(tx)
    await sql`insert into person_group (email, name) select distinct user_email, 'support' from request where substr(digest, 1, 1) in ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')`.execute(
      tx,
    )
  })
  const { user_email, ref } = await db.read
    .selectFrom('request')
    .select(['user_email', 'ref'])
    .where('status', '=', 'approved')
    .limit(1)
    .executeTakeFirstOrThrow()
  return { user: user_email, ref }
}

async function signIn({ db, secrets }: Seeded<AuthorityTables>, user: string): Promise<Record<Who, string>> {
  const begin = async (email: string, groups: string[]): Promise<string> => {
    const value = systemRandom(32)
    const at = systemNow()
    const session = {
      ...{
        digest: digestOf(value),
        email,
        name: null,
        groups: JSON.stringify(groups),
        authenticated_at: at,
        sealed_id_token: secrets.seal('id tokens', 'bench'),
      },
      ...{ client: JSON.stringify({ address: '127.0.0.1', program: 'bench' }), opened_at: at, seen_at: at, expires_at: at + 8 * HOUR },
    }
    await db.write((tx) => openSession(tx, session, { before: undefined, groups }))
    return value
  }
  return {
    user: await begin(user, PEOPLE.user),
    approver: await begin('cleo@acme.example', PEOPLE.approver),
    auditor: await begin('audrey@acme.example', PEOPLE.auditor),
  }
}
