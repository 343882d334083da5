import { z } from 'zod'
import { emailAddress } from '../../spec/email.ts'
import { parseJson } from '../../spec/json.ts'
import { messageOf } from '../../spec/node/operator-error.ts'
import { authorityIdentifier, httpsUrl, origin } from '../../spec/origin.ts'
import { Scope } from '../../spec/wire/scopes.ts'
import type { Acquired } from '../acquire.ts'
import type { Returnable } from '../revoke.ts'
import type { PrivateFolder } from './folder.ts'

/** A token this user holds, as its file has it. Instants in epoch seconds; without `expires_at` the Service did not say. `revoke_url` is where it is given back. */
const HeldToken = z.looseObject({
  format: z.literal(1),
  service: origin,
  user: emailAddress,
  authority: authorityIdentifier,
  task: z.looseObject({ id: z.string().regex(/^[\w-]{1,100}$/), description: z.string().min(1) }),
  scope: Scope.optional(),
  acquired_at: z.int(),
  expires_at: z.int().optional(),
  revoke_url: httpsUrl.optional(),
  token: z.string().regex(/^[\x21-\x7e]+$/),
})
export type HeldToken = z.infer<typeof HeldToken>
/** A file that was found beside the tokens and is not trusted. */
export type Ignored = { file: string; why: string }

const FILE = /^(task-[\w-]{1,95})\.json$/
const UNSAID_SECONDS = 86_400 // how long a token is kept whose Service did not say how long it lives
const MOST_SECONDS = 366 * 86_400

const fileOf = (taskId: string): string => `${taskId}.json`

/** Keeps a token, in a file of its own. */
export async function keepToken(folder: PrivateFolder, acquired: Acquired, now: number): Promise<HeldToken> {
  const { token, service, user, authority, task, scope, expiresAt, revokeUrl } = acquired
  const expiry = expiresAt === undefined ? {} : { expires_at: Math.min(expiresAt, now + MOST_SECONDS) }
  const back = revokeUrl === undefined ? {} : { revoke_url: revokeUrl }
  const held = { format: 1 as const, service, user, authority, task, ...(scope && { scope }), acquired_at: now, ...expiry, ...back, token }
  await folder.write(fileOf(task.id), `${JSON.stringify(held, undefined, 2)}\n`)
  return held
}

/** Every live token, oldest first, and the files that are not trusted. Expired ones are dropped. */
export async function listTokens(folder: PrivateFolder, now: number): Promise<{ held: HeldToken[]; ignored: Ignored[] }> {
  const [held, ignored]: [HeldToken[], Ignored[]] = [[], []]
  for (const file of await folder.names()) {
    if (file.startsWith('authority-')) continue // the remembered choices
    try {
      const token = await readToken(folder, file)
      if (token && isLive(token, now)) held.push(token)
      else if (token) await folder.remove(file)
    } catch (cause) {
      ignored.push({ file: `${folder.path}/${file}`, why: messageOf(cause) })
    }
  }
  return { held: held.sort((a, b) => a.acquired_at - b.acquired_at), ignored }
}

async function readToken(folder: PrivateFolder, file: string): Promise<HeldToken | undefined> {
  const [, taskId] = FILE.exec(file) ?? []
  if (taskId === undefined) throw new Error('it is no file of ours')
  const text = await folder.read(file)
  if (text === undefined) return undefined // another process dropped it
  const parsed = HeldToken.safeParse(parseGarbled(text))
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

const isLive = ({ acquired_at, expires_at }: HeldToken, now: number): boolean => now < (expires_at ?? acquired_at + UNSAID_SECONDS)

/** Whether a token is for a task, named by its id or its description. */
export const isOfTask = ({ task }: HeldToken, named: string): boolean => task.id === named || task.description === named

/** A held token as its Service takes it back. */
export const returnable = ({ service, token, revoke_url: revokeUrl }: HeldToken): Returnable => ({ service, token, revokeUrl })

/** Drops one token. Whether there was one. */
export const dropToken = (folder: PrivateFolder, taskId: string): Promise<boolean> => folder.remove(fileOf(taskId))

/** Drops everything that may be a token, garbled ones too. How many there were. */
export async function dropAllTokens(folder: PrivateFolder): Promise<number> {
  const files = (await folder.names()).filter((file) => FILE.test(file))
  const removed = await Promise.all(files.map((file) => folder.remove(file)))
  return removed.filter(Boolean).length
}
