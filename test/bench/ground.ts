import type { Place } from './cases.ts'
import { type Starting, startChild } from './child.ts'
import { type Databases, postgresDatabases, sqliteDatabases, temporaryFolder } from './databases.ts'
import { type FloorServer, startFloors } from './floors.ts'
import { type Leftovers, withLeftovers } from './leftovers.ts'
import { createAuthority, createBroker, createService } from './seed.ts'

/** A run of the bench: the compiled `server.js`, the PostgreSQL server where the parties' databases are to be (SQLite files without one), and the folder for CPU profiles. */
export type Bench = {
  program: string
  pinned: boolean
  postgres: string | undefined
  profile: string | undefined
  leftovers: Leftovers
}
/** What a measurement stands on: floors, and a place for databases. */
export type Ground = { floors: FloorServer; databases: Databases; starting: Starting; profile: string | undefined }

/** Measures something on ground of its own, of which nothing is left at the end. */
export const withGround = <T>({ program, pinned, postgres, profile, leftovers: around }: Bench, work: (ground: Ground) => Promise<T>): Promise<T> =>
  withLeftovers(around, async (leftovers) => {
    const folder = temporaryFolder(leftovers)
    const databases = postgres ? postgresDatabases(postgres, leftovers) : sqliteDatabases(folder)
    const starting = { program, pinned, leftovers }
    return work({ floors: await startFloors(folder, starting), databases, starting, profile })
  })

/** The place of a case: fresh databases, and servers that are profiled under the case's name where that was asked for. */
export const placeOf = ({ databases, starting, profile }: Ground, name: string): Place => ({
  authority: () => createAuthority(databases),
  service: () => createService(databases),
  broker: () => createBroker(databases),
  start: (kind, told) => startChild(starting, kind, told, profile === undefined ? undefined : { folder: profile, name }),
})
