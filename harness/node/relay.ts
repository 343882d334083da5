import { z } from 'zod'
import type { Random } from '../../spec/effects.ts'
import { type DevTools, type Message, readMessage } from './devtools.ts'
import { type Client, type Conversation, type Listening, listenOnLoopback } from './websocket.ts'

/** One program: the session that stands for the browser itself, and those of the pages it attached to. */
type Member = { client: Client; root: string; sessions: Set<string> }

const Session = z.looseObject({ sessionId: z.string() })
const NO_SESSION = { code: -32_001, message: 'Session with given id not found.' }

/**
 * Lets programs that know the address speak to the browser, several if they like, each as if alone (`connectOverCDP` of Playwright and its like). The browser itself listens to nobody but
 * its pipe: a debugging port would answer every user of this machine.
 */
export async function openRelay(d: { random: Random }, devTools: DevTools): Promise<Listening> {
  const members = new Set<Member>()
  devTools.onMessage((message) => {
    for (const member of members) if (member.sessions.has(message.sessionId ?? '')) pass(member, message)
  })
  return listenOnLoopback(d, (client) => converse(devTools, members, client))
}

function converse(devTools: DevTools, members: Set<Member>, client: Client): Conversation {
  const joined = join(devTools, client).then((member) => {
    members.add(member)
    return member
  })
  joined.catch(() => client.close()) // the browser has gone
  const leave = async () => {
    const member = await joined
    members.delete(member)
    await devTools.command('Target.detachFromTarget', { sessionId: member.root })
  }
  return {
    said: (text) => void joined.then((member) => forward(devTools, member, readMessage(text))).catch(() => undefined), // closed above
    left: () => void leave().catch(() => undefined), // and so is whatever it held
  }
}

async function join({ command }: DevTools, client: Client): Promise<Member> {
  const { sessionId: root } = Session.parse(await command('Target.attachToBrowserTarget'))
  return { client, root, sessions: new Set([root]) }
}

/** To the browser: what names no session is for the member's own, and another's session is none. */
function forward({ post }: DevTools, { client, root, sessions }: Member, message: Message | undefined): void {
  if (message?.id === undefined || message.method === undefined) return
  const { sessionId = root } = message
  if (sessions.has(sessionId)) post({ ...message, sessionId })
  else client.send(JSON.stringify({ id: message.id, sessionId, error: NO_SESSION }))
}

/** To the program: pages that it attached to are its own from then on. */
function pass({ client, root, sessions }: Member, message: Message): void {
  const { sessionId, ...rest } = message
  const about = Session.safeParse(message.params).data?.sessionId
  if (message.method === 'Target.attachedToTarget' && about !== undefined) sessions.add(about)
  if (message.method === 'Target.detachedFromTarget' && about !== undefined) sessions.delete(about)
  client.send(JSON.stringify(sessionId === root ? rest : message))
}
