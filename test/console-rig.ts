/** The world with its console and people, and what agents ask for there. */
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import type { AuthorityTables } from '../authority/store/schema.ts'
import { type Acquired, acquire } from '../harness/acquire.ts'
import type { Database } from '../spec/node/database.ts'
import { openDatabase } from '../spec/node/open-database.ts'
import { systemWait } from '../spec/node/settings.ts'
import { postMessage } from '../spec/peer.ts'
import { IssuanceStatus } from '../spec/wire/issuance.ts'
import { startWorld, type World } from './world/world.ts'

/** The world, with `pages` as members of the Authority's `console` settings. */
export async function consoleWorld({
  pages = {},
  ...more
}: {
  pages?: object
  authority?: object
  service?: object
  onLog?: (line: string) => void
} = {}) {
  const world = await startWorld({ console: pages, logLevel: more.onLog ? 'debug' : 'silent', ...more })
  onTestFinished(world.stop)
  return { world, console: `${world.authority.identifier}/console` }
}

const Listed = z.object({ requests: z.array(z.object({ ref: z.string(), task: z.string(), status: z.string() })) })

/** What a script sees behind the management door. */
export async function manage(world: World, path: string): Promise<unknown> {
  const { url, token } = world.authority.management
  return (await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })).json()
}

const requestsOf = async (world: World) => Listed.parse(await manage(world, '/requests')).requests

/** An agent that asks for access and waits. Gives the reference of its request, and what it gets in the end. */
export async function ask(
  world: World,
  { user = world.user, task = 'Answer ticket 1002', scope }: { user?: string; task?: string; scope?: string[] } = {},
) {
  const before = new Set((await requestsOf(world)).map(({ ref }) => ref))
  const gone = new AbortController()
  onTestFinished(() => gone.abort(new Error('the test is over')))
  const wanted = { service: world.service.origin, user, task, signal: gone.signal, ...(scope && { scope }) }
  const got: Promise<Acquired> = acquire(world.harness, wanted)
  got.catch(() => undefined) // told to whoever awaits it
  for (;;) {
    const request = (await requestsOf(world)).find(({ ref }) => !before.has(ref))
    if (request) return { ref: request.ref, got }
    await Promise.race([systemWait(20), got])
  }
}

/** How a request stands. */
export const statusOf = async (world: World, ref: string): Promise<string | undefined> =>
  (await requestsOf(world)).find((one) => one.ref === ref)?.status

/** A request that nobody waits for: quicker than an agent. Gives its reference. */
export async function request(
  world: World,
  { user = world.user, task = 'Answer ticket 1002', id = 'task-1', agent = 'world-harness', ...more }: Asked = {},
): Promise<string> {
  const message = {
    ...{ type: 'bearer_token', service: { origin: world.service.origin }, ...more },
    ...{ user: { email: user }, harness: { id: agent }, task: { id, description: task } },
  }
  const response = await postMessage(world.harness.fetch, `${world.authority.identifier}/issuance`, message)
  const { links } = IssuanceStatus.parse(await response.json())
  return links?.approval?.split('/').at(-1) ?? ''
}
type Asked = { user?: string; task?: string; id?: string; agent?: string; type?: string; intent?: object }

/** The Authority's database, as a thief or an administrator would open it. */
export function databaseOf({ authority }: World): Database<AuthorityTables> {
  const db = openDatabase<AuthorityTables>(join(dirname(authority.settingsFile), 'authority.db'))
  onTestFinished(db.close)
  return db
}
