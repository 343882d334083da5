import { Hono } from 'hono'
import { MESSAGE_LIMIT_BYTES, readCapped } from '../../spec/body.ts'
import { ProtocolError } from '../../spec/error.ts'
import { decodeUtf8 } from '../../spec/json.ts'
import { DOOR_HEADERS } from '../../spec/node/doors.ts'
import type { AuthenticateAgent } from '../broker/agents.ts'
import type { McpSessions } from './sessions.ts'

export type McpDeps = { mcp: McpSessions; authenticate: AuthenticateAgent }

const LIMIT_BYTES = 16 * MESSAGE_LIMIT_BYTES // a call's body is in the message

/** MCP over streamable HTTP, for the agents that the broker knows. */
export const mcpRoutes = (d: McpDeps) =>
  new Hono().all('/mcp', async (c) => {
    const agent = await d.authenticate(c.req.header('authorization'))
    const { method, body } = c.req.raw
    const bytes = method === 'POST' ? await readCapped(body, LIMIT_BYTES) : new Uint8Array()
    if (!bytes) throw new ProtocolError('too_large', 'the message is over 1 MiB')
    const response = await d.mcp.handle(agent, c.req.raw, method === 'POST' ? decodeUtf8(bytes) : undefined)
    for (const [name, value] of Object.entries(DOOR_HEADERS)) response.headers.set(name, value)
    return response
  })
