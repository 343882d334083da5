import { type Acquired, acquire } from '../../../harness/acquire.ts'
import { messageOf } from '../../../spec/node/operator-error.ts'
import type { AuthorityParty } from '../authority.ts'
import type { World } from '../world.ts'
import type { Recording } from './record.ts'

/** What can be done now, and a sentence about what was done last. */
export type PlayState = { isPlaying: boolean; isRevocable: boolean; says: string }
/** Plays tasks for the page, one at a time. `play` and `revoke` give whether there was time for it; what comes of it is recorded. */
export type Player = {
  state: () => PlayState
  play: (user: string) => boolean
  revoke: () => boolean
  /** Told of each new state; gives how to stop it. */
  follow: (onState: (state: PlayState) => void) => () => void
  /** Once nothing is being played. */
  settled: () => Promise<void>
}

const TASK = 'Answer ticket 1002: the VPN drops every hour'
const SCOPE = ['tickets:read', 'tickets:write']

export function createPlayer(world: World, recording: Recording): Player {
  const followers = new Set<(state: PlayState) => void>()
  let state: PlayState = { isPlaying: false, isRevocable: false, says: 'The agent has no access.' }
  let held: { token: Acquired; at: AuthorityParty } | undefined
  let running = Promise.resolve()
  const become = (next: PlayState) => {
    state = next
    for (const follower of followers) follower(next)
  }
  const start = (says: string, act: () => Promise<string>): boolean => {
    if (state.isPlaying) return false
    become({ isPlaying: true, isRevocable: false, says })
    running = act()
      .catch((failure: unknown) => {
        recording.note('harness', 'bad', `The trip ends here: ${messageOf(failure)}`)
        return `It ended early: ${messageOf(failure)}.`
      })
      .then(async (said) => {
        await recording.settled() // all of it is shown before it is over
        become({ isPlaying: false, isRevocable: held !== undefined, says: said })
      })
    return true
  }
  return {
    state: () => state,
    play: (user) =>
      start(`A task is being played for ${user}.`, async () => {
        recording.begin(`A task for ${user}`)
        held = undefined
        held = await trip(world, user)
        await work(world, held.token, recording)
        return 'The agent has access until it is revoked, or the hour is over.'
      }),
    revoke: () => {
      const ending = held
      if (!ending) return false
      return start('The authorization is being revoked.', async () => {
        held = undefined
        await world.decide('revoke', { at: ending.at, reason: 'the approver changed their mind' })
        await untilRefused(world, ending.token, recording)
        return 'It was revoked, and the agent’s next call was refused.'
      })
    },
    follow: (onState) => {
      followers.add(onState)
      return () => void followers.delete(onState)
    },
    settled: async () => {
      await running
      await recording.settled()
    },
  }
}

/** The whole trip, approved at whichever Authority it leads to. */
async function trip(world: World, user: string): Promise<{ token: Acquired; at: AuthorityParty }> {
  const all = [world.authority, ...Object.values(world.neighbours?.authorities ?? {})]
  let at = world.authority
  let decided: Promise<void> | undefined
  const decide = (identifier: string) => {
    at = all.find((party) => party.identifier === identifier) ?? world.authority
    return world.decide('approve', { at, scope: SCOPE })
  }
  const harness = {
    ...world.harness,
    onProgress: (progress: { kind: string; authority?: string }) => {
      if (progress.kind === 'waiting') decided ??= decide(progress.authority ?? '')
    },
  }
  const token = await acquire(harness, { service: world.service.origin, user, task: TASK })
  await decided
  return { token, at }
}

async function call(world: World, { token }: Acquired): Promise<number> {
  const response = await world.harness.fetch(`${world.service.origin}/api/me`, { headers: { authorization: `Bearer ${token}` } })
  await response.body?.cancel()
  return response.status
}

async function work(world: World, token: Acquired, recording: Recording): Promise<void> {
  const status = await call(world, token)
  recording.note('harness', status === 200 ? 'good' : 'bad', status === 200 ? 'The agent does the task' : `The call was answered ${status}`)
}

const MOST_TRIES = 50

/** The Service may believe its last check for a second. */
async function untilRefused(world: World, token: Acquired, recording: Recording): Promise<void> {
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    if ((await call(world, token)) === 401) return recording.note('harness', 'good', 'The agent’s token is no longer good for anything')
    await world.harness.wait(200)
  }
  throw new Error('ten seconds after the revocation the call is still answered')
}
