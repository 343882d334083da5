import type { AuthorityTables } from '../../authority/store/schema.ts'
import type { Case } from './cases.ts'
import { fill } from './filler.ts'
import { type Bench, type Ground, placeOf, withGround } from './ground.ts'
import { type Measurable, measure, totalShots } from './measure.ts'
import { tellProgress } from './progress.ts'
import { type Row, summarise } from './report.ts'
import { createAuthority, reopenAuthority, type Seeded } from './seed.ts'

/** How many requests that ended are stored; and from when on this many pending ones beside them. */
export const SIZES = [1000, 100_000, 1_000_000]
const PENDING = 100_000
const ROUNDS = 5
/** What is measured, in this order: the last adds many requests of its own, the others next to none. */
export const FLAT_CASES = ['check', 'poll', 'validate']

type Stored = { size: number; seed: Seeded<AuthorityTables> }

/** Measures cases with few and many requests stored: each size has a database, filled once, and a server, and all take turns in every round. Gives a row for each case and size. */
export const measureFlatness = (bench: Bench, cases: Case[], done: (row: Row) => void): Promise<Row[]> =>
  withGround(bench, async (ground) => {
    const stored: Stored[] = []
    for (const size of SIZES) stored.push({ size, seed: await storeRequests(ground, size) })
    const rows: Row[] = []
    for (const one of cases)
      for (const row of await measureSizes(ground, one, stored)) {
        rows.push(row)
        done(row)
      }
    return rows
  })

async function storeRequests(ground: Ground, size: number): Promise<Seeded<AuthorityTables>> {
  tellProgress(`storing ${size.toLocaleString('en')} requests`)
  const seed = await createAuthority(ground.databases)
  await fill(seed, { ended: size, pending: size < PENDING ? 0 : PENDING })
  await seed.close()
  return seed
}

async function measureSizes(ground: Ground, one: Case, stored: Stored[]): Promise<Row[]> {
  const servers: Measurable[] = []
  for (const { size, seed } of stored) {
    const name = `${one.name} @ ${size}`
    const place = { ...placeOf(ground, name.replaceAll(' ', '')), authority: () => reopenAuthority(ground.databases, seed) }
    servers.push({ name, ...(await one.prepare(place, totalShots(one, ROUNDS))) })
  }
  const rounds = await measure(one, ground.floors, servers, ROUNDS)
  return servers.map(({ name }, i) => summarise(name, rounds[i] ?? [], rounds[0]))
}
