import { stringify } from 'yaml'
import { ADMIN_TOKEN_FILE, DATABASE_URL_FILE, MASTER_KEY_FILE } from './init.ts'

/** Where a door is to listen. */
export type Address = { host: string; port: number }
export type CommonSettings = {
  listen: Address
  managementListen: Address
  tls?: { cert: string; key: string } | undefined
  /** The state is in PostgreSQL, and not in a SQLite file. */
  onServer?: boolean
}

/** A value as YAML on one line, quoted where it must be. */
export const yamlValue = (value: string): string => stringify(value, { lineWidth: 0 }).trim()

/** How a settings file that `init` writes begins. */
export const settingsHead = (what: string, command: string): string => `# Settings of ${what}, written by ${command} init.
# "#name: value", without a space after the "#", is a setting at its default: take the "#" away to change it.
# Paths are relative to this file. After a change: ${command} check-config, then start the server again.
`

/** The part of a settings file that all server parties have, with every member explained and every default shown. */
export const commonSettingsText = (name: string, { listen, managementListen, tls, onServer }: CommonSettings): string => `
# core-0.1 works with every conforming peer; hardened demands the elements of the hardening revision of peers too.
#profile: core-0.1

# Where the protocol door listens. Without tls it is plain HTTP: for loopback, or behind a proxy that ends TLS.
# For TLS here: tls: { cert_file: ./tls/cert.pem, key_file: ./tls/key.pem }
listen:
  host: ${yamlValue(listen.host)}
  port: ${listen.port}
${tls ? `  tls:\n    cert_file: ${yamlValue(tls.cert)}\n    key_file: ${yamlValue(tls.key)}\n` : ''}
# The management door: health, readiness, metrics, and whatever needs the admin token. Never let the world reach it. It may have a tls of its own.
# A secret is in a file, or in a variable of the environment: { env: NAME }
management:
  listen:
    host: ${yamlValue(managementListen.host)}
    port: ${managementListen.port}
  admin_token:
    file: ./${ADMIN_TOKEN_FILE}

# The database: a SQLite file, which serves one running instance, or PostgreSQL, which serves several: { file: PATH } or { env: NAME } then holds its URL,
# postgres://USER:PASSWORD@HOST:5432/NAME?sslmode=verify-full; a URL without a password may stand here itself.
database: ${onServer ? `{ file: ./${DATABASE_URL_FILE} }` : `./${name}.db`}

# The master keys: the first seals and derives, the others are of before a rotation and only open what they sealed. Lost, nothing replaces one.
master_keys:
  - file: ./${MASTER_KEY_FILE}

# How peers are reached.
# dns_servers: [192.0.2.53, "[2001:db8::53]:53"]  asked instead of the system's, for addresses too
# dnssec: off | validating_resolver (these servers, and the way to them, may vouch for DNSSEC) | required (unauthenticated answers are failures)
# allow_private: [10.1.0.0/16]  private networks that may be contacted; all others are refused
# ca_file: ./ca.pem  a certificate authority to trust beside the usual ones
#network:
#  dnssec: off
#  allow_private: []

# The header in which a trusted proxy says who calls, for rate limits. Without it, the socket's address counts. Only name one that your proxy always sets.
# client_address_header: x-forwarded-for

# Where the audit trail is handed over to, beside being kept: each exporter a name of its own, under which its place in the trail is kept.
# { name: siem, to: syslog, host: siem.acme.example, port: 6514, tls: { ca_file: ./siem-ca.pem } }   tls also: cert_file with key_file, server_name; tls: off is plain TCP
# { name: lake, to: https, url: https://lake.acme.example/agentpass, secret: { file: secrets/lake.secret } }   OCSF, signed by Standard Webhooks: whsec_…
# { name: lines, to: file, path: ./audit.jsonl }   JSON Lines
# from: beginning (all that was ever audited) | now, for an exporter that is new. omit: [address, reason]  members of events that are left out.
# pseudonymize: [user, by]  members that are replaced, the same value always by the same pseudonym
#export: []

# What is logged on stderr: debug, info, warn, error or silent. The audit trail is apart from it and always complete.
#log_level: info
`
