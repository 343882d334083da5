import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { fromBase64url } from '../base64url.ts'
import { OperatorError } from './operator-error.ts'

const KEY_BYTES = 32

/** A master key of the settings, with the name that what it sealed is marked with. */
export type MasterKey = { id: string; bytes: Uint8Array }

/** What the server's secrets do: seal what lies in the database, and derive what must not lie there (design: secrets at rest). The first key is in use, the others are of before a rotation. */
export type Secrets = {
  /** The name of the master key in use: stored beside what was derived from it. */
  current: string
  /** HMAC-SHA-256 of a text under a purpose's own key, base64url. Throws OperatorError for a master key that is no longer in the settings. */
  derive: (purpose: string, text: string, masterKeyId: string) => string
  seal: (purpose: string, plain: string) => string
  /** Throws OperatorError when the text was sealed under a key that is not in the settings, or was changed. */
  unseal: (purpose: string, sealed: string) => string
}

/** The name of the master key that something was sealed under. */
export const masterKeyOf = (sealed: string): string => sealed.split('.', 1)[0] ?? ''

/** A fresh master key as it is written to its file. */
export const generateMasterKey = (): string => randomBytes(KEY_BYTES).toString('base64url')

/** Reads a master key from its file's text. Throws OperatorError when it is not whole: a key cut in half is no key. */
export function readMasterKey(text: string): MasterKey {
  const bytes = fromBase64url(text.trim())
  if (bytes?.length !== KEY_BYTES)
    throw new OperatorError(`a master key is ${KEY_BYTES} bytes in base64url (43 characters), and this is not`, {
      hint: 'restore the key from a backup: a new one cannot open what the old one sealed',
    })
  return { id: subkey(bytes, 'name').toString('base64url').slice(0, 8), bytes }
}

const subkey = (bytes: Uint8Array, purpose: string): Buffer => Buffer.from(hkdfSync('sha256', bytes, '', `agentpass ${purpose}`, KEY_BYTES))

export function createSecrets([first, ...others]: [MasterKey, ...MasterKey[]]): Secrets {
  const keys = new Map([first, ...others].map(({ id, bytes }) => [id, bytes]))
  const subkeys = new Map<string, Buffer>()
  const keyFor = (purpose: string, masterKeyId: string): Buffer => {
    const bytes = keys.get(masterKeyId)
    if (!bytes)
      throw new OperatorError(`the master key ${masterKeyId}, which sealed what is in the database, is not in the settings`, {
        hint: 'restore its file from a backup, or add it to master_keys behind the one in use',
      })
    const name = `${masterKeyId} ${purpose}`
    const key = subkeys.get(name) ?? subkey(bytes, purpose)
    subkeys.set(name, key)
    return key
  }
  return {
    current: first.id,
    derive: (purpose, text, masterKeyId) => createHmac('sha256', keyFor(purpose, masterKeyId)).update(text).digest('base64url'),
    seal(purpose, plain) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', keyFor(purpose, first.id), nonce)
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return [first.id, nonce.toString('base64url'), body.toString('base64url'), cipher.getAuthTag().toString('base64url')].join('.')
    },
    unseal(purpose, sealed) {
      const [id = '', ...parts] = sealed.split('.')
      return open(keyFor(purpose, id), parts, purpose)
    },
  }
}

function open(key: Buffer, parts: string[], purpose: string): string {
  const [nonce = Buffer.alloc(0), body = Buffer.alloc(0), tag = Buffer.alloc(0)] = parts.map((part) => Buffer.from(part, 'base64url'))
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
    decipher.setAuthTag(tag)
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new OperatorError(`the ${purpose} in the database were changed since they were sealed`, {
      cause,
      hint: 'restore the database from a backup',
    })
  }
}
