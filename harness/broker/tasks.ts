import type { Wait } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { TakeTurn } from '../../spec/node/doors.ts'
import type { Chore } from '../../spec/node/sweep.ts'
import { sweepAll } from '../../spec/node/sweep.ts'
import type { PassType } from '../../spec/wire/issuance.ts'
import { createTaskId } from '../acquire.ts'
import { listEnding } from '../store/endings.ts'
import type { TaskRow } from '../store/schema.ts'
import { addTask, countLive, deleteTasksEndedBefore, findTask, listTasks } from '../store/tasks.ts'
import { noteOpened, renewLeases } from '../store/trip.ts'
import { type ActDeps, expire } from './act.ts'
import { type Agent, requireMayAsk } from './agents.ts'
import { type Changes, createChanges } from './changes.ts'
import { ENDS, ENDS_AT_ONCE, endOnce, giveBack } from './end.ts'
import { CalledOff } from './failure.ts'
import { initializationGone } from './openings.ts'
import { recordTask } from './record.ts'
import { recover } from './recover.ts'
import { type TripDeps, travel } from './trip.ts'

export type TasksDeps = TripDeps & ActDeps & { wait: Wait; mostLive: number; isBrowsable: boolean; turns: { start: TakeTurn } }
/** What an agent asks for: access at one Service, for one user and one task. */
export type Asking = {
  type: PassType
  service: string
  user: string
  description: string
  scope?: string[] | undefined
  authority?: string | undefined
  destination?: string | undefined
}
/** The tasks of all agents, each seen by its own agent alone. */
export type Tasks = {
  /** Begins a task, whose trip goes on by itself. Throws forbidden, rate_limited; unprocessable for a browser session that no browser could begin. */
  start: (agent: Agent, asking: Asking) => Promise<TaskRow>
  /** Throws not_found, also for another agent's. */
  find: (agent: Agent, id: string) => Promise<TaskRow>
  list: (agent: Agent) => Promise<TaskRow[]>
  /** Ends a task and gives back what it holds; one that is over stays as it is. Throws not_found. */
  end: (agent: Agent, id: string) => Promise<TaskRow>
  /** That a browser begins the session of a task: what it is from now on, the browser and its Service know. Throws initialization_gone where it is held no more. */
  opened: (id: string) => Promise<void>
  changes: Changes
  /** What is to be done again and again. */
  chores: Chore[]
  /** Calls off what is under way in this instance, and waits for that. What is held stays. */
  stop: () => Promise<void>
}

const LEASE_SECONDS = 30
const KEEP_SECONDS = 7 * 86_400
const RETRIED_AT_ONCE = 50
const OPENED_SECONDS = 86_400 // how long a begun session is listed, whose end its browser alone sees

/** Opens the tasks on a database, and finishes what an instance that has gone left undone. */
export async function openTasks(d: TasksDeps): Promise<Tasks> {
  const isAlone = d.db.dialect === 'sqlite' // which serves one instance
  const trips = createTrips(d)
  const changes = createChanges((id) => void trips.look(id))
  await d.db.listen(changes.hear)
  await recover(d, isAlone)
  const find = async ({ name }: Agent, id: string) => requireTask(await findTask(d.db.read, id, name))
  return {
    async start(agent, asking) {
      await d.turns.start(agent.name) // whichever door was asked
      requireMayAsk(agent, asking)
      if (asking.type === 'browser_session' && !d.isBrowsable)
        throw new ProtocolError(
          'unprocessable',
          'no browser reaches this broker, which listens on a Unix socket: start it with --listen for browser sessions',
        )
      const row = newTask(d, agent, asking)
      await d.db.write(async (tx, announce) => {
        if ((await countLive(tx, agent.name)) >= d.mostLive)
          throw new ProtocolError('rate_limited', `this agent has ${d.mostLive} tasks: end those that are done`, { retryAfterSeconds: 60 })
        await addTask(tx, row)
        await recordTask(d, tx, { row, announce, outcome: 'started' })
      })
      trips.begin(row)
      return row
    },
    find,
    list: ({ name }) => listTasks(d.db.read, name),
    async end(agent, id) {
      const { status } = await find(agent, id)
      const ended = async (from: typeof ENDS) => {
        d.openings.drop(id) // nobody begins what is being ended
        return endOnce(d, { agent: agent.name, id, from })
      }
      const atOnce = await ended(ENDS_AT_ONCE)
      if (!atOnce && (await find(agent, id)).status === 'redeeming') await trips.settled(id) // what its pass buys is held then, and given back as all is
      const begun = atOnce ?? (await ended(ENDS))
      trips.callOff(id)
      const row = await find(agent, id)
      if (!begun && status === 'ending') await giveBack(d, row) // tried again now, and not when its turn comes
      return find(agent, id)
    },
    async opened(id) {
      await d.db.write(async (tx, announce) => {
        const row = await noteOpened(tx, id, { at: d.now(), expiresAt: d.now() + OPENED_SECONDS })
        if (!row) throw initializationGone()
        await recordTask(d, tx, { row, announce, outcome: 'opened' })
      })
    },
    changes,
    chores: choresOf(d, isAlone),
    stop: trips.stop,
  }
}

function requireTask(row: TaskRow | undefined): TaskRow {
  if (!row) throw new ProtocolError('not_found', 'this agent has no such task')
  return row
}

function newTask(d: TasksDeps, agent: Agent, { type, service, user, description, scope, authority, destination }: Asking): TaskRow {
  const at = d.now()
  return {
    ...{ id: createTaskId(d.acquiring.random), agent: agent.name, type, service, user_email: user, description },
    ...{ wanted: JSON.stringify({ scope, authority, destination }), status: 'asking', step: 'discover', peer: service },
    ...{
      authority: null,
      waiting: null,
      failure: null,
      scope: null,
      expires_at: null,
      sealed_status_url: null,
      sealed_token: null,
      revoke_url: null,
    },
    ...{ created_at: at, changed_at: at, runner: d.runner, lease_until: at + LEASE_SECONDS },
  }
}

/** A trip that is under way. `isRedeeming`: its pass is being spent. */
type Trip = { leaving: AbortController; agent: string; isRedeeming: boolean; ended: Promise<void> }

/** The trips under way in this instance. */
function createTrips(d: TasksDeps) {
  const under = new Map<string, Trip>()
  const callOff = (id: string, why = 'the task was ended') => under.get(id)?.leaving.abort(new CalledOff(why))
  return {
    begin(row: TaskRow) {
      const trip = { leaving: new AbortController(), agent: row.agent, isRedeeming: false }
      const onRedeeming = () => {
        trip.isRedeeming = true
      }
      const ended = travel(d, row, { signal: trip.leaving.signal, onRedeeming }).finally(() => under.delete(row.id))
      under.set(row.id, Object.assign(trip, { ended }))
    },
    callOff: (id: string) => callOff(id),
    /** Until the trip of a task is over, where it is here: of one that redeems that takes a moment. */
    settled: async (id: string) => under.get(id)?.ended,
    /** Another instance may have ended a task whose trip is here, or the page that begins its session. */
    async look(id: string) {
      const agent = under.get(id)?.agent ?? d.openings.agentOf(id)
      const row = agent === undefined ? undefined : await findTask(d.db.read, id, agent).catch(() => undefined) // asked again at the trip's next fact, or when the page is loaded
      if (!row || row.status === 'asking' || row.status === 'redeeming') return
      callOff(id)
      if (row.status !== 'ready') d.openings.drop(id)
    },
    /** A pass that is being redeemed is redeemed: what it buys is held for the next start. */
    async stop() {
      for (const [id, { isRedeeming }] of under) if (!isRedeeming) callOff(id, 'the broker was stopped')
      await Promise.all([...under.values()].map(({ ended }) => ended))
    },
  }
}

const choresOf = (d: TasksDeps, isAlone: boolean): Chore[] => [
  { name: 'leases', everyMs: 10_000, run: () => d.db.write((tx) => renewLeases(tx, d.runner, d.now() + LEASE_SECONDS)) },
  ...(isAlone ? [] : [{ name: 'abandoned tasks', everyMs: 10_000, run: () => recover(d, false) }]),
  { name: 'expiry', everyMs: 1000, run: () => sweepAll((limit) => expire(d, limit)) },
  {
    name: 'giving back',
    everyMs: 30_000,
    run: async () => {
      for (const row of await listEnding(d.db.read, RETRIED_AT_ONCE)) await giveBack(d, row)
    },
  },
  {
    name: 'sweeping',
    everyMs: 60_000,
    run: () => sweepAll((limit) => d.db.write((tx) => deleteTasksEndedBefore(tx, d.now() - KEEP_SECONDS, limit))),
  },
]
