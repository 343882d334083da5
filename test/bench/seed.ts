import type { JWK } from 'jose'
import { createAuthorizationIds, mintPass } from '../../authority/approve/mint.ts'
import type { Shown } from '../../authority/approve/shown.ts'
import { readShown } from '../../authority/approve/shown.ts'
import { openAuthorization } from '../../authority/store/authorizations.ts'
import { migrations as authorityMigrations } from '../../authority/store/migrations/all.ts'
import { addPass } from '../../authority/store/passes.ts'
import { addRequest, type NewRequest } from '../../authority/store/requests.ts'
import type { AuthorityTables } from '../../authority/store/schema.ts'
import { migrations as brokerMigrations } from '../../harness/store/migrations/all.ts'
import type { BrokerTables } from '../../harness/store/schema.ts'
import { addCredential, digestOf, type NewCredential } from '../../service/store/credentials.ts'
import { migrations as serviceMigrations } from '../../service/store/migrations/all.ts'
import type { ServiceTables } from '../../service/store/schema.ts'
import type { Database } from '../../spec/node/database.ts'
import { createSigningKey } from '../../spec/node/keys.ts'
import type { Migration } from '../../spec/node/migrate.ts'
import { openMigrated, type PartyTables } from '../../spec/node/party.ts'
import { createSecrets, generateMasterKey, readMasterKey, type Secrets } from '../../spec/node/secrets.ts'
import { systemNow, systemRandom } from '../../spec/node/settings.ts'
import { openSigningKeys } from '../../spec/node/signing.ts'
import type { Databases } from './databases.ts'
import { AUTHORITY, SCOPES, SERVICE, USER } from './peers.ts'

export const HOUR = 3600
const BATCH = 500
/** What a pass is minted with. */
export const minting = {
  now: systemNow,
  authorizationId: createAuthorizationIds({ now: systemNow, random: systemRandom }),
  lifetimes: { pass_seconds: HOUR },
}

/** A database made for a server of the bench, what that server must be told, and the database open to be filled. */
export type Seeded<T> = {
  told: { database: string; masterKey: string }
  secrets: Secrets
  db: Database<T>
  /** Closes it, as one that has run for a while: no server finds work left over from the filling. */
  close: () => Promise<void>
}
type Kind = { party: string; migrations: Record<string, Migration> }

const authority: Kind = { party: 'authority', migrations: authorityMigrations }
const service: Kind = { party: 'service', migrations: serviceMigrations }
const broker: Kind = { party: 'broker', migrations: brokerMigrations }

async function open<T>(databases: Databases, { migrations }: Kind, told: Seeded<T>['told']): Promise<Seeded<T>> {
  const db = await openMigrated<T>(told.database, migrations, systemNow)
  const close = async () => {
    await db.close()
    await databases.settle(told.database)
  }
  return { told, secrets: createSecrets([readMasterKey(told.masterKey)]), db, close }
}

async function create<T extends PartyTables>(databases: Databases, kind: Kind): Promise<Seeded<T>> {
  const told = { database: await databases.create(kind.party), masterKey: generateMasterKey() }
  const { db, secrets } = await open<PartyTables>(databases, kind, told)
  await createSigningKey(db, { now: systemNow, random: systemRandom, secrets })
  await db.close()
  return open<T>(databases, kind, told)
}

export const createAuthority = (databases: Databases): Promise<Seeded<AuthorityTables>> => create(databases, authority)
export const createService = (databases: Databases): Promise<Seeded<ServiceTables>> => create(databases, service)
export const createBroker = (databases: Databases): Promise<Seeded<BrokerTables>> => create(databases, broker)
/** An Authority's database that was closed, with all that is in it. */
export const reopenAuthority = (databases: Databases, { told }: Seeded<AuthorityTables>): Promise<Seeded<AuthorityTables>> =>
  open(databases, authority, told)

/** The public key a seeded party signs with. */
export async function publicKey({ db, secrets }: { db: Database<PartyTables>; secrets: Secrets }): Promise<JWK> {
  return (await openSigningKeys(db, secrets, systemNow)).current().publicJwk
}

/** What an approver saw of each request of the bench. */
const SHOWN = JSON.stringify({
  type: 'bearer_token',
  service: { origin: SERVICE },
  user: { email: USER },
  agent: { id: 'bench' },
  harness: { id: 'bench', tier: 'unverified' },
  task: { id: 'task', description: 'Answer ticket 17', attested: false },
  scopes: SCOPES.map((name) => ({ name })),
  reasons: [],
  authorization_seconds: 24 * HOUR,
} satisfies Shown)

/** One request as the Authority stores it, with its id and the value its pass will have. */
export function makeRequest({ secrets }: Pick<Seeded<AuthorityTables>, 'secrets'>, holder?: JWK): { id: string; pass: string; row: NewRequest } {
  const id = systemRandom(32)
  const digest = digestOf(id)
  const pass = secrets.derive('pass values', id, secrets.current)
  const row: NewRequest = {
    digest,
    ref: digest.slice(0, 12),
    status: 'pending',
    type: 'bearer_token',
    service_origin: SERVICE,
    user_email: USER,
    agent_id: 'bench',
    harness_id: 'bench',
    key_thumbprint: null,
    task_id: 'task',
    shown: SHOWN,
    shown_digest: digestOf(SHOWN),
    cnf: holder ? JSON.stringify({ jwk: holder }) : null,
    pass_digest: digestOf(pass),
    master_key_id: secrets.current,
    created_at: systemNow(),
    expires_at: systemNow() + HOUR,
  }
  return { id, pass, row }
}

/** Stores pending requests; gives their ids. */
export const addPending = (to: Seeded<AuthorityTables>, count: number): Promise<string[]> =>
  inBatches(count, async (size) => {
    const made = Array.from({ length: size }, () => makeRequest(to))
    await to.db.write(async (tx) => {
      for (const { row } of made) await addRequest(tx, row)
    })
    return made.map(({ id }) => id)
  })

/** Stores approved requests with their passes, bound to the holder keys where those are given; gives the pass values. */
export const addPasses = (to: Seeded<AuthorityTables>, count: number, holders: JWK[] = []): Promise<string[]> =>
  inBatches(count, async (size, from) => {
    const made = Array.from({ length: size }, (_, i) => makeRequest(to, holders[from + i]))
    await to.db.write(async (tx) => {
      for (const { row } of made) {
        await addRequest(tx, { ...row, status: 'approved' })
        await addPass(tx, mintPass(minting, row, { shown: readShown(row.shown), scope: SCOPES }))
      }
    })
    return made.map(({ pass }) => pass)
  })

/** Stores open authorizations; gives their ids. */
export const addAuthorizations = (to: Seeded<AuthorityTables>, count: number): Promise<string[]> =>
  inBatches(count, async (size) => {
    const ids = Array.from({ length: size }, () => systemRandom(24))
    const opened = { service_origin: SERVICE, scope: JSON.stringify(SCOPES), opened_at: systemNow(), expires_at: systemNow() + 24 * HOUR }
    await to.db.write(async (tx) => {
      for (const id of ids) await openAuthorization(tx, { id, ...opened })
    })
    return ids
  })

/** Stores one live bearer token at a Service. */
export async function addToken(to: Seeded<ServiceTables>): Promise<string> {
  const token = systemRandom(32)
  const row: NewCredential = {
    digest: digestOf(token),
    type: 'bearer_token',
    authorization_id: 'bench',
    authority: AUTHORITY,
    authority_configuration_url: `${AUTHORITY}/.well-known/agentpass-authority`,
    user_email: USER,
    agent_id: 'bench',
    task: null,
    harness_id: null,
    scope: JSON.stringify(SCOPES),
    created_at: systemNow(),
    expires_at: systemNow() + HOUR,
  }
  await to.db.write((tx) => addCredential(tx, row))
  return token
}

async function inBatches(count: number, add: (size: number, from: number) => Promise<string[]>): Promise<string[]> {
  const all: string[] = []
  while (all.length < count) all.push(...(await add(Math.min(BATCH, count - all.length), all.length)))
  return all
}
