import {
  type AuthorizationCodeGrantChecks,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
  type ServerMetadata,
} from 'openid-client'
import { z } from 'zod'
import type { Fetch, Now, Random } from '../../spec/effects.ts'
import { canonicalAddress, emailAddress } from '../../spec/email.ts'
import { ProtocolError } from '../../spec/error.ts'
import { storedText } from '../../spec/wire/identifier.ts'
import type { SignedIn } from './session.ts'
import type { ConsoleSettings } from './settings.ts'

export type ProviderDeps = {
  now: Now
  random: Random
  fetch: Fetch
  settings: ConsoleSettings['sign_in']
  clientSecret: string | undefined
  /** Where the provider sends people back to, after signing in and after signing out. */
  callbackUrl: string
  signedOutUrl: string
}
/** What a browser takes along to the provider and brings back: it proves that the answer is to its own question. */
export type Errand = { state: string; nonce: string; verifier: string; maxAgeSeconds?: number | undefined }
/** An OpenID provider. Each throws service_unavailable where it cannot be reached, or is none. */
export type Provider = {
  /** Where somebody signs in; `maxAgeSeconds` demands that they prove who they are, unless they did so since. */
  signInUrl: (maxAgeSeconds?: number) => Promise<{ url: URL; errand: Errand }>
  /** Takes what the provider sent back. Throws unauthenticated for an answer that is not to this errand, or that does not hold; forbidden for somebody whom it does not vouch for. */
  finish: (search: string, errand: Errand) => Promise<SignedIn>
  /** Where somebody signs out of the provider too; undefined where it has no such place. */
  signOutUrl: (idToken: string | undefined) => Promise<URL | undefined>
  /** Where the provider's pages are, as far as is known: a form may lead there. */
  origins: () => string[]
  /** Reads the provider's document where it is due, so that nobody waits for it. To be called now and then. */
  warm: () => Promise<void>
}

const METADATA_SECONDS = 600

/** Signs people in by OpenID Connect: authorization code with PKCE, state and nonce; the ID token's signature is verified by the provider's keys of this moment. */
export function createProvider(d: ProviderDeps): Provider {
  const metadata = keepMetadata(d)
  let origins = [new URL(d.settings.issuer).origin]
  /** Made anew each time, so that no key is known any longer than a sign-in takes: the provider may have changed it. */
  const configuration = async () => {
    const config = new Configuration(await metadata(), d.settings.client_id, undefined, authenticationOf(d, await metadata()))
    config[customFetch] = fetchOf(d)
    enableNonRepudiationChecks(config)
    return config
  }
  return {
    async signInUrl(maxAgeSeconds) {
      const errand = { state: d.random(24), nonce: d.random(24), verifier: d.random(48), maxAgeSeconds }
      const url = buildAuthorizationUrl(await configuration(), {
        redirect_uri: d.callbackUrl,
        scope: d.settings.scopes.join(' '),
        state: errand.state,
        nonce: errand.nonce,
        code_challenge: await calculatePKCECodeChallenge(errand.verifier),
        code_challenge_method: 'S256',
        ...(maxAgeSeconds !== undefined && { max_age: String(maxAgeSeconds) }),
      })
      return { url, errand }
    },
    async finish(search, { state, nonce, verifier, maxAgeSeconds }) {
      const current = new URL(d.callbackUrl)
      current.search = search
      const checks: AuthorizationCodeGrantChecks = {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
        ...(maxAgeSeconds !== undefined && { maxAge: maxAgeSeconds }),
      }
      const tokens = await authorizationCodeGrant(await configuration(), current, checks).catch((cause) => {
        if (cause instanceof Error && cause.cause instanceof ProtocolError) throw cause.cause // as the library wraps what its fetch throws
        throw new ProtocolError('unauthenticated', 'signing in did not succeed: what came back from the identity provider does not hold', { cause })
      })
      return signedIn(d, tokens.claims(), tokens.id_token)
    },
    async signOutUrl(idToken) {
      if (!(await metadata()).end_session_endpoint) return undefined
      return buildEndSessionUrl(await configuration(), {
        post_logout_redirect_uri: d.signedOutUrl,
        ...(idToken !== undefined && { id_token_hint: idToken }),
      })
    },
    origins: () => origins,
    async warm() {
      const { authorization_endpoint, end_session_endpoint } = await metadata()
      const urls = [d.settings.issuer, authorization_endpoint, end_session_endpoint]
      origins = [...new Set(urls.flatMap((url) => (url === undefined ? [] : [new URL(url).origin])))]
    },
  }
}

/** The provider's document, for as long as it is taken to stay as it is. What fails is tried again by the next who asks. */
function keepMetadata(d: ProviderDeps): () => Promise<ServerMetadata> {
  let kept: { until: number; metadata: Promise<ServerMetadata> } | undefined
  return async () => {
    if (!kept || kept.until <= d.now()) kept = { until: d.now() + METADATA_SECONDS, metadata: discover(d) }
    const { metadata } = kept
    return metadata.catch((failure) => {
      if (kept?.metadata === metadata) kept = undefined
      throw failure
    })
  }
}

async function discover(d: ProviderDeps): Promise<ServerMetadata> {
  const { issuer, client_id } = d.settings
  try {
    return (await discovery(new URL(issuer), client_id, undefined, None(), { [customFetch]: fetchOf(d) })).serverMetadata()
  } catch (cause) {
    throw unreachable(cause)
  }
}

/** As the provider takes it: in the header, unless it says that it only takes it in the body. */
function authenticationOf(
  { clientSecret }: ProviderDeps,
  { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] }: ServerMetadata,
): ClientAuth {
  if (clientSecret === undefined) return None()
  return methods.includes('client_secret_basic') ? ClientSecretBasic(clientSecret) : ClientSecretPost(clientSecret)
}

type CustomFetch = NonNullable<Configuration[typeof customFetch]>

/** Through the guard, as everything that leaves. A provider in trouble is told from one that refuses. */
const fetchOf =
  ({ fetch }: ProviderDeps): CustomFetch =>
  async (url, { body, headers, method, signal }) => {
    const init = { method, headers, redirect: 'manual' as const, ...(body !== undefined && body !== null && { body: asBody(body) }) }
    const response = await fetch(url, { ...init, ...(signal && { signal }) }).catch((cause) => {
      throw unreachable(cause)
    })
    if (response.status >= 500) throw unreachable(new Error(`the identity provider answered ${response.status}`))
    return response
  }

const unreachable = (cause: unknown): ProtocolError =>
  new ProtocolError('service_unavailable', 'the identity provider cannot be reached: try again in a moment', { cause })

const asBody = (body: unknown): string | URLSearchParams => (body instanceof URLSearchParams ? body : String(body))

/** Who it is, by the claims that the settings name. Throws forbidden where the provider does not say, or does not vouch for the address. */
function signedIn({ settings }: ProviderDeps, claims: Record<string, unknown> | undefined, idToken: string | undefined): SignedIn {
  const { email, name, groups } = settings.claims
  const address = emailAddress.safeParse(claims?.[email])
  if (!claims || idToken === undefined || !address.success)
    throw new ProtocolError('forbidden', `the identity provider names no e-mail address of yours (claim ${email})`)
  if (settings.require_verified_email && claims.email_verified !== true)
    throw new ProtocolError('forbidden', 'the identity provider has not verified your e-mail address')
  return {
    identity: {
      email: canonicalAddress(address.data),
      name: storedText.optional().catch(undefined).parse(claims[name]),
      groups: z
        .array(z.string())
        .catch([])
        .parse(claims[groups])
        .filter((name) => storedText.safeParse(name).success),
    },
    authenticatedAt: z.number().optional().catch(undefined).parse(claims.auth_time),
    idToken,
  }
}
