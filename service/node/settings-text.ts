import { type CommonSettings, commonSettingsText, settingsHead, yamlValue } from '../../spec/node/settings-text.ts'

/** A Service's settings file as `init` writes it: every member explained, every default shown commented out. */
export const serviceSettingsText = (
  service: string,
  upstream: string,
  common: CommonSettings,
): string => `${settingsHead('an AgentPass Service', 'agentpass-service')}
# The Service origin: where agents reach this gateway from outside.
service: ${yamlValue(service)}

# What approvers are shown as this service's name, beside its origin.
# name: The ticket desk

# The app behind the gateway. It is told who acts by the header agentpass-identity, a JWT that it verifies with this service's key set.
# audience: desk  what the app expects as aud of that JWT; without it, the origin of url
upstream:
  url: ${yamlValue(upstream)}

# Whether authorities may push what they end or narrow, so that it counts here at once. false: no address for it is published, and check_seconds is how long it takes.
#security_events: true

# The scopes an agent can be granted here, and the methods and paths of the app that each opens: * is one segment, a last ** the rest.
# What no scope opens, no agent reaches. Replace this first one by what your app's users would call things.
scopes:
  - name: app:read
    description: Read what the user may read
    allows: [GET /**]

# Who holds which scopes here; the first pattern that matches counts. Without it, every user holds all of them and the app has the last word.
# users: [{ user: ada@acme.example, scopes: [app:read] }, { user: "@acme.example", scopes: [] }]

# Whose passes are taken, beside those of the enterprise authority that a user's own e-mail domain names in DNS.
# federated: authorities for users whose domain names none, each { authority: URL, authority_configuration_url: URL }
# service_authority: this service's own authority, written in the same way
# own: whether that one is taken where allowed (accept), answered first (prefer), or the only one (require)
# offer_both: whether users whose domain names no authority are offered both kinds
#trust:
#  federated: []
#  own: accept
#  offer_both: false

# In seconds: how long a credential lives at most, for how long "still authorized" is believed (0 to 30) before the authority is asked again,
# and how long the one-time link of a browser session can be used (5 to 60).
#lifetimes:
#  credential_seconds: 3600
#  check_seconds: 5
#  initialization_seconds: 60

# Browser sessions: where one starts when no destination was approved; to which origins beside this one a browser may be sent;
# and which acts of the app sign out, such as POST /logout: they end the agent's task, and no scope is needed for them.
#browser:
#  start: /
#  destinations: []
#  sign_out: []

# Requests a minute from one address; more are answered 429. Scope requests and security events come from authorities, which speak for many users.
# Tokens that harnesses give back, their task being done, and security events that are refused, are counted like redemptions and apart from them.
#limits:
#  resolutions_per_minute: 300
#  scope_requests_per_minute: 600
#  redemptions_per_minute: 300
#  security_events_per_minute: 6000
${commonSettingsText('service', common)}`
