import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import type { Now, Wait } from '../../spec/effects.ts'
import type { Log } from '../../spec/node/log.ts'
import { type ActDeps, requireReady } from '../broker/act.ts'
import type { Agent } from '../broker/agents.ts'
import type { Openings } from '../broker/openings.ts'
import { asAsking, TaskRequest } from '../broker/route.ts'
import { describeTask } from '../broker/task.ts'
import type { Tasks } from '../broker/tasks.ts'
import type { TaskRow } from '../store/schema.ts'
import { answering, result } from './answer.ts'
import { callWithTask, ServiceCall } from './call.ts'
import { type Call, untilDecided } from './wait.ts'

/** `showPage` opens a page in a browser of the person's; without it the model is told its address. */
export type McpServerDeps = ActDeps & {
  tasks: Tasks
  openings: Openings
  wait: Wait
  now: Now
  log: Log
  origin: string
  defaultUser: string | undefined
  showPage?: ((url: string) => Promise<void>) | undefined
}
/** Whose tasks the tools see, which of them this client has begun, and whose page was shown. */
export type Client = { agent: Agent; begun: Set<string>; shown: Set<string> }

const WAIT_SECONDS = 25 // less than clients wait for an answer
const MOST_SECONDS = 900
const INSTRUCTIONS = `These tools get you access to a service for one task, on behalf of a person, without a password or token passing through you.
Ask with request_access; a person or a policy approves; then call the service with call_service; when the task is done, finish_task gives the access back.
Ask for no more than the task needs. Never ask a person for a password or token: it is not needed.`

const wait = z
  .number()
  .int()
  .min(0)
  .max(MOST_SECONDS)
  .default(WAIT_SECONDS)
  .describe('how many seconds to wait for the decision before answering how it stands')
const task = z.string().describe('the task, as request_access gave it')
const about = {
  service: z.string().describe('the origin of the service, such as https://desk.example'),
  task: z.string().describe('what is to be done, in a sentence: an approver reads it'),
  user: z.string().optional().describe('the e-mail address of the person for whom you act; left out, the one in the settings'),
  authority: z.string().optional().describe('which authority is to decide, where an earlier answer offered several'),
  wait_seconds: wait,
}

/** An MCP server for one client: its tools ask for access, tell how that stands, call the Service, open a browser session and give access back. No answer has a secret in it. */
export function createMcpServer(d: McpServerDeps, client: Client, version: string): McpServer {
  const server = new McpServer({ name: 'agentpass', title: 'AgentPass', version }, { instructions: INSTRUCTIONS })
  addRequests(server, d, client)
  addStatus(server, d, client)
  addCalls(server, d, client)
  return server
}

/** The two tools that begin a task. */
function addRequests(server: McpServer, d: McpServerDeps, client: Client): void {
  server.registerTool(
    'request_access',
    {
      title: 'Ask for access to a service',
      description:
        'Asks for access to a service for one task, and waits for the decision. Gives the task under which the service can then be called.',
      inputSchema: { ...about, scopes: z.array(z.string()).optional().describe('no more than these scopes, such as tickets:read') },
    },
    ({ scopes, ...asked }, call) => answering(d, () => request(d, client, { ...asked, scope: scopes, type: 'bearer_token' }, call)),
  )
  server.registerTool(
    'open_browser_session',
    {
      title: 'Open a logged-in browser session',
      description: 'Asks for a browser session at a service for one task, and opens it in a browser of this machine when it is approved.',
      inputSchema: { ...about, destination: z.string().optional().describe('the page it is for') },
    },
    (asked, call) => answering(d, async () => showIfReady(d, client, await request(d, client, { ...asked, type: 'browser_session' }, call))),
  )
}

function addStatus(server: McpServer, d: McpServerDeps, client: Client): void {
  server.registerTool(
    'access_status',
    {
      title: 'How a task stands',
      description:
        'Tells how a task stands, or all of them: whether it waits for whom, is ready, or has failed and why. A browser session that has become ready is opened.',
      inputSchema: { task: task.optional(), wait_seconds: wait },
    },
    ({ task: id, wait_seconds: seconds }, call) =>
      answering(d, async () =>
        id === undefined ? d.tasks.list(client.agent) : showIfReady(d, client, await untilDecided(d, { agent: client.agent, id, seconds }, call)),
      ),
  )
}

/** The tools that use a task and end it. */
function addCalls(server: McpServer, d: McpServerDeps, { agent }: Client): void {
  server.registerTool(
    'call_service',
    {
      title: 'Call the service',
      description: 'Sends one request to the service of a task with the access it has. Up to 256 KiB of the answer are told.',
      inputSchema: ServiceCall.shape,
      annotations: { openWorldHint: true },
    },
    (wanted, call) =>
      answering(d, async () => {
        const answer = await callWithTask(d, requireReady(d, await d.tasks.find(agent, wanted.task)), wanted, call.signal)
        return result(JSON.stringify(answer, undefined, 2), { ...answer }, answer.status >= 400)
      }),
  )
  server.registerTool(
    'finish_task',
    { title: 'Finish a task', description: 'Ends a task: a request that waits is called off, access is given back.', inputSchema: { task } },
    ({ task: id }) => answering(d, () => d.tasks.end(agent, id)),
  )
}

type Requested = {
  service: string
  task: string
  user?: string | undefined
  authority?: string | undefined
  wait_seconds: number
  type: TaskRow['type']
} & Record<string, unknown>

/** Begins a task and waits for its decision; a call that is canceled calls the task off. */
async function request(
  d: McpServerDeps,
  client: Client,
  { task: description, wait_seconds: seconds, ...asked }: Requested,
  call: Call,
): Promise<TaskRow> {
  const message = TaskRequest.parse(Object.fromEntries(Object.entries({ ...asked, description }).filter(([, value]) => value !== undefined)))
  const { agent } = client
  const { id } = await d.tasks.start(agent, asAsking(message, d.defaultUser))
  client.begun.add(id)
  try {
    return await untilDecided(d, { agent, id, seconds }, call)
  } catch (failure) {
    if (call.signal.aborted) await d.tasks.end(agent, id)
    throw failure
  }
}

/** Opens the page that begins a session, once, when it is ready. Where there is no browser for that, whoever reads is told its address. */
async function showIfReady(d: McpServerDeps, { shown }: Client, row: TaskRow): Promise<TaskRow | CallToolResult> {
  const path = row.status === 'ready' ? d.openings.pathOf(row.id) : undefined
  if (path === undefined || shown.has(row.id)) return row
  const address = d.origin + path
  const isShown = await (d.showPage?.(address) ?? Promise.reject(new Error('there is no browser'))).then(
    () => true,
    () => false, // a person can load it elsewhere
  )
  if (isShown) shown.add(row.id)
  const words = isShown
    ? `A browser session at ${row.service} was opened in a browser of this machine, task ${row.id}.`
    : `The session is to be opened by a person, or a browser that you drive, within a minute, once: ${address} (task ${row.id}).`
  return result(`${words} When the task is done: finish_task.`, { ...describeTask(row) }, false)
}
