import { join } from 'node:path'
import type { JWK } from 'jose'
import { mintPass } from '../../authority/approve/mint.ts'
import { writeShown } from '../../authority/approve/shown.ts'
import { openAuthorization } from '../../authority/store/authorizations.ts'
import { migrations as authorityMigrations } from '../../authority/store/migrations/all.ts'
import { addPass } from '../../authority/store/passes.ts'
import { addRequest, type NewRequest } from '../../authority/store/requests.ts'
import type { AuthorityTables } from '../../authority/store/schema.ts'
import { addCredential, digestOf } from '../../service/store/credentials.ts'
import { migrations as serviceMigrations } from '../../service/store/migrations/all.ts'
import type { ServiceTables } from '../../service/store/schema.ts'
import { sha256 } from '../../spec/base64url.ts'
import type { Database } from '../../spec/node/database.ts'
import { createSigningKey, loadSigningKeys } from '../../spec/node/keys.ts'
import type { Migration } from '../../spec/node/migrate.ts'
import { openMigrated, type PartyTables } from '../../spec/node/party.ts'
import { createSecrets, generateMasterKey, readMasterKey, type Secrets } from '../../spec/node/secrets.ts'
import { systemNow, systemRandom } from '../../spec/node/settings.ts'
import { AUTHORITY, SCOPES, SERVICE, USER } from './peers.ts'

const HOUR = 3600
const BATCH = 500
const d = { now: systemNow, random: systemRandom, lifetimes: { pass_seconds: HOUR } }

/** A database made for a server of the bench, and what that server must be told. */
export type Seeded<T> = { told: { database: string; masterKey: string }; db: Database<T>; secrets: Secrets }

async function seeded<T extends PartyTables>(database: string, migrations: Record<string, Migration>): Promise<Seeded<T>> {
  const masterKey = generateMasterKey()
  const secrets = createSecrets([readMasterKey(masterKey)])
  const keysDb = await openMigrated<PartyTables>(database, migrations, systemNow)
  await createSigningKey(keysDb, { ...d, secrets })
  await keysDb.close()
  return { told: { database, masterKey }, secrets, db: await openMigrated<T>(database, migrations, systemNow) }
}

export const seedAuthority = (at: string): Promise<Seeded<AuthorityTables>> => seeded(databaseIn(at, 'authority'), authorityMigrations)
export const seedService = (at: string): Promise<Seeded<ServiceTables>> => seeded(databaseIn(at, 'service'), serviceMigrations)

const databaseIn = (folder: string, party: string): string => join(folder, `${party}.db`)

/** The public key a seeded party signs with. */
export async function publicKey({ db, secrets }: { db: Database<PartyTables>; secrets: Secrets }): Promise<JWK> {
  const keys = await loadSigningKeys(db, secrets)
  if (!keys) throw new Error('the database was not seeded')
  return keys.current.publicJwk
}

/** One request as the Authority stores it, ids and all. */
async function makeRequest({ secrets }: Seeded<AuthorityTables>, holder: JWK | undefined): Promise<{ id: string; pass: string; row: NewRequest }> {
  const id = systemRandom(32)
  const digest = await sha256(id)
  const pass = secrets.derive('pass values', id, secrets.current)
  const shown = writeShown({
    type: 'bearer_token',
    service: { origin: SERVICE },
    user: { email: USER },
    agent: { id: 'bench' },
    harness: { id: 'bench', tier: 'unverified' },
    task: { id: systemRandom(16), description: 'Answer ticket 17', attested: false },
    scopes: SCOPES.map((name) => ({ name })),
    reasons: [],
    authorization_seconds: 24 * HOUR,
  })
  const row: NewRequest = {
    digest,
    ref: digest.slice(0, 12),
    status: 'pending',
    type: 'bearer_token',
    service_origin: SERVICE,
    user_email: USER,
    agent_id: 'bench',
    harness_id: 'bench',
    task_id: 'task',
    ...shown,
    cnf: holder ? JSON.stringify({ jwk: holder }) : null,
    pass_digest: await sha256(pass),
    master_key_id: secrets.current,
    created_at: systemNow(),
    expires_at: systemNow() + HOUR,
  }
  return { id, pass, row }
}

/** Stores pending requests; gives their ids. */
export const addPending = (to: Seeded<AuthorityTables>, count: number): Promise<string[]> =>
  inBatches(count, async (size) => {
    const made = await Promise.all(Array.from({ length: size }, () => makeRequest(to, undefined)))
    await to.db.write(async (tx) => {
      for (const { row } of made) await addRequest(tx, row)
    })
    return made.map(({ id }) => id)
  })

/** Stores approved requests with their passes, bound to the holder keys where those are given; gives the pass values. */
export const addPasses = (to: Seeded<AuthorityTables>, count: number, holders: JWK[] = []): Promise<string[]> =>
  inBatches(count, async (size, from) => {
    const made = await Promise.all(Array.from({ length: size }, (_, i) => makeRequest(to, holders[from + i])))
    await to.db.write(async (tx) => {
      for (const { row } of made) {
        await addRequest(tx, { ...row, status: 'approved' })
        await addPass(tx, mintPass(d, row, SCOPES))
      }
    })
    return made.map(({ pass }) => pass)
  })

/** Stores open authorizations; gives their ids. */
export const addAuthorizations = (to: Seeded<AuthorityTables>, count: number): Promise<string[]> =>
  inBatches(count, async (size) => {
    const ids = Array.from({ length: size }, () => systemRandom(24))
    const at = systemNow()
    await to.db.write(async (tx) => {
      for (const id of ids)
        await openAuthorization(tx, {
          id,
          request_digest: id,
          service_origin: SERVICE,
          scope: JSON.stringify(SCOPES),
          opened_at: at,
          expires_at: at + 24 * HOUR,
        })
    })
    return ids
  })

/** Stores one live bearer token at a Service. */
export async function addToken(to: Seeded<ServiceTables>): Promise<string> {
  const token = systemRandom(32)
  const at = systemNow()
  const row = {
    authorization_id: 'bench',
    authority: AUTHORITY,
    authority_configuration_url: `${AUTHORITY}/.well-known/agentpass-authority`,
    user_email: USER,
    agent_id: 'bench',
  }
  await to.db.write((tx) =>
    addCredential(tx, {
      ...row,
      digest: digestOf(token),
      task: null,
      harness_id: null,
      scope: JSON.stringify(SCOPES),
      created_at: at,
      expires_at: at + HOUR,
    }),
  )
  return token
}

async function inBatches(count: number, add: (size: number, from: number) => Promise<string[]>): Promise<string[]> {
  const all: string[] = []
  while (all.length < count) all.push(...(await add(Math.min(BATCH, count - all.length), all.length)))
  return all
}
