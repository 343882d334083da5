import { z } from 'zod'
import type { AuthorityParty } from './authority.ts'

/** What an approver may do: about the newest request that is still pending, or about the newest that was approved. */
export type Verb = 'approve' | 'deny' | 'cancel' | 'revoke' | 'narrow'
/** `at` is the Authority where it is decided: the enterprise's unless named. `ref` is the request, where it is not the newest: of those of one second none is newer. */
export type Decision = { scope?: string[]; reason?: string; ref?: string; at?: AuthorityParty }
export type OnDecision = (decision: Decision & { at: AuthorityParty; verb: Verb }) => void

const Listed = z.object({ requests: z.array(z.object({ ref: z.string() })) })
const Shown = z.object({ digest: z.string() })

/** Decides as an approver does, through the management door of an Authority. Throws Error when there is nothing to decide, or the door refuses. */
export async function decideAt({ management }: AuthorityParty, verb: Verb, { ref, ...more }: Omit<Decision, 'at'>): Promise<void> {
  const ask = async (path: string, body?: object) => {
    const headers = { authorization: `Bearer ${management.token}`, 'content-type': 'application/json' }
    const response = await fetch(management.url + path, { headers, ...(body && { method: 'POST', body: JSON.stringify(body) }) })
    if (!response.ok) throw new Error(`the management door answered ${response.status}: ${await response.text()}`)
    return response.json()
  }
  const status = verb === 'revoke' || verb === 'narrow' ? 'approved' : 'pending'
  const meant = ref ?? Listed.parse(await ask(`/requests?status=${status}`)).requests[0]?.ref
  if (meant === undefined) throw new Error(`there is no ${status} request`)
  const { digest } = Shown.parse(await ask(`/requests/${meant}`))
  await ask(`/requests/${meant}/${verb}`, { digest, ...more })
}
