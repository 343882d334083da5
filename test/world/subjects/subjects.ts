import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { createCertificateAuthority } from '../ca.ts'
import { startNames } from '../names.ts'
import type { Ground } from '../premises.ts'
import { startAuthorities } from './authorities.ts'
import { createDatabases } from './databases.ts'
import { describeHarness } from './harness.ts'
import { startServices } from './services.ts'
import type { Suite } from './suite.ts'

export type SubjectsOptions = { folder: string; suite: Suite; stops: Ground['stops']; database?: string | undefined }

/** Starts our parties for a conformance suite to judge, as it would anybody's: they ask its DNS server and trust its certificates, and the adapter that is given says the rest. */
export async function startSubjects({ folder, suite, stops, database }: SubjectsOptions) {
  const names = await startNames()
  stops.push(names.stop)
  const ca = await createCertificateAuthority()
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, ca.pem)
  const logFile = join(folder, 'parties.log')
  const databases = database === undefined ? undefined : createDatabases(database)
  if (databases) stops.push(databases.dropAll)
  const ground: Ground = {
    ...{ folder, ca, caFile, names, stops, logLevel: 'info', onHop: () => {}, onAsk: undefined },
    onLog: (line) => appendFileSync(logFile, line),
    peers: { dns_servers: [`${suite.address}:${suite.dns_port}`], ca_file: suite.ca_file },
    ...(databases && { newDatabase: databases.next }),
  }
  const harnessFile = join(folder, 'harness.yaml')
  writeFileSync(harnessFile, stringify({ profile: suite.profile, harness_id: 'world-harness' }))
  const judges = (party: Suite['parties'][number]) => suite.parties.includes(party)
  const authority = judges('authority') ? await startAuthorities(ground, suite, logFile) : undefined
  const service = judges('service') ? await startServices(ground, suite, logFile) : undefined
  const hosts = [authority, service]
    .flatMap((party) => (party ? [party, ...Object.values(party.variants)] : []))
    .map(({ configuration_url: url }) => new URL(url).hostname)
  return {
    profile: suite.profile,
    suite: { zone: suite.zone },
    reach: { ca_file: caFile, hosts: Object.fromEntries(hosts.map((host) => [host, '127.0.0.1'])) },
    ...(authority && { authority }),
    ...(service && { service }),
    ...(judges('harness') && { harness: describeHarness(suite, harnessFile) }),
  }
}
