/** A CI job that the enterprise's provider vouches for: from its token, over the command, to an approver and the API of the Service. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { runAgentpass } from '../harness/node/command.ts'
import { openNetwork } from '../harness/node/network.ts'
import { systemNow, systemRandom, systemWait } from '../spec/node/settings.ts'
import { temporaryFolder } from './harness-cli-rig.ts'
import { startWorld, type World } from './world/world.ts'

const TASK = 'Read the tickets'
const Requests = z.object({ requests: z.array(z.object({ ref: z.string() })) })
const Request = z.object({ shown: z.looseObject({ agent: z.unknown(), harness: z.unknown() }) })

/** What an approver is shown of the newest request. */
async function shownTo({ authority: { management } }: World) {
  const ask = async (path: string) => (await fetch(management.url + path, { headers: { authorization: `Bearer ${management.token}` } })).json()
  const [newest] = Requests.parse(await ask('/requests')).requests
  return Request.parse(await ask(`/requests/${newest?.ref}`)).shown
}

/** `agentpass` as a step of the job runs it; `onWaiting` is called while somebody has to decide. */
async function inJob(world: World, settings: string, argv: string[], onWaiting: () => Promise<void>) {
  const home = temporaryFolder()
  mkdirSync(join(home, '.config/agentpass'), { recursive: true })
  writeFileSync(join(home, '.config/agentpass/config.yaml'), settings)
  const said = { out: '', err: '' }
  let decided: Promise<void> | undefined
  const io = {
    out: async (data: string | Uint8Array) => {
      said.out += Buffer.from(data).toString()
    },
    err: (text: string) => {
      said.err += text
      if (text.includes('must decide')) decided ??= onWaiting()
    },
    isTerminal: false,
    ask: undefined,
    readInput: async () => new Uint8Array(),
  }
  const environment = { HOME: home, ...world.env, ...world.provider!.runner.environment }
  const effects = {
    now: systemNow,
    random: systemRandom,
    wait: systemWait,
    openNetwork,
    openBrowser: async () => {},
    divertSignals: () => () => {},
    signal: new AbortController().signal,
  }
  const code = await runAgentpass(argv, { io, environment, ...effects })
  await decided
  return { code, ...said }
}

test('a CI job is attested by its provider: the approver sees who asks and who says so, and the call works', async () => {
  const world = await startWorld({ console: true, authority: { minimum_tier: 'attested' } })
  onTestFinished(world.stop)
  const { issuer, runner } = world.provider!
  const line = ['call', 'GET', `${world.service.origin}/api/me`, '--task', TASK]

  let shown: z.infer<typeof Request>['shown'] | undefined
  const { code, out, err } = await inJob(world, 'harness_id: ticket-bot\nattestation: { github_actions: true }', line, async () => {
    shown = await shownTo(world)
    await world.decide('approve')
  })
  const vouched = { by: `Acme CI (${issuer})`, since: expect.stringMatching(/^\d{4}-/) }
  expect(shown).toMatchObject({ agent: { id: runner.subject }, harness: { id: 'ticket-bot', tier: 'attested', vouched } })
  expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ user: world.user, agent: runner.subject })])
  expect(out + err).not.toContain(runner.environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN)

  const unattested = await inJob(world, 'harness_id: ticket-bot', line, async () => {})
  expect([unattested.code, unattested.err]).toEqual([1, expect.stringContaining('trust_tier_required')])
})
