import { systemRandom } from '../../spec/node/settings.ts'
import type { AuthorityParty } from './authority.ts'
import type { Ground } from './premises.ts'
import type { Provider } from './provider.ts'

const PROVIDER_HOST = 'login.acme.localhost'
const CLIENT_ID = 'agentpass-authority'

/** What the enterprise's groups may do. */
const ROLES = [
  { role: 'approver', groups: ['desk-leads'], for: { groups: ['support'] } },
  { role: 'approver', groups: ['finance-leads'], for: { groups: ['finance'] } },
  { role: 'auditor', groups: ['security'] },
  { role: 'admin', groups: ['it'] },
]

/** What an Authority takes to have a console: settings and the secret they name, and then its place among the provider's clients. */
export type ConsolePlan = {
  provider: Provider
  settings: { console: object; attestation: object }
  secrets: Record<string, string>
  register: (authority: AuthorityParty) => void
}

/** Starts the enterprise's identity provider, and plans the console of its Authority. `own` are members of the `console` settings, instead of the world's. */
export async function planConsole(ground: Ground, own: object = {}): Promise<ConsolePlan> {
  const { startProvider } = await import('./provider.ts') // it takes a second to load, which only a world with a console spends
  const provider = await startProvider(ground, { host: PROVIDER_HOST })
  const secret = systemRandom(32)
  const signIn = { issuer: provider.issuer, client_id: CLIENT_ID, client_secret: { file: 'secrets/oidc.secret' } }
  return {
    provider,
    settings: { console: { sign_in: signIn, roles: ROLES, ...own }, attestation: { workloads: [workloadsOf(provider)] } },
    secrets: { 'oidc.secret': secret },
    register: (authority) =>
      provider.addClient({
        client_id: CLIENT_ID,
        client_secret: secret,
        client_name: 'AgentPass at Acme',
        redirect_uris: [`${consoleUrl(authority)}/callback`],
        post_logout_redirect_uris: [`${consoleUrl(authority)}/signed-out`],
      }),
  }
}

/** The provider vouches for the enterprise's CI jobs too. */
const workloadsOf = ({ issuer }: Provider) => ({ issuer, jwks_uri: `${issuer}/jwks`, name: 'Acme CI', subjects: ['repo:acme/*'] })

/** Where people decide, where the Authority has a console. */
export const consoleUrl = ({ identifier }: Pick<AuthorityParty, 'identifier'>): string => `${identifier}/console`
