import { sha256 } from '../../spec/base64url.ts'
import { isMeant } from '../../spec/email.ts'
import { ProtocolError } from '../../spec/error.ts'

/** An agent as the broker knows it: by the digest of its credential. `users` and `services` limit for whom and where it may ask; absent, they do not. */
export type Agent = { name: string; credentialDigest: string; users?: string[] | undefined; services?: string[] | undefined }
/** Who calls, by their credential. Throws unauthenticated. */
export type AuthenticateAgent = (authorization: string | undefined) => Promise<Agent>

/** Knows agents by `Authorization: Bearer` and the credential of each. Digests are compared, so that the time it takes tells nothing of one. */
export function createAuthenticateAgent(agents: Agent[]): AuthenticateAgent {
  const byDigest = new Map(agents.map((agent) => [agent.credentialDigest, agent]))
  return async (authorization) => {
    const [, credential] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? []
    const agent = credential === undefined ? undefined : byDigest.get(await sha256(credential))
    if (!agent) throw new ProtocolError('unauthenticated', 'the broker needs the credential of an agent: Authorization: Bearer …')
    return agent
  }
}

/** Whether an agent may ask for this at all; the Authority decides about the rest. Throws forbidden. */
export function requireMayAsk({ users, services }: Agent, wanted: { user: string; service: string }): void {
  if (users && !users.some((pattern) => isMeant(pattern, wanted.user)))
    throw new ProtocolError('forbidden', `this agent may not act for ${wanted.user}: the broker's settings name its users`)
  if (services && !services.includes(wanted.service))
    throw new ProtocolError('forbidden', `this agent may not ask for ${wanted.service}: the broker's settings name its services`)
}
