import type { Party } from './requirements.ts'

const COMMON = `# How agentpass-conformance reaches the peer that it judges. \${NAME} is a variable of the environment: secrets come from there.
# Try it: agentpass-conformance doctor PARTY FILE says which hop does not work yet, and which cases are skipped because something is not named here.

# What is asked of the peer. core-0.1: the published draft. hardened: its later revisions too.
profile: core-0.1

# The suite's own parties. Its hosts and the domains of its users end in zone; it makes names as it goes.
suite:
  zone: agentpass-suite.test
  # Where the suite listens, and the address at which the peer reaches it (from a container, say, the host's).
  listen: 127.0.0.1
  address: 127.0.0.1
  # Point the peer's resolver to this port: the suite answers for its zone, and for nothing else.
  dns_port: 5300
  https_port: 8843
  # Have the peer trust the certificate, and allow it to call that address, a private one, and no other such.
  ca: { cert: suite-ca.pem, key: suite-ca.key }
  # static: the peer cannot be pointed at the suite's DNS server, and knows service-1, service-2, service-3 (for an Authority or a Harness), or
  # enterprise, federated, federated-2 and own (for a Service) under the zone by its own settings. What needs DNS is skipped then.
  #names: static

# How the suite reaches the peer.
reach:
  # What its certificate is checked against, beside the usual roots.
  #ca_file: peer-ca.pem
  # Addresses of host names that no DNS knows.
  hosts: {}
  # Plain http to a loopback address in place of an https origin, for a peer whose TLS ends at a proxy. Needs --insecure-loopback.
  #plain: { "https://peer.example": "http://127.0.0.1:8080" }
`

const authority = `${COMMON}
authority:
  configuration_url: https://authority.example/.well-known/agentpass-authority

  # An e-mail domain that it serves, and one that it does not.
  users_domain: users.agentpass-suite.test
  #foreign_domain: elsewhere.agentpass-suite.test

  # Whether it pins https://vendor.agentpass-suite.test:8843 as an issuer of Harness attestations, with its key set at /jwks.json there.
  #pins_vendor: true

  # How somebody decides: a command, or HTTP calls one after the other. {id} is the request, {scopes} a list, {authorization_id} and {reason} where there are such.
  # take names what a later call may use of a JSON answer. In a command they are also variables: AGENTPASS_ID, AGENTPASS_SCOPES, …
  decisions:
    approve:
      - { method: GET, url: "http://127.0.0.1:9443/requests/{id}", headers: { authorization: "Bearer \${ADMIN_TOKEN}" }, take: { digest: digest } }
      - method: POST
        url: "http://127.0.0.1:9443/requests/{id}/approve"
        headers: { authorization: "Bearer \${ADMIN_TOKEN}" }
        json: { digest: "{digest}", scope: "{scopes}" }
    #deny: { command: [./decide.sh, deny, "{id}"] }
    #cancel: { command: [./decide.sh, cancel, "{id}"] }
    #revoke: { command: [./decide.sh, revoke, "{id}", "{authorization_id}"] }
    #narrow: { command: [./decide.sh, narrow, "{id}", "{scopes}"] }

  # Where nobody decides: words in a task's description upon which policy approves, or denies, at once.
  #markers: { approve: "[suite: approve]", deny: "[suite: deny]" }

  # In seconds. Only what ends within half a minute is waited for.
  lifetimes: { decision_seconds: 900, pass_seconds: 120, authorization_seconds: 3600 }

  # Another instance of it: the same URL, at another address.
  #second: 127.0.0.1:8444

  # Doors that decide or revoke: to be tried without credentials.
  #decision_doors: [{ method: POST, url: "http://127.0.0.1:9443/requests/{id}/approve", json: {} }]

  # Files that it logs to: no secret may be in them.
  #logs: [/var/log/authority.log]

  # The same Authority with other settings. Each has members like those above: configuration_url, decisions, lifetimes, second, restart.
  #variants:
  #  short: { configuration_url: …, decisions: …, lifetimes: { decision_seconds: 3, pass_seconds: 3, authorization_seconds: 4 } }
  #  demanding: { configuration_url: … }   # serves attested Harnesses alone
  #  limited: { configuration_url: … }     # a few requests and polls, then 429
  #  automatic: { configuration_url: … }   # policy approves at once
  #  durable: { configuration_url: …, decisions: …, restart: { command: ./kill-and-start.sh } }
`

const service = `${COMMON}
service:
  configuration_url: https://service.example/.well-known/agentpass-service

  # It trusts these federated Authorities, and has no Authority of its own (a pin is an identifier and a document):
  #   https://federated.agentpass-suite.test:8843     …/.well-known/agentpass-authority
  #   https://federated-2.agentpass-suite.test:8843   …/.well-known/agentpass-authority

  # Two accounts of a domain under the zone: one holds every scope, one all but the scope that is lacked.
  users:
    all: ada@people.agentpass-suite.test
    lacking: bob@people.agentpass-suite.test
    # Domains in which everybody is an account that holds every scope: one for each case that changes what DNS says.
    #domains: [people-1.agentpass-suite.test, people-2.agentpass-suite.test]

  scopes: { all: [things:read, things:write, things:admin], lacked: things:admin }

  # Something that is done with each scope, and refused without it.
  protected:
    things:read: https://service.example/api/things
    things:write: { method: POST, url: https://service.example/api/things, json: { name: suite } }
    things:admin: { method: DELETE, url: https://service.example/api/things/0 }

  # A page of a browser session that says who acts (user and agent are in its text), and one at which a session may begin.
  whoami: https://service.example/me
  destination: https://service.example/things

  # For how long an answer of authorization_check is believed, and how long a one-time link lives, in seconds.
  check_seconds: 5
  initialization_seconds: 60

  # What ends a browser session from within.
  #end_session: { method: POST, url: https://service.example/logout }

  # Another instance of it: the same URL, at another address.
  #second: 127.0.0.1:8544

  # Files that it logs to: no secret may be in them.
  #logs: [/var/log/service.log]

  # The same Service with other settings; its pages are at the same paths. own is https://own.agentpass-suite.test:8843.
  #variants:
  #  own_accepted: { configuration_url: … }    # own is its Service Authority, taken where allowed
  #  own_preferred: { configuration_url: … }   # … and answered first
  #  own_required: { configuration_url: … }    # … and the only one
  #  both: { configuration_url: … }            # offers own and the federated ones where a domain has no record
  #  closed: { configuration_url: … }          # trusts nobody but enterprises
  #  limited: { configuration_url: … }         # a few resolutions, then 429
  #  short: { configuration_url: …, initialization_seconds: 5 }
  #  durable: { configuration_url: …, restart: { command: ./kill-and-start.sh } }
`

const harness = `${COMMON}
harness:
  # Gets a bearer token for {service}, {user} and {task}, calls {url} with it, prints JSON, and ends with 0 when all of that went well, otherwise
  # with another code and a message. The suite's Authority approves by itself.
  bearer: [my-agent, call, "{url}", --service, "{service}", --user, "{user}", --task, "{task}"]

  # Gets a browser session and begins it, exactly once.
  #browser: [my-agent, browser, --service, "{service}", --user, "{user}", --task, "{task}"]

  # What is added for a wish.
  #options: { scope: [--scope, "{scope}"], authority: [--authority, "{authority}"], destination: [--destination, "{destination}"] }

  # {scratch} is a new empty folder for each run: no run may find what another has left.
  env: { MY_AGENT_DNS: "127.0.0.1:5300", MY_AGENT_CA: suite-ca.pem, HOME: "{scratch}" }

  # How long a run may take before it is ended.
  deadline_seconds: 60
`

/** An adapter as \`init\` writes it: every member explained. */
export const adapterText: Record<Party, string> = { authority, service, harness }
