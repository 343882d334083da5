import type { Told } from './agent.ts'
import type { World } from './world.ts'

const TASK = 'Close ticket 1002 once the VPN holds'
const SCOPE = ['tickets:read', 'tickets:write']

/** Plays a task by an agent that is an MCP client of the broker: it is told who must approve, uses the access and gives it back. Throws when it does not behave. */
export async function playAgent(world: World, say: (line: string) => void): Promise<void> {
  say(`\nan agent that is no Harness, an MCP client of the broker, works for ${world.user}: “${TASK}”\n`)
  const agent = await world.connectAgent()
  const line = (who: string, what: string, started: number) => say(`    ${who.padEnd(9)}  ${what}  (${Math.round(performance.now() - started)} ms)`)
  let decided: Promise<void> | undefined
  const decide = async (news: string) => {
    const started = performance.now()
    say(`    agent      request_access → “${shortened(news)}”`)
    await world.decide('approve', { scope: SCOPE })
    line('approver', `grants ${SCOPE.join(' and ')}`, started)
  }
  const asked = performance.now()
  const onNews = (news: string) => {
    if (news.startsWith('Waiting for approval')) decided ??= decide(news)
  }
  const access = requireGood(
    await agent.use('request_access', { service: world.service.origin, task: TASK, scopes: SCOPE, wait_seconds: 60 }, onNews),
  )
  await decided
  line('agent', 'the task is ready: a task id, and no token', asked)
  const called = performance.now()
  const { data } = requireGood(await agent.use('call_service', { task: access.data.id, method: 'POST', path: '/api/tickets/1002/close' }))
  line('agent', `call_service POST ${world.service.origin}/api/tickets/1002/close → ${data.status}`, called)
  const finished = performance.now()
  const { text } = requireGood(await agent.use('finish_task', { task: access.data.id }))
  line('agent', `finish_task → “${shortened(text)}”`, finished)
  await agent.leave()
  if (/eyJ/.test(agent.seen())) throw new Error('the agent was shown a JWT')
}

function requireGood(told: Told): Told {
  if (told.isError) throw new Error(`the agent was told: ${told.text}`)
  return told
}

const shortened = (text: string): string => (text.length > 150 ? `${text.slice(0, 150)}…` : text)
