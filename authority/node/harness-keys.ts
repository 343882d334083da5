import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { PRIVATE_MEMBERS } from '../../spec/jwk.ts'
import { print, printJson, say, table } from '../../spec/node/cli.ts'
import { OperatorError } from '../../spec/node/operator-error.ts'
import { visible } from '../approve/visible.ts'
import { type ManagementOptions, withManagement } from './management.ts'

type Common = ManagementOptions & { json?: boolean }
type AddOptions = Common & { name: string; jwk?: string; thumbprint?: string }

/** A registered key as the management door tells it. */
const HarnessKey = z.looseObject({ thumbprint: z.string(), name: z.string(), added_by: z.string(), added_at: z.string() })
const Listed = z.looseObject({ harness_keys: z.array(HarnessKey) })

/** Registers a key, from a file, the command line, or by its thumbprint. Throws OperatorError; a private key goes no further than here. */
export async function addKey(file: string | undefined, o: AddOptions): Promise<void> {
  const { name } = o
  const key = readKey(file, o)
  const added = await withManagement(o, (management) => management.post('/harness-keys', { name, ...key }, HarnessKey))
  if (o.json) printJson(added)
  else print(`registered ${visible(added.thumbprint)} as "${visible(added.name)}"`)
}

/** Lists the registered keys. */
export async function listKeys(o: Common): Promise<void> {
  const { harness_keys } = await withManagement(o, (management) => management.get('/harness-keys', Listed))
  const rows = harness_keys.map(({ thumbprint, added_at, added_by, name }) => [thumbprint, added_at, added_by, name].map(visible))
  if (o.json) printJson({ harness_keys })
  else if (rows.length > 0) print(table(['THUMBPRINT', 'SINCE', 'BY', 'NAME'], rows))
  else say('there are no registered keys')
}

/** Removes a registered key. */
export async function removeKey(thumbprint: string, o: Common): Promise<void> {
  const removed = await withManagement(o, (management) => management.delete(`/harness-keys/${encodeURIComponent(thumbprint)}`, HarnessKey))
  if (o.json) printJson(removed)
  else print(`removed ${visible(removed.thumbprint)}, which was "${visible(removed.name)}"`)
}

/** What is to be registered, by the one way that was taken to name it. */
function readKey(file: string | undefined, { jwk, thumbprint }: AddOptions): { jwk: object } | { thumbprint: string } {
  if ([file, jwk, thumbprint].filter((way) => way !== undefined).length !== 1)
    throw misuse('one key is registered', 'name its FILE, or --jwk, or --thumbprint, and one of them')
  if (thumbprint !== undefined) return { thumbprint }
  return file === undefined ? { jwk: readJwk('--jwk', jwk ?? '') } : { jwk: readJwk(file, readText(file)) }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw misuse(`${file} cannot be read`, 'does it exist, and may this user read it?', cause)
  }
}

/** Whether it makes a key is for the Authority to judge. That it is private is judged here, so that it stays here. */
function readJwk(where: string, text: string): object {
  const jwk = parseObject(text)
  if (!jwk) throw misuse(`${where} is no JWK: a JSON object such as {"kty":"EC","crv":"P-256","x":"…","y":"…"}`, 'a PEM file is converted first')
  if (PRIVATE_MEMBERS.some((member) => member in jwk))
    throw misuse(`${where} is a private key`, `register its public part: take the members ${PRIVATE_MEMBERS.join(', ')} away`)
  return jwk
}

function parseObject(text: string): object | undefined {
  try {
    return z.looseObject({}).safeParse(JSON.parse(text)).data
  } catch {
    return undefined // what it says would echo the text
  }
}

const misuse = (problem: string, hint: string, cause?: unknown) => new OperatorError(problem, { exitCode: 2, hint, cause })
