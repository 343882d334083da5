import type { AdapterFactory, Configuration, JWK, KoaContextWithOIDC } from 'oidc-provider'
import type { Client } from './client.ts'
import { interactionPolicy } from './library.ts'
import { pages } from './pages.tsx'
import { findEmployee } from './people.ts'

/** Claims by scope. As at many providers, groups come with the profile. */
const CLAIMS = {
  openid: ['sub'],
  email: ['email', 'email_verified'],
  profile: ['name', 'groups'],
  groups: ['groups'],
}
const OFF = { enabled: false }
const HOUR_SECONDS = 3600

/** What the provider is to be. All that it would otherwise take from its own development defaults, and say so, is named here. */
export function configure(want: { clients: Client[]; keys: JWK[]; cookieKey: string; memory: AdapterFactory }): Configuration {
  const policy = interactionPolicy.base()
  policy.remove('consent') // the enterprise's own applications: nobody is asked
  return {
    adapter: want.memory,
    clients: want.clients.map((client) => ({ ...client, require_auth_time: true, id_token_signed_response_alg: 'RS256' })),
    jwks: { keys: want.keys },
    enabledJWA: { idTokenSigningAlgValues: ['RS256'] },
    cookies: { keys: [want.cookieKey] },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    pkce: { required: () => true },
    responseTypes: ['code'],
    allowOmittingSingleRegisteredRedirectUri: false,
    scopes: Object.keys(CLAIMS),
    claims: CLAIMS,
    conformIdTokenClaims: false, // the claims are in the ID token, not only at the userinfo endpoint
    findAccount: (_, sub) => {
      const employee = findEmployee(sub)
      return employee && { accountId: sub, claims: () => ({ ...employee }) }
    },
    interactions: { policy },
    loadExistingGrant: grantAsked,
    clientBasedCORS: () => false,
    renderError: (ctx, { error, error_description }) => show(ctx, pages.refused(error_description ?? error)),
    features: {
      devInteractions: OFF,
      dPoP: OFF,
      pushedAuthorizationRequests: OFF,
      resourceIndicators: OFF,
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => show(ctx, pages.signOut(form, findEmployee(ctx.oidc.session?.accountId))),
        postLogoutSuccessSource: (ctx) => show(ctx, pages.signedOut()),
      },
    },
    ttl: {
      ...{ AuthorizationCode: 60, AccessToken: HOUR_SECONDS, IdToken: HOUR_SECONDS, Interaction: HOUR_SECONDS },
      ...{ Session: 12 * HOUR_SECONDS, Grant: 12 * HOUR_SECONDS },
    },
  }
}

/** Grants what is asked for, as a consent page would where there is somebody to ask. */
async function grantAsked(ctx: KoaContextWithOIDC) {
  const { provider, client, session, params } = ctx.oidc
  if (!client || !session?.accountId) return undefined
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
  grant.addOIDCScope(String(params?.scope ?? 'openid'))
  await grant.save()
  return grant
}

function show(ctx: KoaContextWithOIDC, page: string): void {
  ctx.type = 'html'
  ctx.body = page
}
