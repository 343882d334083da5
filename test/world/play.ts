import { z } from 'zod'
import { type Acquired, acquire } from '../../harness/acquire.ts'
import type { Hop } from './tap.ts'
import type { World } from './world.ts'

/** Prints one line of the play. */
export type Say = (line: string) => void
/** Everything that went over the wire, oldest first, as `startWorld`'s `onHop` was told it. */
export type Hops = Hop[]

const TASK = 'Answer ticket 3: the customer cannot sign in since Monday'
const MOST_REFUSAL_MS = 10_000

/** Plays one whole task, a line for each of the eleven steps, then revokes it and shows the next call refused. Throws when the world does not behave. */
export async function play(world: World, hops: Hops, say: Say): Promise<void> {
  say(`${world.user} lets an agent work at ${world.service.origin}: “${TASK}”\n`)
  const started = performance.now()
  const held = await trip(world, hops, say)
  await callOnce(world, held, hops, say)
  say(`\n    the task is done, ${Math.round(performance.now() - started)} ms after it began; now its approver changes their mind\n`)
  await revokeAndSee(world, held, say)
}

async function trip(world: World, hops: Hops, say: Say): Promise<Acquired> {
  let decided: Promise<void> | undefined
  let decisionMs = 0
  const decide = async () => {
    tellUntilIssued(hops, say)
    const started = performance.now()
    await world.decide('approve', { scope: ['tickets:read', 'tickets:write'] })
    decisionMs = performance.now() - started
    line(say, 8, 'approver', 'an approver reads who asks, for whom and what, and grants two of three scopes', decisionMs)
  }
  const onProgress = (progress: { kind: string }) => {
    if (progress.kind === 'waiting') decided ??= decide()
  }
  const held = await acquire({ ...world.harness, onProgress }, { service: world.service.origin, user: world.user, task: TASK })
  await decided
  tellRedemption(hops, say)
  return held
}

const line = (say: Say, step: number, who: string, what: string, ms: number) =>
  say(`${String(step).padStart(2)}  ${who.padEnd(9)}  ${what}  (${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms)`)

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

function tellRedemption(hops: Hops, say: Say): void {
  const poll = hop(hops, 'harness', /^GET .*\/issuance\/…$/)
  const redemption = hop(hops, 'harness', /redeem\/bearer-token$/)
  const validation = hop(hops, 'service', /\/validate$/)
  line(say, 9, 'harness', `${wire(poll)}, approved, with the pass`, poll.ms)
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
    await world.harness.wait(100)
  }
}
