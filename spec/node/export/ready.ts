import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { messageOf } from '../operator-error.ts'
import { pathBeside, readSecret, unusable } from '../settings.ts'
import { isWebhookSecret, WEBHOOK_SECRET } from '../webhook.ts'
import type { ExportSettings } from './settings.ts'
import type { SyslogTarget } from './syslog-connection.ts'

type Common = Pick<ExportSettings[number], 'name' | 'from' | 'omit' | 'pseudonymize'>
type Syslog = Extract<ExportSettings[number], { to: 'syslog' }>
/** An exporter of the settings, with all that they name read. */
export type ReadyExporter = Common & (({ to: 'syslog' } & SyslogTarget) | { to: 'file'; path: string } | { to: 'https'; url: string; secret: string })

/** Reads what the exporters of the settings name: certificates and secrets. Throws SettingsError for one that is not whole, and for two that write to one file. */
export function readExporters(settingsFile: string, exporters: ExportSettings): ReadyExporter[] {
  const ready = exporters.map((exporter) => readExporter(settingsFile, exporter))
  requireOwnFiles(settingsFile, ready)
  return ready
}

/** However their paths are spelt. */
function requireOwnFiles(settingsFile: string, exporters: ReadyExporter[]): void {
  const writers = new Map<string, string>()
  for (const exporter of exporters) {
    if (exporter.to !== 'file') continue
    const other = writers.get(exporter.path)
    if (other !== undefined)
      throw unusable(settingsFile, `exports ${other} and ${exporter.name} write to one file, ${exporter.path}`, {
        hint: 'give each a file of its own',
      })
    writers.set(exporter.path, exporter.name)
  }
}

function readExporter(settingsFile: string, exporter: ExportSettings[number]): ReadyExporter {
  switch (exporter.to) {
    case 'file':
      return { ...exporter, path: pathBeside(settingsFile, exporter.path) }
    case 'syslog':
      return { ...exporter, tls: exporter.tls === 'off' ? undefined : readTls(settingsFile, exporter.name, exporter.tls) }
    case 'https':
      return { ...exporter, secret: readWebhookSecret(settingsFile, exporter) }
  }
}

function readTls(
  settingsFile: string,
  name: string,
  { ca_file, cert_file, key_file, server_name }: Exclude<Syslog['tls'], 'off'>,
): SyslogTarget['tls'] {
  const [ca, cert, key] = [ca_file, cert_file, key_file].map((file) => (file === undefined ? undefined : readSecret(settingsFile, { file })))
  try {
    if (ca !== undefined) new X509Certificate(ca) // createSecureContext passes over what is no certificate
    createSecureContext({ ca, cert, key })
  } catch (cause) {
    throw unusable(settingsFile, `the files of export ${name} are no certificates, or no certificate and its key: ${messageOf(cause)}`, {
      cause,
      hint: 'ca_file, cert_file and key_file are PEM and whole, and the last two of one pair',
    })
  }
  return { ca, cert, key, serverName: server_name }
}

/** As Standard Webhooks has it: `whsec_`, and in base64 what is too long to be guessed. */
function readWebhookSecret(settingsFile: string, { name, secret: place }: Extract<ExportSettings[number], { to: 'https' }>): string {
  const secret = readSecret(settingsFile, place)
  if (isWebhookSecret(secret)) return secret
  throw unusable(settingsFile, `the secret of export ${name} is not ${WEBHOOK_SECRET}`, {
    hint: 'restore it, or make one that the receiver gets too: echo "whsec_$(openssl rand -base64 32)"',
  })
}
