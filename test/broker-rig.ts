/** A broker between agents and the parties of harness-rig.ts, in this process: its door is called as agents call it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { openBroker } from '../harness/node/broker/open.ts'
import { migrations } from '../harness/store/migrations/all.ts'
import { sha256 } from '../spec/base64url.ts'
import type { Wait } from '../spec/effects.ts'
import { createLog } from '../spec/node/log.ts'
import { DESK, HARNESS, harnessRig, TASK, USER } from './harness-rig.ts'
import { initialised } from './parties.ts'

export const HOST = 'broker.example'
export const BROKER = `https://${HOST}`
/** The agents and their credentials; the second may act for few, in few places. */
export const AGENTS = { builder: 'credential-of-the-builder', clerk: 'credential-of-the-clerk' }
type AgentName = keyof typeof AGENTS

const PATIENCE_MS = 20_000
const LIMITS = { live_tasks: 5, starts_per_minute: 100, mcp_sessions: 3 }

type Changed = {
  isBrowsable?: boolean
  limits?: Partial<typeof LIMITS>
  authorities?: Record<string, string>
  user?: string
  showPage?: (url: string) => Promise<void>
}

export async function brokerRig(changed: Changed = {}) {
  const h = harnessRig()
  const plainConfiguration = h.service.configuration
  h.service.configuration = withRevoke(h)
  const made = await initialised(migrations, h)
  const lines: string[] = []
  const log = createLog('broker', 'debug', (line) => void lines.push(line))
  const agents = await Promise.all(
    Object.entries(AGENTS).map(async ([name, credential]) => ({
      ...{ name, credentialDigest: await sha256(credential) },
      ...(name === 'clerk' && { users: ['@acme.example'], services: [DESK] }),
    })),
  )
  const open = async () => {
    const broker = await openBroker({
      ...made,
      harness: { harnessId: HARNESS, authorities: changed.authorities ?? {}, profile: 'core-0.1', requireDnssec: false, user: changed.user },
      ...{ agents, origin: BROKER, isOwnHost: (host) => host === HOST, limits: { ...LIMITS, ...changed.limits }, showPage: changed.showPage },
      ...(changed.isBrowsable !== undefined && { isBrowsable: changed.isBrowsable }),
      network: { callService: h.fetch, fetchEvents: h.fetch },
      effects: { now: h.now, random: h.random, fetch: h.fetch, resolveTxt: h.resolveTxt, wait: patient(h.deps.wait), log },
    })
    let isStopped = false
    const stop = async () => {
      if (!isStopped) await broker.stop()
      isStopped = true
    }
    onTestFinished(stop)
    const chore = async (name: string) =>
      void (await [...broker.deps.tasks.chores, ...broker.deps.mcp.chores].find((one) => one.name === name)!.run())
    return { ...broker, stop, chore }
  }
  let broker = await open()
  /** Calls the door as an agent does. */
  const call = async (agent: AgentName | undefined, method: string, path: string, init: RequestInit & { host?: string } = {}) => {
    const headers = new Headers(init.headers)
    headers.set('host', init.host ?? HOST)
    if (agent) headers.set('authorization', `Bearer ${AGENTS[agent]}`)
    return broker.app.request(BROKER + path, { duplex: 'half', ...init, method, headers } as RequestInit)
  }
  const json = (body: unknown) => ({ body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  const start = async (agent: AgentName = 'builder', more: object = {}) =>
    (await call(agent, 'POST', '/tasks', json({ service: DESK, user: USER, description: TASK, ...more }))).json()
  const show = async (id: string, agent: AgentName = 'builder') => (await call(agent, 'GET', `/tasks/${id}`)).json()
  /** A task when it is so; its trip goes on meanwhile. */
  const showWhen = async (id: string, isSo: (task: any) => boolean, agent: AgentName = 'builder') => {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(1)) {
      const task = await show(id, agent)
      if (isSo(task)) return task
    }
    throw new Error(`it never was so: ${JSON.stringify(await show(id))}`)
  }
  /** Until a task stands like that. */
  const until = (id: string, status: string, agent?: AgentName) => showWhen(id, (task) => task.status === status, agent)
  return {
    ...h,
    ...{ showWhen, plainConfiguration },
    ...{ h, made, lines, call, json, start, show, until },
    ready: async (more: object = {}) => until((await start('builder', more)).id, 'ready'),
    get broker() {
      return broker
    },
    /** Another instance on the same database, as after a crash: nothing of the first one is awaited. */
    reopen: async () => {
      broker = await open()
    },
    trail: async () => {
      await broker.management.request('/ready')
      const rows = await broker.deps.db.read.selectFrom('audit').select('event').orderBy('seq').execute()
      return rows.map(({ event }) => JSON.parse(event))
    },
  }
}

/** Who waits for news gets them, and never waits in vain; a trip waits as the rig's do. */
export const patient =
  (wait: Wait): Wait =>
  (ms, signal) =>
    ms < 5000 || !signal ? wait(ms, signal) : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

/** The desk takes back what it gave. */
const withRevoke = (h: ReturnType<typeof harnessRig>) => {
  const plain = h.service.configuration
  return async () => {
    const document = await (await plain()).json()
    return Response.json({ ...document, endpoints: { ...document.endpoints, revoke: `${DESK}/revoke` } })
  }
}
