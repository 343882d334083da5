import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseJson } from '../../spec/json.ts'
import type { SigningKey } from '../../spec/jwt.ts'
import { messageOf, OperatorError } from '../../spec/node/operator-error.ts'
import { createPrivateJwk, readHolderKey, thumbprintOf } from '../key.ts'
import { readOwn } from './folder.ts'
import { misuse } from './options.ts'
import { asJson } from './print.ts'
import { loadSettings } from './settings.ts'
import type { Outside } from './trip.ts'

export type KeyOptions = { json?: boolean; config?: string }

/** `agentpass key`: prints the thumbprint and the public part of the key in a file, which is made where it is missing and never replaced. */
export async function key(o: Outside, named: string | undefined, options: KeyOptions): Promise<number> {
  const file = named === undefined ? loadSettings(o.environment, options.config).holder_key?.file : resolve(named)
  if (file === undefined) throw misuse('which key?', 'name a file, such as holder-key.json, or set holder_key in the settings')
  const made = (await findKey(file)) === undefined
  if (made) await make(file)
  const kept = await requireKey(file)
  const thumbprint = await thumbprintOf(kept)
  o.io.err(made ? `made ${file}: keep it to this user, and register it at the authority\n` : `read ${file}\n`)
  if (options.json) await o.io.out(asJson({ file, thumbprint, jwk: kept.publicJwk }))
  else await o.io.out(`thumbprint ${thumbprint}\npublic key ${JSON.stringify(kept.publicJwk)}\n`)
  return 0
}

/** Never over a file that is there, not even one that another process has just made. */
async function make(file: string): Promise<void> {
  await writeFile(file, `${JSON.stringify(await createPrivateJwk(), undefined, 2)}\n`, { flag: 'wx', mode: 0o600 }).catch((cause) => {
    throw new OperatorError(`the holder key ${file} cannot be made: ${messageOf(cause)}`, {
      hint: 'does its folder exist, and may this user write there?',
    })
  })
}

/** The key in a file that this user alone may read; `what` it is, for people. Throws OperatorError: there is no fresh key in its place. */
export async function requireKey(file: string, what = 'holder key'): Promise<SigningKey> {
  const found = await findKey(file, what)
  if (found) return found
  throw new OperatorError(`there is no ${what} ${file}`, { hint: `make it: agentpass key ${file}` })
}

async function findKey(file: string, what = 'holder key'): Promise<SigningKey | undefined> {
  try {
    const text = await readOwn(file)
    return text === undefined ? undefined : await readHolderKey(parseJson(text))
  } catch (cause) {
    throw new OperatorError(`the ${what} ${file} cannot be used: ${messageOf(cause)}`, {
      hint: 'it is a JWK that this user alone may read: chmod 600',
    })
  }
}
