/** An Authority that `init` made, on the database of this run, with a Service played by hand; its backup, and what brings it back. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import pg from 'pg'
import { expect, inject, onTestFinished } from 'vitest'
import { type OpenAuthority, openAuthority } from '../authority/node/open.ts'
import { AuthoritySettings } from '../authority/settings.ts'
import type { AuthorityTables } from '../authority/store/schema.ts'
import { openSession } from '../authority/store/sessions.ts'
import { createLog } from '../spec/node/log.ts'
import { openDatabase } from '../spec/node/open-database.ts'
import { readAdminToken, readDatabase, readMasterKeys, readSettings, systemNow, systemRandom } from '../spec/node/settings.ts'
import { IssuanceStatus } from '../spec/wire/issuance.ts'
import { ValidationResponse } from '../spec/wire/validation.ts'
import { callers, message } from './authority-rig.ts'
import { init, initialised, run } from './cli-fixture.ts'
import { freshDatabase, onPostgres } from './databases.ts'
import { fakeService } from './fake-service.ts'
import { internet } from './internet.ts'
import { takingEvents } from './push-rig.ts'

/** Of the database as it is when it is asked. */
export const openedBeside = <T>(database: string, work: (db: ReturnType<typeof openDatabase<AuthorityTables>>) => Promise<T>): Promise<T> => {
  const db = openDatabase<AuthorityTables>(database)
  return work(db).finally(db.close)
}

/** What is sent to the Authority by those who call it. */
type Here = ReturnType<typeof callers>

export async function saved() {
  const made = onPostgres ? await init('authority', await freshDatabase()) : await initialised('authority')
  const { settingsFile, at } = made
  const net = { ...internet(), now: systemNow, random: systemRandom }
  const desk = takingEvents(fakeService(net))
  const database = () => readDatabase(settingsFile, readSettings(settingsFile, AuthoritySettings).database)
  const adminToken = readAdminToken(settingsFile, { file: 'secrets/admin.token' })
  let running: (OpenAuthority & { here: Here }) | undefined
  const stop = async () => {
    await running?.stop()
    running = undefined
  }
  onTestFinished(stop)
  const start = async () => {
    const settings = readSettings(settingsFile, AuthoritySettings)
    const masterKeys = readMasterKeys(settingsFile, settings.master_keys)
    const effects = { ...net, log: createLog('test', 'silent') }
    const authority = await openAuthority({ settings, database: database(), masterKeys, adminToken, effects })
    running = { ...authority, here: callers(authority, adminToken) }
    return running.here
  }
  const cli = (...args: string[]) => run('authority', [...args, '--config', settingsFile])
  let copy = ''
  return {
    at,
    desk,
    database,
    start,
    stop,
    cli,
    /** A backup beside the running Authority. On PostgreSQL a copy of the database stands for what pg_restore makes of a dump. */
    async backup(): Promise<Here> {
      if (!running) throw new Error('no authority runs')
      if (!onPostgres) {
        expect(await cli('backup', at('saved.db'))).toMatchObject({ code: 0, stderr: '' })
        return running.here
      }
      await stop()
      copy = await copied(database())
      return start()
    },
    /** Brings it back, while none runs. */
    async restore(...args: string[]) {
      if (!onPostgres) return cli('restore', '--from', at('saved.db'), '--replace', '--yes', ...args)
      writeFileSync(at('secrets/database.url'), await copied(copy))
      return cli('restore', '--in-place', '--yes', ...args)
    },
  }
}

/** A copy of a database without connections. */
async function copied(url: string): Promise<string> {
  const name = `t_${randomBytes(8).toString('hex')}`
  const client = new pg.Client(inject('postgres') ?? '')
  await client.connect()
  await client.query(`create database ${name} template ${new URL(url).pathname.slice(1)}`)
  onTestFinished(() => client.query(`drop database if exists ${name} with (force)`).then(() => client.end()))
  const copy = new URL(url)
  copy.pathname = `/${name}`
  return copy.href
}

type Desk = Awaited<ReturnType<typeof saved>>['desk']

/** One of each: a request that waits, a pass that nobody used, an authorization, and one that was revoked; a key of a Harness, and somebody who is signed in with a passkey. */
export async function oneOfEach(here: Here, desk: Desk, database: string) {
  const requested = async () => IssuanceStatus.parse(await (await here.issue(message())).json()).id
  const approved = async () => {
    const id = await requested()
    await here.act('approve', id)
    const { agentpass } = IssuanceStatus.parse(await (await here.status(id)).json())
    return { id, value: agentpass?.value ?? '' }
  }
  const redeemed = async () => {
    const pass = await approved()
    const answer = ValidationResponse.parse(await (await here.validate(pass.value, desk.bearer())).json())
    return { ...pass, authorizationId: answer.authorization_id }
  }
  const [pending, unused, active, revoked] = [await requested(), await approved(), await redeemed(), await redeemed()]
  await here.act('revoke', revoked.id)
  await here.manage('/harness-keys', { name: 'build farm', thumbprint: THUMBPRINT })
  await openedBeside(database, (db) => db.write((tx) => signIn(tx)))
  return { pending, unused, active, revoked }
}

export const THUMBPRINT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
const ADA = 'ada@acme.example'

async function signIn(tx: Parameters<typeof openSession>[0]): Promise<void> {
  const at = systemNow()
  const times = { authenticated_at: at, opened_at: at, seen_at: at, expires_at: at + 3600 }
  const session = { digest: 'of a cookie', email: ADA, name: null, groups: '[]', sealed_id_token: 'sealed', client: '{}', ...times }
  await openSession(tx, session, { before: undefined, groups: ['support'] })
  await tx
    .insertInto('passkey')
    .values({ id: 'a passkey', email: ADA, name: 'key ring', public_key: 'cose', uses: 0, added_at: at, used_at: null })
    .execute()
}
