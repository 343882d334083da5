import { Hono } from 'hono'
import { z } from 'zod'
import { readBody } from '../../spec/body.ts'
import { canonicalAddress, emailAddress } from '../../spec/email.ts'
import { ProtocolError } from '../../spec/error.ts'
import { noteRefusal } from '../../spec/node/audit.ts'
import type { ClientOf } from '../../spec/node/client.ts'
import { answer } from '../../spec/node/doors.ts'
import { origin } from '../../spec/origin.ts'
import { identifier, storedText } from '../../spec/wire/identifier.ts'
import { CloseRequest } from '../../spec/wire/validation.ts'
import { ADMIN_TOKEN as BY } from '../approve/approvers.ts'
import type { AuthenticateService } from '../discover/authenticate.ts'
import type { Which } from '../store/alive.ts'
import { type BulkDeps, revokeAll } from './bulk.ts'
import { type CloseDeps, close } from './close.ts'

/** A key's RFC 7638 thumbprint: SHA-256 in base64url. */
const thumbprint = z.string().regex(/^[\w-]{43}$/)

export const closeRoutes = (d: CloseDeps & { authenticate: AuthenticateService; clientOf: ClientOf }) =>
  new Hono().post('/authorization/close', async (c) => {
    const caller = await d.authenticate(c.req.header('authorization'))
    const request = await readBody(c.req.raw, CloseRequest, d.profile)
    const address = d.clientOf(c.req.raw, c.env)
    const about = { event: 'close', service: caller.service, authorization_id: request.authorization_id, address }
    return answer(await noteRefusal(d.audit, about, () => close(d, request, { ...caller, address })))
  })

const Revocation = z.strictObject({
  authorization_id: identifier.optional(),
  user: emailAddress.optional(),
  service: origin.optional(),
  harness_key: thumbprint.optional(),
  all: z.literal(true).optional(),
  reason: storedText.min(1).max(1024).optional(),
})

/** What is to end: exactly one must be named, so that nobody ends everything by leaving something out. Throws malformed_request. */
function whichOf({ authorization_id, user, service, harness_key, all }: z.infer<typeof Revocation>): Which {
  const named: Which[] = []
  if (authorization_id !== undefined) named.push({ by: 'authorization_id', is: authorization_id })
  if (user !== undefined) named.push({ by: 'user', is: canonicalAddress(user) })
  if (service !== undefined) named.push({ by: 'service', is: service })
  if (harness_key !== undefined) named.push({ by: 'key_thumbprint', is: harness_key })
  if (all) named.push({ by: 'all' })
  const [which, ...others] = named
  if (!which || others.length > 0)
    throw new ProtocolError('malformed_request', 'a revocation names exactly one of authorization_id, user, service, harness_key and all')
  return which
}

/** Revocation in bulk for scripts and the command line, behind the management door: everything alive that matches ends. */
export const revocationRoutes = (d: BulkDeps) =>
  new Hono().post('/revocations', async (c) => {
    const request = await readBody(c.req.raw, Revocation)
    return answer(await revokeAll(d, whichOf(request), { by: BY, reason: request.reason }))
  })
