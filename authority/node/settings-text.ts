import { type CommonSettings, commonSettingsText, settingsHead, yamlValue } from '../../spec/node/settings-text.ts'

/** An Authority's settings file as `init` writes it: every member explained, every default shown commented out. */
export const authoritySettingsText = (
  authority: string,
  domains: string[],
  common: CommonSettings,
): string => `${settingsHead('an AgentPass Authority', 'agentpass-authority')}
# The authority identifier, an https URL. Its origin is where harnesses and services reach the protocol door from outside.
authority: ${yamlValue(authority)}

# enterprise: found in the DNS of its e-mail domains. federated, service: named in the settings of the services that trust it.
#trust_mode: enterprise

# The e-mail domains whose users it decides for, in lower-case ASCII form. An enterprise authority must name them; others may leave them out and serve any.
domains:
${domains.map((domain) => `  - ${yamlValue(domain)}`).join('\n')}

# Whether a service may take its own authority for these users instead. Published; read for an enterprise authority only.
#allow_service_authorities: true

# The lowest trust tier of a harness that may ask at all: unverified, registered or attested; others are refused trust_tier_required.
# Every harness is unverified as yet, because no attestation issuer can be pinned and no key registered: registered and attested refuse all requests.
#minimum_tier: unverified

# Who decides. The rules are asked in order, then the default: approve, deny, or ask (a person decides).
# A rule is about one service (or any), users (an address, @domain, or any) and scopes (all that the service offers, when absent):
# { service: https://desk.example, user: "@acme.example", scopes: [tickets:read], decision: approve }
# deny with scopes takes them off the offer and goes on to the next rule; without scopes it ends the matter.
# approve and ask end it where anything they name is offered, and grant or offer no more than that.
#policy:
#  default: ask
#  rules: []

# In seconds: how long a request waits for its decision, a pass for its redemption, and how long an authorization lives after that.
#lifetimes:
#  decision_seconds: 900
#  pass_seconds: 120
#  authorization_seconds: 3600

# Issuance requests a minute from one address, and polls a second of one request; more are answered 429.
#limits:
#  issuances_per_minute: 300
#  polls_per_second: 5

# How long ended requests are kept for people to look at. The audit trail is kept for ever.
#keep_requests_days: 90
${commonSettingsText('authority', common)}`
