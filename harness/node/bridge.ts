import { once } from 'node:events'
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { isInitializeRequest, isJSONRPCRequest, isJSONRPCResultResponse, type JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { messageOf } from '../../spec/node/operator-error.ts'
import { type OwnBroker, SOCKET_HOST } from './broker/own.ts'
import { untilAborted } from './patience.ts'
import type { Outside } from './trip.ts'

type Remote = StreamableHTTPClientTransport
type Hear = (message: JSONRPCMessage) => void

/** Carries MCP between standard input and output and this user's broker, message by message, until the client leaves. What it began stays the broker's. */
export async function bridge(o: Outside, broker: OwnBroker): Promise<void> {
  const local = new StdioServerTransport()
  const remote = openRemote(broker, (message) => void local.send(message))
  local.onmessage = (message) => void remote.send(message).catch((failure) => refuse(local, message, failure))
  const left = once(process.stdin, 'end')
  await local.start()
  await Promise.race([left, untilAborted(o.signal)])
  await Promise.all([remote.close(), local.close()])
  await broker.close()
}

/** The client's session at the broker. Where that is over, as the broker was started again, it is begun anew as the client once began it, and what was to be sent is sent once more. */
function openRemote(broker: OwnBroker, hear: Hear) {
  let greeting: JSONRPCMessage | undefined
  let session = connect(broker, hear)
  const beginAgain = (ended: Promise<Remote>, first: JSONRPCMessage) => {
    session = greet(broker, hear, first)
    session.catch(() => {
      session = ended // whatever comes next tries again
    })
  }
  return {
    async send(message: JSONRPCMessage): Promise<void> {
      if (isInitializeRequest(message)) greeting = message
      const sentIn = session
      try {
        await (await sentIn).send(message)
      } catch (failure) {
        if (!isOver(failure) || !greeting || message === greeting) throw failure
        if (session === sentIn) beginAgain(sentIn, greeting)
        await (await session).send(message)
      }
    },
    close: async () => (await session).close(),
  }
}

/** Whether there is no such session at the broker any more. */
const isOver = (failure: unknown): boolean => failure instanceof StreamableHTTPError && failure.code === 404

async function connect(broker: OwnBroker, hear: Hear): Promise<Remote> {
  const remote = new StreamableHTTPClientTransport(new URL(`http://${SOCKET_HOST}/mcp`), {
    fetch: (url, init) => {
      const { method, headers, body, signal } = { method: 'GET', ...init }
      const given = { ...(typeof body === 'string' && { body }), ...(signal && { signal }) }
      return broker.fetch(new URL(url).pathname, { method, headers: Object.fromEntries(new Headers(headers)), ...given })
    },
  })
  remote.onmessage = (message) => {
    noteVersion(remote, message)
    hear(message)
  }
  await remote.start()
  return remote
}

/** Begins a session as the client began its first, which hears nothing of that. */
async function greet(broker: OwnBroker, hear: Hear, greeting: JSONRPCMessage): Promise<Remote> {
  const remote = await connect(broker, hear)
  const usual = remote.onmessage
  const answered = new Promise<void>((resolve) => {
    remote.onmessage = (message) => {
      noteVersion(remote, message)
      resolve()
    }
  })
  await remote.send(greeting)
  await answered
  if (usual) remote.onmessage = usual
  await remote.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  return remote
}

/** The version that the two agreed upon is said with each message from then on. */
function noteVersion(remote: Remote, message: JSONRPCMessage): void {
  if (isJSONRPCResultResponse(message) && typeof message.result.protocolVersion === 'string')
    remote.setProtocolVersion(message.result.protocolVersion)
}

/** A client waits for an answer to what it asked. */
async function refuse(local: StdioServerTransport, message: JSONRPCMessage, failure: unknown): Promise<void> {
  if (isJSONRPCRequest(message))
    await local.send({ jsonrpc: '2.0', id: message.id, error: { code: -32_000, message: `the broker did not answer: ${messageOf(failure)}` } })
}
