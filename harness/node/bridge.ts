import { once } from 'node:events'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { isJSONRPCRequest, isJSONRPCResultResponse, type JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { messageOf } from '../../spec/node/operator-error.ts'
import { type OwnBroker, SOCKET_HOST } from './broker/own.ts'
import { untilAborted } from './patience.ts'
import type { Outside } from './trip.ts'

/** Carries MCP between standard input and output and this user's broker, message by message, until the client leaves. What it began stays the broker's. */
export async function bridge(o: Outside, broker: OwnBroker): Promise<void> {
  const local = new StdioServerTransport()
  const remote = new StreamableHTTPClientTransport(new URL(`http://${SOCKET_HOST}/mcp`), {
    fetch: (url, init) => {
      const { method, headers, body, signal } = { method: 'GET', ...init }
      const given = { ...(typeof body === 'string' && { body }), ...(signal && { signal }) }
      return broker.fetch(new URL(url).pathname, { method, headers: Object.fromEntries(new Headers(headers)), ...given })
    },
  })
  local.onmessage = (message) => void remote.send(message).catch((failure) => refuse(local, message, failure))
  remote.onmessage = (message) => void answer(local, remote, message)
  const left = once(process.stdin, 'end')
  await remote.start()
  await local.start()
  await Promise.race([left, untilAborted(o.signal)])
  await Promise.all([remote.close(), local.close()])
  await broker.close()
}

/** The version that the two agreed upon is said with each message from then on. */
async function answer(local: StdioServerTransport, remote: StreamableHTTPClientTransport, message: JSONRPCMessage): Promise<void> {
  if (isJSONRPCResultResponse(message) && typeof message.result.protocolVersion === 'string')
    remote.setProtocolVersion(message.result.protocolVersion)
  await local.send(message)
}

/** A client waits for an answer to what it asked. */
async function refuse(local: StdioServerTransport, message: JSONRPCMessage, failure: unknown): Promise<void> {
  if (isJSONRPCRequest(message))
    await local.send({ jsonrpc: '2.0', id: message.id, error: { code: -32_000, message: `the broker did not answer: ${messageOf(failure)}` } })
}
