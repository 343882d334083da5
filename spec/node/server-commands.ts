import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseUrl } from '../origin.ts'
import { checkConfig } from './check-config.ts'
import { configOption, jsonOption, withExample } from './cli.ts'
import { isPostgres } from './database.ts'
import { AUDIT_FORMATS, type AuditExportOptions, auditExport } from './export/command.ts'
import { listKeys, rotateKeys } from './keys-commands.ts'
import { OperatorError } from './operator-error.ts'
import { serveParty } from './serve-party.ts'
import type { ServerParty } from './server-party.ts'
import { type ServerSettings, systemNow } from './settings.ts'
import type { Address, CommonSettings } from './settings-text.ts'
import { readSince } from './since.ts'
import { auditVerify, migrateParty } from './upkeep.ts'

/** `--config` of a party: `./authority.yaml`, or what `AGENTPASS_AUTHORITY_CONFIG` says. */
export const partyConfigOption = (party: { name: string }): Option =>
  configOption(`./${party.name}.yaml`, `AGENTPASS_${party.name.toUpperCase()}_CONFIG`)

/** The commands that every server party has, but for `init`. */
export function addServerCommands<S extends ServerSettings>(program: Command, party: ServerParty<S>): void {
  const add = (parent: Command, name: string, about: string, act: (party: ServerParty<S>, file: string, o: { json?: boolean }) => Promise<void>) =>
    parent
      .command(name)
      .description(about)
      .addOption(partyConfigOption(party))
      .addOption(jsonOption())
      .action((o: { config: string; json?: boolean }) => act(party, o.config, o))
  const example = (command: Command, ...lines: string[]) => withExample(command, ...lines.map((line) => `${party.command} ${line}`))
  example(
    add(program, 'check-config', 'say whether the settings, the secrets and the database are fine, changing nothing', checkConfig),
    'check-config',
  )
  example(add(program, 'serve', 'open the doors and serve until SIGTERM', serveParty), `serve --config /etc/agentpass/${party.name}.yaml`)
  example(add(program, 'migrate', 'bring the database schema up to date; serve does so too', migrateParty), 'migrate')
  const audit = example(program.command('audit').description('the audit trail'), 'audit verify', 'audit export --since 7d --format csv')
  addAuditExport(audit, party)
  example(add(audit, 'verify', 'verify the whole audit trail: its numbers, hashes and signed heads', auditVerify), 'audit verify --json')
  const keys = example(program.command('keys').description('the signing keys'), 'keys list', 'keys rotate')
  example(add(keys, 'list', 'list the newest 50: which one signs, which are published, and until when', listKeys), 'keys list --json')
  const rotate = add(keys, 'rotate', 'make the next signing key: published first, so that peers know it when it signs', rotateKeys)
    .option('--now', 'for a key that somebody else may have: the new one signs at once, and no other stays published')
    .option('--yes', 'do not ask')
  example(rotate, 'keys rotate', 'keys rotate --now')
}

function addAuditExport<S extends ServerSettings>(audit: Command, party: ServerParty<S>): void {
  const when = (text: string) => readSince(text, systemNow())
  const command = audit
    .command('export')
    .description('write the audit trail, or a part of it, on stdout or to a file')
    .addOption(partyConfigOption(party))
    .addOption(new Option('--format <format>', 'ocsf is a line of JSON for each event').choices(AUDIT_FORMATS).makeOptionMandatory())
    .addOption(
      new Option('--since <when>', 'from then on: 7d, 12h, a day such as 2026-11-01 (UTC), or a time such as 2026-11-01T09:30:00Z').argParser(when),
    )
    .addOption(new Option('--until <when>', 'before then, in the same forms').argParser(when))
    .option('--output <file>', 'a new file, which its owner alone can read')
    .action(({ config, ...o }: AuditExportOptions & { config: string }) => auditExport(party, config, o))
  withExample(
    command,
    `${party.command} audit export --since 7d --format csv --output audit.csv`,
    `${party.command} audit export --format jsonl | jq .event`,
  )
}

/** What `init` of every server party is told. */
export type InitOptions = {
  dir: string
  listen: Address
  managementListen: Address
  tlsCert?: string
  tlsKey?: string
  database?: string
  json?: boolean
}

/** The `init` command, to which a party adds its own options and what it does. */
export function addInitCommand(program: Command, ports: { listen: string; management: string }): Command {
  return program
    .command('init')
    .description('write settings, secrets and a database with a signing key; nothing that exists is replaced')
    .option('--dir <folder>', 'where to write', '.')
    .addOption(new Option('--listen <host:port>', 'the protocol door').argParser(readAddress).default(readAddress(ports.listen), ports.listen))
    .addOption(
      new Option('--management-listen <host:port>', 'the management door')
        .argParser(readAddress)
        .default(readAddress(ports.management), ports.management),
    )
    .option('--tls-cert <file>', 'PEM certificate of the protocol door; without it, plain HTTP')
    .option('--tls-key <file>', 'PEM key of that certificate')
    .addOption(
      new Option(
        '--database <url>',
        'a PostgreSQL database, empty, for this party alone; without it, a SQLite file. In the variable no other user sees its password',
      )
        .env('AGENTPASS_DATABASE_URL')
        .argParser(readDatabaseUrl),
    )
    .addOption(jsonOption())
}

/** What `init` was told, for the settings file. Throws OperatorError when one of certificate and key is missing. */
export function commonSettings({ listen, managementListen, tlsCert, tlsKey, database }: InitOptions): CommonSettings {
  const common = { listen, managementListen, onServer: database !== undefined }
  if (tlsCert === undefined && tlsKey === undefined) return common
  if (tlsCert === undefined || tlsKey === undefined)
    throw new OperatorError('--tls-cert and --tls-key go together', { exitCode: 2, hint: 'name both, or neither' })
  return { ...common, tls: { cert: resolve(tlsCert), key: resolve(tlsKey) } }
}

function readDatabaseUrl(text: string): string {
  if (!isPostgres(text) || !parseUrl(text))
    throw new InvalidArgumentError('it is a URL such as postgres://agentpass:PASSWORD@db.example:5432/authority')
  return text
}

function readAddress(text: string): Address {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/i.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined || Number(port) > 65_535) throw new InvalidArgumentError('it is a host and a port, such as 127.0.0.1:8443 or [::1]:8443')
  return { host, port: Number(port) }
}
