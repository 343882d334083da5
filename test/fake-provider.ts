/** An OpenID provider played by hand: whom it signs in, and what it says and signs of them, is the test's business, right or wrong. */
import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import type { Internet } from './internet.ts'
import { jws, type Members, type Pair, rsaPair } from './spec/jws-fixture.ts'

export const PROVIDER = 'https://login.acme.example'
const CLIENT = 'authority'

/** Whoever sits at the browser, as the provider knows them. */
export type Claims = Members & { email?: unknown; groups?: unknown }

/** What is signed by when and by whom; all of it may be changed between one sign-in and the next. */
type Forged = {
  claims: Members
  header: Members
  signer: { key: Pair; algorithm: string }
  /** What the authorization endpoint sends back beside, or instead of, a code. */
  answer: Record<string, string> | undefined
  /** Whether a code is only given to who has the verifier of its challenge. */
  checksChallenge: boolean
  /** What the token endpoint answers instead of tokens. */
  tokens: (() => Response | Promise<Response>) | undefined
}

const KEY = rsaPair()
const genuine = (): Forged => ({
  claims: {},
  header: {},
  signer: { key: KEY, algorithm: 'RS256' },
  answer: undefined,
  checksChallenge: true,
  tokens: undefined,
})

/** Puts a provider on the internet. Its clock is the real one, as is that by which ID tokens are judged. */
export function fakeProvider(net: Pick<Internet, 'host' | 'unplug' | 'random'>) {
  const codes = new Map<string, { nonce: string | null; challenge: string | null; redirect: string; claims: Claims }>()
  const asked: { at: 'authorize' | 'token'; members: URLSearchParams; authorization: string }[] = []
  const signed: string[] = []
  const forged = genuine()
  const keys: Members[] = [{ ...KEY.jwk, kid: 'k1', alg: 'RS256', use: 'sig' }]
  let person: Claims = { sub: 'nobody' }
  const app = new Hono()
    .get('/.well-known/openid-configuration', () =>
      Response.json({
        issuer: PROVIDER,
        authorization_endpoint: `${PROVIDER}/authorize`,
        token_endpoint: `${PROVIDER}/token`,
        end_session_endpoint: `${PROVIDER}/end`,
        jwks_uri: `${PROVIDER}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        code_challenge_methods_supported: ['S256'],
      }),
    )
    .get('/jwks', () => Response.json({ keys }))
    .get('/authorize', (c) => {
      const members = new URL(c.req.url).searchParams
      asked.push({ at: 'authorize', members, authorization: '' })
      const redirect = members.get('redirect_uri') ?? ''
      const code = net.random(24)
      codes.set(code, { nonce: members.get('nonce'), challenge: members.get('code_challenge'), redirect, claims: person })
      return c.redirect(`${redirect}?${new URLSearchParams(forged.answer ?? { code, state: members.get('state') ?? '' })}`, 303)
    })
    .post('/token', async (c) => {
      const members = new URLSearchParams(await c.req.text())
      asked.push({ at: 'token', members, authorization: c.req.header('authorization') ?? '' })
      const code = codes.get(members.get('code') ?? '')
      codes.delete(members.get('code') ?? '')
      const challenge = createHash('sha256')
        .update(members.get('code_verifier') ?? '')
        .digest('base64url')
      if (!code || (forged.checksChallenge && challenge !== code.challenge) || members.get('redirect_uri') !== code.redirect)
        return c.json({ error: 'invalid_grant' }, 400)
      if (forged.tokens) return forged.tokens()
      signed.push(idToken(forged, { nonce: code.nonce, ...code.claims }))
      return c.json({ access_token: net.random(16), token_type: 'Bearer', id_token: signed.at(-1) })
    })
  net.host(PROVIDER, app)
  return {
    asked,
    signed,
    keys,
    forged,
    /** Signs in whoever it is, from now on. */
    is: (claims: Claims) => {
      person = { email_verified: true, ...claims }
    },
    /** Says and signs what is right again. */
    mend: () => void Object.assign(forged, genuine()),
    fails: () => net.unplug(PROVIDER),
    recovers: () => net.host(PROVIDER, app),
  }
}
export type FakeProvider = ReturnType<typeof fakeProvider>

function idToken({ claims, header, signer }: Forged, about: Members): string {
  const at = Math.floor(Date.now() / 1000)
  const good = { iss: PROVIDER, aud: CLIENT, sub: 'employee-1', iat: at, exp: at + 300, auth_time: at, ...about }
  return jws({ alg: signer.algorithm, kid: 'k1', ...header }, { ...good, ...claims }, signer)
}

/** The settings of an Authority that signs people in there. */
export const signInThere = { issuer: PROVIDER, client_id: CLIENT }
