import type { Case, Prepared } from './cases.ts'
import type { Child } from './child.ts'
import type { FloorServer } from './floors.ts'
import { fire, type Measured, type Shot } from './load.ts'
import { tellProgress } from './progress.ts'

const WARM_UP = 2500

/** What a server did in one round; its CPU time in microseconds a request. */
type Turn = Measured & { cpuMicros: number }
/** One round of a server beside the floors, measured right before it. */
export type Round = { own: Turn; floor: Turn; durable: Turn | undefined }
/** A server that is measured, and what people call it. */
export type Measurable = Prepared & { name: string }

/** How many requests a case is made ready for. */
export const totalShots = ({ perRound }: Case, rounds: number): number => WARM_UP + rounds * perRound

/**
 * Measures one case on some servers that differ in one thing, and its floors: all warmed up, then in rounds in which each has its turn, so that what the machine does meanwhile
 * happens to all. Every other round goes the other way round. Gives the rounds of each server, and stops the servers.
 */
export async function measure(one: Case, floors: FloorServer, servers: Measurable[], rounds: number): Promise<Round[][]> {
  const take = (child: Child, shots: Shot[]) => takeTurn(child, shots, one.connections)
  for (const { child, next, name } of servers) {
    tellProgress(`${name}: warming up`)
    await take(child, await next(WARM_UP))
  }
  const kinds = [one.floor, ...(one.besideDurable ? (['durable'] as const) : [])]
  for (const kind of kinds) await take(floors.child, await floors.shots(kind, WARM_UP))
  const measured = servers.map((server) => ({ server, rounds: [] as Round[] }))
  for (let round = 1; round <= rounds; round++) {
    const floor = await take(floors.child, await floors.shots(one.floor, one.perRound))
    const durable = one.besideDurable && (await take(floors.child, await floors.shots('durable', one.perRound)))
    for (const { server, rounds: own } of round % 2 ? measured : measured.toReversed()) {
      tellProgress(`${server.name}: round ${round} of ${rounds}`)
      own.push({ own: await take(server.child, await server.next(one.perRound)), floor, durable })
    }
  }
  await Promise.all(servers.flatMap(({ child, also = [] }) => [child, ...also]).map((child) => child.stop()))
  return measured.map((of) => of.rounds)
}

async function takeTurn(child: Child, shots: Shot[], connections: number): Promise<Turn> {
  const before = await child.cpuMicros()
  const measured = await fire(child.origin, shots, connections)
  return { ...measured, cpuMicros: ((await child.cpuMicros()) - before) / shots.length }
}
