import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, fetch as send } from 'undici'
import { z } from 'zod'
import { OperatorError } from '../../../spec/node/operator-error.ts'
import { LIVE } from '../../store/schema.ts'
import { codeOf, openPrivateFolder, type PrivateFolder } from '../folder.ts'
import { within } from '../patience.ts'
import type { Opened, Outside } from '../trip.ts'

/**
 * Where this user's broker keeps what other commands of this user need, and what it keeps to itself. They come by a socket in this user's folder: a port could be
 * anybody's once the broker has gone, and would be shown the token.
 */
export const OWN_FILES = { token: 'token', masterKey: 'master.key', database: 'broker.db', socket: 'own.sock' } as const
/** The one agent of this user's broker, whose tasks they all are. */
export const OWN_AGENT = 'agent'
/** The host by which a broker goes on a socket. */
export const SOCKET_HOST = 'localhost'

const FOLDER = 'broker'

/** Longer than a broker waits for a Service that it tells of an end. */
const ANSWER_MS = 10_000
const HANGS = 'where it was suspended (Ctrl-Z), let it go on (fg); else end its process and start it again: agentpass broker'

type Init = { method?: string; headers?: Record<string, string>; body?: string; signal?: AbortSignal }
type Patience = Pick<Outside, 'wait' | 'signal'>
type Send = (path: string, init?: Init) => Promise<Response>
/**
 * A broker that answers another command of this user's. `ask` gives the JSON of its answer. It throws OperatorError where the broker refuses, or does not answer
 * within a few seconds, or what ended the command.
 */
export type Askable = { ask: (method: string, path: string) => Promise<unknown>; close: () => Promise<void> }
/** This user's running broker, as another command of theirs reaches it; `close` breaks off whatever is under way. */
export type OwnBroker = Askable & { fetch: Send }

/** The folder of this user's broker, made where it is missing. Throws OperatorError. */
export const openBrokerFolder = (o: Pick<Outside, 'now' | 'random'>, { folder }: Pick<Opened, 'folder'>): Promise<PrivateFolder> =>
  openPrivateFolder(o, join(folder.path, FOLDER))

/** This user's broker where one runs; undefined where none does. Throws as `ask` does. */
export async function findOwnBroker(o: Outside, opened: Pick<Opened, 'folder'>): Promise<OwnBroker | undefined> {
  if (!existsSync(join(opened.folder.path, FOLDER))) return undefined
  const folder = await openBrokerFolder(o, opened)
  const token = await folder.read(OWN_FILES.token)
  if (token === undefined) return undefined
  const broker = reach(o, join(folder.path, OWN_FILES.socket), token.trim())
  try {
    await broker.ask('GET', '/tasks')
    return broker
  } catch (failure) {
    await broker.close()
    if (isNobodyThere(failure)) return undefined
    throw failure
  }
}

/** Whether a socket is missing, or left by a broker that has gone. */
const isNobodyThere = (failure: unknown) => failure instanceof Error && ['ENOENT', 'ECONNREFUSED'].includes(String(codeOf(failure.cause)))

/** Whether this user's broker has kept something that a stopped one may still hold. */
export const hasBrokerState = ({ folder }: Pick<Opened, 'folder'>): boolean => existsSync(join(folder.path, FOLDER, OWN_FILES.database))

/** The same. Throws OperatorError where none runs. */
export async function requireOwnBroker(o: Outside, opened: Pick<Opened, 'folder'>): Promise<OwnBroker> {
  const broker = await findOwnBroker(o, opened)
  if (!broker) throw new OperatorError('no broker of this user is running', { hint: 'start it: agentpass broker' })
  return broker
}

const Listed = z.object({
  id: z.string(),
  status: z.string(),
  service: z.string(),
  user: z.string(),
  description: z.string(),
  authority: z.string().optional(),
  scope: z.array(z.string()).optional(),
  expires_at: z.string().optional(),
  failure: z.object({ message: z.string(), hint: z.string() }).optional(),
})
/** A task that this user's broker holds, as other commands show it. Instants are RFC 3339. */
export type BrokerTask = z.infer<typeof Listed>

/** The tasks of this user's broker that are not over. */
export async function listBrokerTasks({ ask }: Askable): Promise<BrokerTask[]> {
  const { tasks } = z.object({ tasks: z.array(Listed) }).parse(await ask('GET', '/tasks'))
  return tasks.filter(({ status }) => LIVE.some((live) => live === status))
}

/** Ends a task of this user's broker. Gives how it stands then. */
export const endBrokerTask = async ({ ask }: Askable, { id }: BrokerTask): Promise<BrokerTask> => Listed.parse(await ask('DELETE', `/tasks/${id}`))

function reach(o: Patience, socketPath: string, token: string): OwnBroker {
  const dispatcher = new Agent({ connect: { socketPath }, bodyTimeout: 0, headersTimeout: 0 })
  const fetch: Send = async (path, { method = 'GET', headers, body, signal } = {}) => {
    const given = { ...(body !== undefined && { body }), ...(signal && { signal }) }
    const init = { method, headers: { ...headers, authorization: `Bearer ${token}` }, ...given }
    const { status, headers: said, body: answer } = await send(`http://${SOCKET_HOST}${path}`, { ...init, dispatcher })
    return new Response(answer && rebuilt(answer.getReader()), { status, headers: [...said] })
  }
  return { fetch, ask: askBy(o, fetch), close: () => dispatcher.destroy() }
}

/** Asks a broker by what reaches it. */
export const askBy =
  (o: Patience, fetch: Send): Askable['ask'] =>
  async (method, path) => {
    const answered = fetch(path, { method }).then(async (response) => ({
      status: response.status,
      json: response.ok ? await response.json() : undefined,
    }))
    const { status, json } = await within(o, ANSWER_MS, answered, () => new OperatorError('the broker does not answer', { hint: HANGS }))
    if (json !== undefined) return json
    throw new OperatorError(`the broker answered ${method} ${path} with ${status}`, {
      hint: 'try again; if that does not help, stop the broker and start it again: agentpass broker',
    })
  }

/** undici's streams are not the global ones. */
const rebuilt = (reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStream<Uint8Array> =>
  new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
