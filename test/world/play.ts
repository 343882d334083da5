import { z } from 'zod'
import { type AcquireDeps, type Acquired, acquire, acquireBrowserSession, type Wanted } from '../../harness/acquire.ts'
import { initialize } from '../../harness/initialize.ts'
import { playAgent } from './play-agent.ts'
import type { Hop } from './tap.ts'
import type { World } from './world.ts'

/** Prints one line of the play. */
export type Say = (line: string) => void
/** Everything that went over the wire, oldest first, as `startWorld`'s `onHop` was told it. */
export type Hops = Hop[]
type Stage = { world: World; hops: Hops; say: Say }

const TASK = 'Answer ticket 1002: the VPN drops every hour'
const BROWSER_TASK = 'See in the ticket desk which tickets are open'
const MOST_REFUSAL_MS = 10_000

/**
 * Plays one task with a bearer token, a line for each of the eleven steps, and revokes it; one with a browser session, which ends when its work is done; and where the
 * world has a broker, one by an agent that never sees a token. Throws when the world does not behave.
 */
export async function play(world: World, hops: Hops, say: Say): Promise<void> {
  const stage = { world, hops, say }
  await playToken(stage)
  await playBrowser(stage)
  if (world.broker) await playAgent(world, say)
}

async function playToken({ world, hops, say }: Stage): Promise<void> {
  say(`${world.user} lets an agent work at ${world.service.origin}: “${TASK}”\n`)
  const started = performance.now()
  const tell = () => tellUntilIssued(hops, say)
  const held = await trip({ world, hops, say }, { acquire, task: TASK, scope: ['tickets:read', 'tickets:write'], tell })
  tellRedemption(hops, say, 'bearer-token')
  await callOnce(world, held, hops, say)
  say(`\n    the task is done, ${since(started)} ms after it began; now its approver changes their mind\n`)
  await revokeAndSee(world, held, say)
}

async function playBrowser({ world, hops, say }: Stage): Promise<void> {
  say(`\n${world.user} lets an agent browse ${world.service.origin}: “${BROWSER_TASK}”\n`)
  const started = performance.now()
  const tell = () => say(` 1…7  the same way, for a browser session  (${since(started)} ms)`)
  const session = await trip({ world, hops, say }, { acquire: acquireBrowserSession, task: BROWSER_TASK, scope: ['tickets:read'], tell })
  tellRedemption(hops, say, 'browser-session')
  const { cookies, destination } = await initialize(world.harness, world.service.origin, session.initialization)
  const begun = hop(hops, 'harness', /\/agentpass\/initialize$/)
  say(`    browser    ${wire(begun)}, the one-time token is spent, a session of the agent's own begins  (${shownMs(begun.ms)} ms)`)
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const browse = (path: string, init: RequestInit = {}) =>
    world.harness.fetch(new URL(path, world.service.origin).href, { ...init, headers: { cookie, accept: 'text/html', ...init.headers } })
  const viewed = performance.now()
  const page = await browse(destination)
  line(say, 11, 'browser', `GET ${destination} → ${page.status}, “${await bannerOf(page)}”`, performance.now() - viewed)
  say(`\n    the task is done, ${since(started)} ms after it began; the agent signs out\n`)
  const ended = await browse('/agentpass/session/end', { method: 'POST', headers: { origin: world.service.origin } })
  const close = hop(hops, 'service', /\/authorization\/close$/)
  say(`    browser    POST ${world.service.origin}/agentpass/session/end → ${ended.status}; service: ${wire(close)}, the delegation is complete`)
  const after = await browse(destination)
  if (after.status !== 401) throw new Error(`after its end the session is still answered ${after.status}`)
  say(`    browser    GET ${destination} → ${after.status}, “${titleOf(await after.text())}”`)
}

const since = (started: number): number => Math.round(performance.now() - started)

/** Who is signed in, as the app's own page says it. */
const bannerOf = async (page: Response): Promise<string> => plain(/<p class="banner">(.*?)<\/p>/s.exec(await page.text())?.[1] ?? '')
const titleOf = (html: string): string => plain(/<h1>(.*?)<\/h1>/s.exec(html)?.[1] ?? '')
const plain = (html: string): string => html.replace(/<[^>]*>/g, '')

type Trip<T> = { acquire: (deps: AcquireDeps, wanted: Wanted) => Promise<T>; task: string; scope: string[]; tell: () => void }

async function trip<T>({ world, hops, say }: Stage, { acquire, task, scope, tell }: Trip<T>): Promise<T> {
  let decided: Promise<void> | undefined
  const decide = async () => {
    tell()
    const started = performance.now()
    await world.decide('approve', { scope })
    line(say, 8, 'approver', `an approver reads who asks, for whom and what, and grants ${scope.join(' and ')}`, performance.now() - started)
  }
  const onProgress = (progress: { kind: string }) => {
    if (progress.kind === 'waiting') decided ??= decide()
  }
  const held = await acquire({ ...world.harness, onProgress }, { service: world.service.origin, user: world.user, task })
  await decided
  const poll = hop(hops, 'harness', /^GET .*\/issuance\/…/)
  line(say, 9, 'harness', `${wire(poll)}, approved, with the pass`, poll.ms)
  return held
}

const shownMs = (ms: number): string => (ms < 10 ? ms.toFixed(1) : String(Math.round(ms)))

const line = (say: Say, step: number, who: string, what: string, ms: number) =>
  say(`${String(step).padStart(2)}  ${who.padEnd(9)}  ${what}  (${shownMs(ms)} ms)`)

/** The last hop of a party whose question matches; the play is over where there is none. */
function hop(hops: Hops, party: Hop['party'], asked: RegExp): Hop {
  const found = hops.findLast((h) => h.party === party && asked.test(h.asked))
  if (!found) throw new Error(`nothing went over the wire from the ${party} that matches ${asked}`)
  return found
}

const wire = (h: Hop): string => `${h.asked} → ${h.answer}`

function tellUntilIssued(hops: Hops, say: Say): void {
  const record = hop(hops, 'harness', /^TXT _agentpass-service\./)
  const document = hop(hops, 'harness', /agentpass-service$/)
  const resolution = hop(hops, 'harness', /resolve-authorities$/)
  const enterprise = [hop(hops, 'service', /^TXT _agentpass\./), hop(hops, 'service', /agentpass-authority$/)]
  const authority = hop(hops, 'harness', /agentpass-authority$/)
  const issuance = hop(hops, 'harness', /^POST .*\/issuance$/)
  const scopes = [hop(hops, 'authority', /^TXT /), hop(hops, 'authority', /agentpass-service$/), hop(hops, 'authority', /available-scopes$/)]
  line(say, 1, 'harness', wire(record), record.ms)
  line(say, 2, 'harness', wire(document), document.ms)
  line(say, 3, 'harness', wire(resolution), resolution.ms)
  line(say, 4, 'service', enterprise.map(wire).join(', '), total(enterprise))
  line(say, 5, 'harness', wire(authority), authority.ms)
  line(say, 6, 'harness', `${wire(issuance)}, with a fresh holder key and the task attested`, issuance.ms)
  line(say, 7, 'authority', scopes.map(wire).join(', '), total(scopes))
}

function tellRedemption(hops: Hops, say: Say, flow: 'bearer-token' | 'browser-session'): void {
  const redemption = hop(hops, 'harness', new RegExp(`redeem/${flow}$`))
  const validation = hop(hops, 'service', /\/validate$/)
  line(say, 10, 'harness', `${wire(redemption)}, with a holder proof; service: ${wire(validation)}, the pass is spent`, redemption.ms)
}

const total = (hops: Hop[]): number => hops.reduce((sum, { ms }) => sum + ms, 0)

const Me = z.object({ user: z.string(), agent: z.string() })

async function callOnce(world: World, held: Acquired, hops: Hops, say: Say): Promise<void> {
  const started = performance.now()
  const response = await call(world, held, '/api/me')
  if (response.status !== 200) throw new Error(`the call was answered ${response.status}`)
  const { user, agent } = Me.parse(await response.json())
  const check = hop(hops, 'service', /authorization\/check$/)
  line(
    say,
    11,
    'harness',
    `GET ${world.service.origin}/api/me → 200, as ${user} through ${agent}; service: ${wire(check)}`,
    performance.now() - started,
  )
}

const call = (world: World, held: Acquired, path: string): Promise<Response> =>
  world.harness.fetch(world.service.origin + path, { headers: { authorization: `Bearer ${held.token}` } })

async function revokeAndSee(world: World, held: Acquired, say: Say): Promise<void> {
  await world.decide('revoke', { reason: 'the task is done' })
  const started = performance.now()
  say('    approver   the authorization is revoked at the authority')
  for (;;) {
    const response = await call(world, held, '/api/me')
    const ms = performance.now() - started
    await response.body?.cancel()
    if (response.status === 401)
      return say(
        `    harness    GET ${world.service.origin}/api/me → 401, ${Math.round(ms)} ms after the revocation: ${response.headers.get('www-authenticate')}`,
      )
    if (ms > MOST_REFUSAL_MS) throw new Error(`ten seconds after the revocation the call is still answered ${response.status}`)
    await world.harness.wait(10)
  }
}
