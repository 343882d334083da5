import { Hono } from 'hono'
import { SignJWT } from 'jose'
import { systemRandom } from '../../../spec/node/settings.ts'
import type { SigningKey } from './key.ts'

/** A CI job of the enterprise, to which its identity provider gives tokens: `environment` is what GitHub Actions tells its jobs. */
export type Runner = { subject: string; environment: Record<string, string> }

const PATH = '/runner/token'
const SUBJECT = 'repo:acme/desk:ref:refs/heads/main'

/** The token endpoint of the one job there is, and what the job is told. A token is for whom the job names, and lives for five minutes. */
export function createRunner(issuer: string, signingKey: () => SigningKey): { app: Hono; runner: Runner } {
  const secret = systemRandom(32)
  const app = new Hono().get(PATH, async (c) => {
    const audience = c.req.query('audience')
    if (c.req.header('authorization') !== `Bearer ${secret}` || audience === undefined) return c.json({ message: 'there is no such job' }, 401)
    const { privateKey, jwk } = signingKey()
    const value = await new SignJWT({ repository: 'acme/desk', ref: 'refs/heads/main', workflow: 'agents' })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: jwk.kid })
      .setIssuer(issuer)
      .setSubject(SUBJECT)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('5 min')
      .sign(privateKey)
    return c.json({ value })
  })
  const environment = { ACTIONS_ID_TOKEN_REQUEST_URL: `${issuer}${PATH}?api-version=2.0`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret }
  return { app, runner: { subject: SUBJECT, environment } }
}
