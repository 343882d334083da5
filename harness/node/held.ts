import { z } from 'zod'
import { emailAddress } from '../../spec/email.ts'
import { parseJson } from '../../spec/json.ts'
import { messageOf } from '../../spec/node/operator-error.ts'
import { authorityIdentifier, httpsUrl, origin } from '../../spec/origin.ts'
import { Scope } from '../../spec/wire/scopes.ts'
import type { Access, Acquired } from '../acquire.ts'
import type { Returnable } from '../revoke.ts'
import type { PrivateFolder } from './folder.ts'

const held = {
  format: z.literal(1),
  service: origin,
  user: emailAddress,
  authority: authorityIdentifier,
  task: z.looseObject({ id: z.string().regex(/^[\w-]{1,100}$/), description: z.string().min(1) }),
  acquired_at: z.int(),
  expires_at: z.int().optional(),
  revoke_url: httpsUrl.optional(),
}
const secret = z.string().regex(/^[\x21-\x7e]+$/)

/** A token this user holds, as its file has it. Instants in epoch seconds; without `expires_at` the Service did not say. `revoke_url` is where it is given back. */
const HeldToken = z.looseObject({ ...held, type: z.literal('bearer_token').optional(), scope: Scope.optional(), token: secret })
export type HeldToken = z.infer<typeof HeldToken>
/** A browser session that was begun for this user. `token` is its cookie's value, where this program has seen that. */
const HeldSession = z.looseObject({ ...held, type: z.literal('browser_session'), token: secret.optional() })
export type HeldSession = z.infer<typeof HeldSession>
/** What a file of ours holds. */
export type Held = HeldToken | HeldSession
export const isToken = (held: Held): held is HeldToken => held.type !== 'browser_session'

/** A file that was found beside the tokens and is not trusted. */
export type Ignored = { file: string; why: string }

const FILE = /^(task-[\w-]{1,95})\.json$/
const UNSAID_SECONDS = 86_400 // how long a token is kept whose Service did not say how long it lives
const MOST_SECONDS = 366 * 86_400

const fileOf = (taskId: string): string => `${taskId}.json`

/** Keeps a token, in a file of its own. */
export async function keepToken(folder: PrivateFolder, acquired: Acquired, now: number): Promise<HeldToken> {
  const { token, service, user, authority, task, scope, expiresAt, revokeUrl } = acquired
  const common = { format: 1 as const, service, user, authority, task, ...(scope && { scope }), acquired_at: now }
  return write(folder, { ...common, ...optional(expiresAt, revokeUrl, now), token })
}

/** Keeps that a browser session was begun, in a file of its own; its cookie's value and expiry where they are known. */
export async function keepSession(
  folder: PrivateFolder,
  { service, user, authority, task, revokeUrl }: Access,
  { token, expiresAt }: { token?: string | undefined; expiresAt?: number | undefined },
  now: number,
): Promise<HeldSession> {
  const common = { format: 1 as const, type: 'browser_session' as const, service, user, authority, task, acquired_at: now }
  return write(folder, { ...common, ...optional(expiresAt, revokeUrl, now), ...(token !== undefined && { token }) })
}

const optional = (expiresAt: number | undefined, revokeUrl: string | undefined, now: number) => ({
  ...(expiresAt !== undefined && { expires_at: Math.min(expiresAt, now + MOST_SECONDS) }),
  ...(revokeUrl !== undefined && { revoke_url: revokeUrl }),
})

async function write<H extends Held>(folder: PrivateFolder, held: H): Promise<H> {
  await folder.write(fileOf(held.task.id), `${JSON.stringify(held, undefined, 2)}\n`)
  return held
}

/** Every live token and session, oldest first, and the files that are not trusted. Expired ones are dropped. */
export async function listHeld(folder: PrivateFolder, now: number): Promise<{ held: Held[]; ignored: Ignored[] }> {
  const [held, ignored]: [Held[], Ignored[]] = [[], []]
  for (const file of await folder.names()) {
    if (file.startsWith('authority-') || file === 'broker') continue // the remembered choices; a broker's own folder
    try {
      const found = await readHeld(folder, file)
      if (found && isLive(found, now)) held.push(found)
      else if (found) await folder.remove(file)
    } catch (cause) {
      ignored.push({ file: `${folder.path}/${file}`, why: messageOf(cause) })
    }
  }
  return { held: held.sort((a, b) => a.acquired_at - b.acquired_at), ignored }
}

async function readHeld(folder: PrivateFolder, file: string): Promise<Held | undefined> {
  const [, taskId] = FILE.exec(file) ?? []
  if (taskId === undefined) throw new Error('it is no file of ours')
  const text = await folder.read(file)
  if (text === undefined) return undefined // another process dropped it
  const parsed = z.union([HeldSession, HeldToken]).safeParse(parseGarbled(text))
  if (!parsed.success || parsed.data.task.id !== taskId) throw new Error('its content is garbled')
  return parsed.data
}

function parseGarbled(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined // what is no JSON fits no schema either
  }
}

const isLive = (held: Held, now: number): boolean => now < endOf(held)

/** When what is held is held no longer, in epoch seconds: when it expires, or a day after it was got where the Service did not say. */
export const endOf = ({ acquired_at, expires_at }: Held): number => expires_at ?? acquired_at + UNSAID_SECONDS

/** Whether something is still held for a task: no command has ended or forgotten it. */
export const isHeld = async (folder: PrivateFolder, taskId: string): Promise<boolean> => (await folder.names()).includes(fileOf(taskId))

/** Whether something is held for a task, named by its id or its description. */
export const isOfTask = ({ task }: Held, named: string): boolean => task.id === named || task.description === named

/** What is held as its Service takes it back; undefined for a session that only a browser knows. */
export const returnable = ({ service, token, revoke_url: revokeUrl }: Held): Returnable | undefined =>
  token === undefined ? undefined : { service, token, revokeUrl }

/** Drops one token or session. Whether there was one. */
export const dropToken = (folder: PrivateFolder, taskId: string): Promise<boolean> => folder.remove(fileOf(taskId))

/** Drops everything that may be a token, garbled ones too. How many there were. */
export async function dropAllTokens(folder: PrivateFolder): Promise<number> {
  const files = (await folder.names()).filter((file) => FILE.test(file))
  const removed = await Promise.all(files.map((file) => folder.remove(file)))
  return removed.filter(Boolean).length
}
