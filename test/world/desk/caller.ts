import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'
import type { Now } from '../../../spec/effects.ts'

const MAX_LIFETIME_SECONDS = 60
const SKEW_SECONDS = 5

/** What somebody may do here; the Service offers these to Authorities. */
export const DESK_SCOPES = [
  { name: 'tickets:read', description: 'See tickets and their comments' },
  { name: 'tickets:write', description: 'Open, comment and close tickets' },
  { name: 'tickets:admin', description: 'Delete tickets' },
] as const
export type DeskScope = (typeof DESK_SCOPES)[number]['name']

/** Who acts: a person, through an agent, for one task, with the scope that one authorization gives. */
export type Caller = { user: string; agent: string; task: string; scope: string[]; authorizationId: string }
/** The gateway whose word counts: its keys, its name (`issuer`) and ours in its mouth (`audience`). */
export type CallerDeps = { now: Now; keys: JWTVerifyGetKey; issuer: string; audience: string }
/** What a handler of the desk finds in its context. */
export type DeskEnv = { Variables: { caller: Caller } }

const Claims = z
  .object({
    sub: z.string().min(1),
    act: z.object({ sub: z.string().min(1) }),
    task: z.string().min(1),
    scope: z.string(),
    authorization_id: z.string().min(1),
    iat: z.number(),
    exp: z.number(),
  })
  .refine(({ iat, exp }) => exp - iat <= MAX_LIFETIME_SECONDS)
type Claims = z.infer<typeof Claims>

/** Reads who calls from the gateway's headers. Only the signed `AgentPass-Identity` is believed; the plain headers are for people and logs,
 *  and one that says something else means that somebody wrote into the request. Gives undefined for whatever is not in order. */
export async function findCaller(d: CallerDeps, headers: Headers): Promise<Caller | undefined> {
  const claims = await findClaims(d, headers.get('agentpass-identity') ?? '')
  if (!claims || contradicts(headers, claims)) return undefined
  const { sub: user, act, task, scope, authorization_id: authorizationId } = claims
  return { user, agent: act.sub, task, scope: scope.split(' ').filter(Boolean), authorizationId }
}

async function findClaims(d: CallerDeps, jwt: string): Promise<Claims | undefined> {
  try {
    const { payload } = await jwtVerify(jwt, d.keys, {
      algorithms: ['ES256'],
      issuer: d.issuer,
      audience: d.audience,
      maxTokenAge: MAX_LIFETIME_SECONDS,
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(d.now() * 1000),
    })
    return Claims.safeParse(payload).data
  } catch (refusal) {
    if (refusal instanceof errors.JOSEError && !(refusal instanceof errors.JWKSTimeout)) return undefined
    throw refusal // keys that cannot be fetched are our trouble, not the caller's
  }
}

/** A plain header may be absent: an id with characters that no header can carry is only in the signed one. */
function contradicts(headers: Headers, claims: Claims): boolean {
  const plain = {
    'agentpass-user': claims.sub,
    'agentpass-agent': claims.act.sub,
    'agentpass-task': claims.task,
    'agentpass-scope': claims.scope,
    'agentpass-authorization': claims.authorization_id,
  }
  return Object.entries(plain).some(([name, value]) => headers.has(name) && headers.get(name) !== value)
}

/** Gives the caller when the scope is theirs; otherwise throws 403. */
export function requireScope(c: Context<DeskEnv>, scope: DeskScope): Caller {
  const caller = c.get('caller')
  if (!caller.scope.includes(scope)) throw new HTTPException(403, { message: `this needs the scope ${scope}` })
  return caller
}
