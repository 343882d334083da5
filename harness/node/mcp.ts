import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { createLog } from '../../spec/node/log.ts'
import { generateMasterKey, readMasterKey } from '../../spec/node/secrets.ts'
import { openDoor } from '../../spec/node/serve.ts'
import { createMcpServer } from '../mcp/server.ts'
import { endBegun } from '../mcp/sessions.ts'
import { bridge } from './bridge.ts'
import { requireOwnBroker } from './broker/own.ts'
import { openOwnBroker } from './broker/personal.ts'
import { untilAborted } from './patience.ts'
import { type Opened, type Outside, openUser } from './trip.ts'

export type McpOptions = { broker?: boolean; config?: string }

/**
 * `agentpass mcp`: an MCP server on standard input and output, for one client. Its keys are in memory alone: what it holds is given back when the client leaves.
 * With `--broker` the tasks are this user's running broker's, and outlive the client. Gives the exit code.
 */
export async function mcp(o: Outside, options: McpOptions): Promise<number> {
  const opened = await openUser(o, options.config)
  if (options.broker) {
    await bridge(o, await requireOwnBroker(o, opened))
    return 0
  }
  return serveAlone(o, opened)
}

async function serveAlone(o: Outside, opened: Opened): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'agentpass-mcp-')) // for this user alone
  const door = await openDoor({ host: '127.0.0.1', port: 0 })
  try {
    const host = `127.0.0.1:${door.port}`
    const own = { folder, masterKey: readMasterKey(generateMasterKey()), agents: [], url: `http://${host}`, log: createLog('mcp', 'warn') }
    const broker = await openOwnBroker(o, opened, { ...own, isOwnHost: (named) => named === host })
    door.mount(broker.app)
    try {
      await serveClient(o, broker.deps)
    } finally {
      await door.close()
      await broker.stop()
    }
    return 0
  } finally {
    await door.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function serveClient(o: Outside, deps: Parameters<typeof createMcpServer>[0] & { version: string }): Promise<void> {
  const client = { agent: { name: 'mcp', credentialDigest: '' }, begun: new Set<string>(), shown: new Set<string>() }
  const server = createMcpServer(deps, client, deps.version)
  const left = once(process.stdin, 'end')
  await server.connect(new StdioServerTransport())
  await Promise.race([left, untilAborted(o.signal)])
  await server.close()
  await endBegun(deps, client)
}
