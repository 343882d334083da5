import { Hono } from 'hono'
import { calculateJwkThumbprint } from 'jose'
import { z } from 'zod'
import { fromBase64url } from '../../spec/base64url.ts'
import { readBody } from '../../spec/body.ts'
import { ProtocolError } from '../../spec/error.ts'
import { noteRefusal } from '../../spec/node/audit.ts'
import { answer } from '../../spec/node/doors.ts'
import { publicKey } from '../../spec/node/public-key.ts'
import { toRfc3339 } from '../../spec/time.ts'
import { storedText } from '../../spec/wire/identifier.ts'
import { listHarnessKeys } from '../store/harness-keys.ts'
import type { HarnessKeyRow } from '../store/schema.ts'
import { type RegisterDeps, register, unregister } from './register.ts'

const BY = 'admin token'
const DIGEST_BYTES = 32
const MAX_NAME_CHARS = 200

const NO_THUMBPRINT = 'names no thumbprint of a key: SHA-256 by RFC 7638, in base64url'
const Thumbprint = z.string().refine((text) => fromBase64url(text)?.length === DIGEST_BYTES, NO_THUMBPRINT)

/** A key to be registered: itself, or its thumbprint where somebody has that alone. */
const Registration = z
  .strictObject({ name: storedText.min(1).max(MAX_NAME_CHARS), jwk: publicKey.optional(), thumbprint: Thumbprint.optional() })
  .refine(({ jwk, thumbprint }) => (jwk === undefined) !== (thumbprint === undefined), 'names a jwk or a thumbprint, and not both')

/** The registered keys of Harnesses, behind the management door (protocol 4, trust tiers). */
export const registerRoutes = (d: RegisterDeps) => {
  const noted = (thumbprint: string, act: () => Promise<HarnessKeyRow>) =>
    noteRefusal(d.audit, { event: 'registration', key_thumbprint: thumbprint, by: BY }, act)
  return new Hono()
    .get('/harness-keys', async () => answer({ harness_keys: (await listHarnessKeys(d.db.read)).map(inWords) }))
    .post('/harness-keys', async (c) => {
      const { name, jwk, thumbprint: given } = await readBody(c.req.raw, Registration)
      const thumbprint = given ?? (await calculateJwkThumbprint(jwk ?? {})) // one of the two is there
      return answer(inWords(await noted(thumbprint, () => register(d, { thumbprint, name }, BY))), 201)
    })
    .delete('/harness-keys/:thumbprint', async (c) => {
      const { data: thumbprint, error } = Thumbprint.safeParse(c.req.param('thumbprint'))
      if (error) throw new ProtocolError('malformed_request', `the address ${NO_THUMBPRINT}`, { cause: error })
      return answer(inWords(await noted(thumbprint, () => unregister(d, thumbprint, BY))))
    })
}

const inWords = ({ added_at, ...row }: HarnessKeyRow) => ({ ...row, added_at: toRfc3339(added_at) })
