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

# Which harnesses may ask. attested: an issuer or provider below vouches for the harness and its key. registered: its key was registered with
# agentpass-authority harness add. unverified: everybody else.
# The lowest tier served; requests of others are refused, trust_tier_required, before any service is asked.
#minimum_tier: unverified

# The same for one service. Of the two the stricter counts: { service: https://payroll.example, minimum_tier: attested }
#minimum_tier_at: []

# The issuers whose attestations of harnesses count, as "iss" says it, byte for byte; each with its public keys, or the URL of its key set:
# { issuer: https://vendor.example, jwks_uri: https://vendor.example/jwks.json }
# { issuer: https://other.example, keys: [{ kty: EC, crv: P-256, x: …, y: … }] }
# workloads: identity providers of CI runners, clusters and SPIFFE, pinned in the same way, by "iss" or, where tokens have none, by their trust domain. subjects:
# which of their workloads count, each whole, or its beginning up to a / or : with * after it. name: what approvers read before the issuer.
# max_age_seconds: how long after it was issued a token counts.
# { issuer: https://token.actions.githubusercontent.com, jwks_uri: https://token.actions.githubusercontent.com/.well-known/jwks, subjects: ["repo:acme/desk:ref:refs/heads/main"] }
# What any other issuer or workload says is refused, and nothing is fetched for it.
#attestation:
#  issuers: []
#  workloads: []

# Who decides. The rules are asked in order, then the default: approve, deny, or ask (a person decides).
# A rule is about one service (or any), users (an address, @domain, or any) and scopes (all that the service offers, when absent):
# { service: https://desk.example, user: "@acme.example", scopes: [tickets:read], decision: approve }
# deny with scopes takes them off the offer and goes on to the next rule; without scopes it ends the matter.
# approve and ask end it where anything they name is offered, and grant or offer no more than that.
# file: a file of Cedar policies beside this one, which then decides alone; it is read again when it changes. agentpass-authority policy --help
# time_zone: in which policies are told the time. remember_days: for how long people may have an approval remembered, at most; 0 for not at all.
#policy:
#  default: ask
#  rules: []
#  # file: policy.cedar
#  time_zone: UTC
#  remember_days: 0

# The pages on which people decide. They sign in with an OpenID provider, where this authority is a client with the redirect URI
# AUTHORITY/console/callback and the post-logout redirect URI AUTHORITY/console/signed-out. Whoever signs in decides what is asked for their own address.
# console:
#   sign_in:
#     issuer: https://login.acme.example
#     client_id: agentpass
#     client_secret: { file: secrets/oidc.secret }    # left out for a public client
#     scopes: [openid, email, profile]
#     claims: { email: email, name: name, groups: groups }
#     require_verified_email: true
#   # Roles beside that, for people (an address or @domain) or for groups of the provider. approver: decides for users, by address or by the groups they had
#   # when they last signed in here, and at services; what is left out is any. auditor: sees all. admin: sees and ends all, registers harness keys; decides nothing.
#   roles:
#     - { role: approver, groups: [desk-leads], for: { groups: [support], services: [https://desk.example] } }
#     - { role: auditor, groups: [security] }
#     - { role: admin, people: [ida@acme.example] }
#   sessions: { idle_minutes: 30, absolute_hours: 10 }
#   # What approving these scopes asks of the approver: recent_sign_in, of the last recent_minutes, or passkey. At one service, or at all.
#   step_up:
#     recent_minutes: 5
#     rules:
#       - { service: https://desk.example, scopes: [tickets:admin], require: passkey }
#   # Whose requests are approved only with the two digits that the harness shows: off, unverified (those nobody vouches for), always.
#   # Unless named: unverified in the profile hardened, off in core-0.1, where a harness may know nothing of it.
#   number_matching: off

# Who is told of requests that wait, and of what became of them. Without it nobody is. After a change: agentpass-authority notify test --email ADDRESS
# email needs the console above, where its links lead: users are told of requests in their name, and approvers (people named by their whole address, and
# members of groups, as of their last sign-in here) of those they may decide. smtp.tls: starttls, implicit, or off for a server on this computer alone.
# webhooks: shape generic is a signed message for a program of yours (Standard Webhooks), slack one for a channel, whose URL is itself a secret.
# notifications:
#   email:
#     from: agentpass@acme.example
#     smtp: { host: mail.acme.example, port: 587, tls: starttls, user: agentpass, password: { file: secrets/smtp.password } }
#     # ca_file in smtp: a certificate authority, PEM, to trust there beside the usual ones.
#     # Whether users are told what people have decided about the requests in their name.
#     outcomes: true
#   webhooks:
#     - { name: security-channel, shape: slack, url: { file: secrets/slack.url }, on: [requested, denied, revoked] }
#     - { name: ticket-system, shape: generic, url: https://hooks.acme.example/agentpass, secret: { file: secrets/webhook.secret } }
#   # Whoever was asked is reminded once, so many seconds after the request: half of decision_seconds unless named, never with off.
#   remind_after_seconds: 450

# In seconds: how long a request waits for its decision, a pass for its redemption, and how long an authorization lives after that.
#lifetimes:
#  decision_seconds: 900
#  pass_seconds: 120
#  authorization_seconds: 3600

# Issuance requests a minute from one address, and polls a second of one request; more are answered 429.
# So is a request that would be one too many to wait for a decision: of its user, or of its harness (its holder key, or without one its id).
# streams: of events by which harnesses watch their requests, open at once: of this instance, and from one address. Without one, a harness polls.
#limits:
#  issuances_per_minute: 300
#  polls_per_second: 5
#  pending_per_user: 20
#  pending_per_harness: 100
#  streams: 1000
#  streams_per_address: 50

# How long ended requests are kept for people to look at. The audit trail is kept for ever.
#keep_requests_days: 90
${commonSettingsText('authority', common)}`
