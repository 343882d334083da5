import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js'
import type { Now, Random } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { parseJson } from '../../spec/json.ts'
import type { Chore } from '../../spec/node/sweep.ts'
import type { Agent } from '../broker/agents.ts'
import { type Client, createMcpServer, type McpServerDeps } from './server.ts'

export type McpSessionsDeps = McpServerDeps & { random: Random; mostOfAgent: number; version: string }
/** MCP over HTTP: a session for each client, each of its own agent. */
export type McpSessions = {
  /** Answers a message of a client. Throws not_found for a session that is over or another agent's, rate_limited. */
  handle: (agent: Agent, request: Request, body: string | undefined) => Promise<Response>
  chores: Chore[]
  close: () => Promise<void>
}

type Session = { client: Client; transport: WebStandardStreamableHTTPServerTransport; close: () => Promise<void>; usedAt: number; streams: Set<Beat> }
/** Writes a comment to an open stream, by which both ends notice that the other has gone. */
type Beat = () => void

const IDLE_SECONDS = 1800
const COMMENT = new TextEncoder().encode(':\n\n')

export function createMcpSessions(d: McpSessionsDeps): McpSessions {
  const sessions = new Map<string, Session>()

  async function open(agent: Agent): Promise<Session> {
    if ([...sessions.values()].filter(({ client }) => client.agent.name === agent.name).length >= d.mostOfAgent)
      throw new ProtocolError('rate_limited', 'this agent has enough MCP sessions open: close one', { retryAfterSeconds: 60 })
    const client = { agent, begun: new Set<string>(), shown: new Set<string>() }
    const server = createMcpServer(d, client, d.version)
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => d.random(24),
      onsessioninitialized: (id) => void sessions.set(id, session),
    })
    const close = async () => {
      if (transport.sessionId !== undefined) sessions.delete(transport.sessionId)
      await server.close()
      await endBegun(d, client)
    }
    const session: Session = { client, transport, close, usedAt: d.now(), streams: new Set() }
    await server.connect(transport)
    return session
  }

  return {
    async handle(agent, request, body) {
      const id = request.headers.get('mcp-session-id')
      const parsedBody = body === undefined ? undefined : parseBody(body)
      const isFirst = id === null && [parsedBody].flat().some((message) => isInitializeRequest(message))
      const session = isFirst ? await open(agent) : sessions.get(id ?? '')
      if (!session || session.client.agent.name !== agent.name) throw new ProtocolError('not_found', 'this MCP session is over: begin another one')
      session.usedAt = d.now()
      const answered = await session.transport.handleRequest(request, parsedBody === undefined ? {} : { parsedBody })
      if (request.method === 'DELETE' && answered.ok) await session.close()
      return request.method === 'GET' && answered.body ? new Response(listening(d, session, answered.body), answered) : answered
    },
    chores: [
      {
        name: 'idle MCP sessions',
        everyMs: 30_000,
        run: async () => {
          for (const { streams } of sessions.values()) for (const beat of streams) beat()
          const isIdle = ({ streams, usedAt }: Session) => streams.size === 0 && usedAt < d.now() - IDLE_SECONDS
          await Promise.all([...sessions.values()].filter(isIdle).map(({ close }) => close()))
        },
      },
    ],
    close: async () => void (await Promise.all([...sessions.values()].map(({ close }) => close()))),
  }
}

/** The stream by which a client hears of what it did not ask for. As long as it is open the session is in use, and idle from then on. */
function listening({ now }: { now: Now }, session: Session, events: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = events.getReader()
  let beat: Beat = () => {}
  const end = () => {
    session.streams.delete(beat)
    session.usedAt = now()
  }
  return new ReadableStream({
    start(controller) {
      beat = () => (controller.desiredSize ?? 0) > 0 && controller.enqueue(COMMENT)
      session.streams.add(beat)
    },
    async pull(controller) {
      const { done, value } = await reader.read()
      if (!done) return controller.enqueue(value)
      end()
      controller.close()
    },
    cancel: (reason) => {
      end()
      return reader.cancel(reason)
    },
  })
}

function parseBody(text: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw new ProtocolError('malformed_request', 'the body is not JSON', { cause })
  }
}

/** A client that has gone leaves no request waiting, and no access that it alone knew of. */
export async function endBegun(d: Pick<McpServerDeps, 'tasks' | 'log'>, { agent, begun }: Client): Promise<void> {
  for (const id of begun) await d.tasks.end(agent, id).catch((failure) => d.log.warn('task_not_ended', { failure })) // the next chore does
}
