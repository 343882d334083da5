/** An Authority as it is deployed: a process of its own, on the database of this run of the tests. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import type { AuthorityTables } from '../authority/store/schema.ts'
import { openDatabase } from '../spec/node/open-database.ts'
import { openDoor } from '../spec/node/serve.ts'
import { systemNow, systemRandom } from '../spec/node/settings.ts'
import { IssuanceStatus } from '../spec/wire/issuance.ts'
import { message } from './authority-rig.ts'
import { type Initialised, init, initialised, type Served, serve } from './cli-fixture.ts'
import { freshDatabase, onPostgres } from './databases.ts'
import { fakeService } from './fake-service.ts'
import { createCertificateAuthority } from './world/ca.ts'
import { startNames } from './world/names.ts'

const HOST = 'desk.localhost'

/** A Service on real DNS and TLS, and the settings of an Authority that reaches it, approves all it is asked for, and has not started yet. */
export async function servedAuthority(database?: string) {
  const names = await startNames()
  onTestFinished(names.stop)
  const ca = await createCertificateAuthority()
  const door = await openDoor({ host: '127.0.0.1', port: 0, tls: await ca.issue([HOST]) })
  onTestFinished(door.close)
  const desk = fakeService(
    { host: () => {}, publish: names.publish, now: systemNow, random: systemRandom, calls: [] },
    `https://${HOST}:${door.port}`,
  )
  door.mount(desk.app)
  const { settingsFile, at, database: url } = await made(database)
  writeFileSync(at('ca.pem'), ca.pem)
  const network = { dns_servers: [names.address], allow_private: ['127.0.0.0/8'], ca_file: 'ca.pem' }
  appendFileSync(settingsFile, `\nnetwork: ${JSON.stringify(network)}\npolicy: { default: approve }\nlifetimes: { pass_seconds: 3600 }\n`)
  const post = (server: Served, path: string, body: object, authorization = '') =>
    fetch(`http://127.0.0.1:${server.port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      body: JSON.stringify(body),
    })
  return {
    desk,
    settingsFile,
    /** Asks the management door, or acts there. */
    manage: (server: Served, path: string, body?: object) =>
      fetch(`http://127.0.0.1:${server.managementPort}${path}`, {
        headers: { 'content-type': 'application/json', authorization: `Bearer ${readFileSync(at('secrets/admin.token'), 'utf8').trim()}` },
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
      }),
    start: () => serve('authority', settingsFile),
    database: () => openDatabase<AuthorityTables>(url ?? at('authority.db')),
    approved: async (server: Served) => {
      const answer = await post(server, '/issuance', message({ service: { origin: desk.origin } }))
      return IssuanceStatus.parse(await answer.json()).agentpass!.value
    },
    validate: (server: Served, value: string) => post(server, '/validate', { agentpass: { value } }, desk.bearer()),
  }
}

/** What `init` made, on a database of PostgreSQL where one is named or the run is on it. */
async function made(named: string | undefined): Promise<Initialised & { database?: string }> {
  const database = named ?? (onPostgres ? await freshDatabase() : undefined)
  return database === undefined ? initialised('authority') : { ...(await init('authority', database)), database }
}
