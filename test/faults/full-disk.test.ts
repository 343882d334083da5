/** A full disk under the audit trail (F-06, F-07, O-02): nothing changes that cannot be audited, what is asked is answered, and all is well again by itself. */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'
import { openAuthority } from '../../authority/node/open.ts'
import { migrations } from '../../authority/store/migrations/all.ts'
import { verifyAudit } from '../../spec/node/audit-verify.ts'
import { listPublicKeys } from '../../spec/node/keys.ts'
import { createLog } from '../../spec/node/log.ts'
import { openDatabase } from '../../spec/node/open-database.ts'
import type { PartyTables } from '../../spec/node/party.ts'
import { systemNow } from '../../spec/node/settings.ts'
import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { APPROVING, callers, refusal } from '../authority-rig.ts'
import { freshDatabase, onPostgres } from '../databases.ts'
import { fakeService } from '../fake-service.ts'
import { temporaryFolder } from '../folders.ts'
import { internet } from '../internet.ts'
import { authoritySettings, initialised } from '../parties.ts'

const SIZE = '4m'
const AT_ONCE = 32
const RECOVERED_MS = 5000

/** A disk of four megabytes, for the running test. Undefined where this user may not mount one. */
function smallDisk(): string | undefined {
  const folder = temporaryFolder()
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=0777`, 'tmpfs', folder], { stdio: 'ignore' }).status !== 0) return undefined
  onTestFinished(() => void spawnSync('umount', ['-l', folder], { stdio: 'ignore' }))
  return folder
}
const mayMount = (() => {
  if (process.getuid?.() !== 0) return false
  const tried = spawnSync('sh', ['-c', 'd=$(mktemp -d) && mount -t tmpfs tmpfs "$d" && umount "$d" && rmdir "$d"'], { stdio: 'ignore' })
  return tried.status === 0
})()
if (!mayMount) process.stderr.write('\nno file system can be mounted here: a full disk is not tested\n\n')

/** Takes all that is left of a disk. Gives how to give it back. */
function fill(folder: string): () => void {
  const path = join(folder, 'filler')
  const file = openSync(path, 'w')
  for (const size of [65_536, 4096, 1]) {
    try {
      for (;;) writeSync(file, Buffer.alloc(size))
    } catch {
      // it is full, for pieces of this size
    }
  }
  closeSync(file)
  return () => rmSync(path)
}

/** The audit trail of a database on PostgreSQL moved to a disk of its own. */
async function moveTrail(database: string, folder: string): Promise<void> {
  const name = `t_${process.pid}_${performance.now().toFixed(0)}`
  spawnSync('chown', ['postgres', folder])
  await asAdministrator(inject('postgres') ?? '', `create tablespace ${name} location '${folder}'`)
  onTestFinished(async () => {
    await asAdministrator(database, 'alter table audit set tablespace pg_default').catch(() => undefined) // the database may be gone already
    await asAdministrator(inject('postgres') ?? '', `drop tablespace ${name}`).catch(() => undefined) // it goes with the server
  })
  await asAdministrator(database, `alter table audit set tablespace ${name}`)
}

async function asAdministrator(url: string, command: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(command).finally(() => client.end())
}

/** An Authority whose audit trail is on a small disk, with its Service. */
async function onSmallDisk() {
  const folder = smallDisk()
  if (folder === undefined) throw new Error('a file system could be mounted a moment ago')
  const net = internet(systemNow()) // on PostgreSQL, readiness asks for the server's time
  const effects = { ...net, log: createLog('test', 'silent') }
  const database = onPostgres ? await freshDatabase() : join(folder, 'party.db')
  const opening = {
    settings: authoritySettings({ ...APPROVING, limits: { issuances_per_minute: 100_000, polls_per_second: 100_000 } }),
    ...{ effects, ...(await initialised(migrations, effects, database)) },
  }
  if (onPostgres) await moveTrail(database, folder)
  const authority = await openAuthority(opening)
  const db = openDatabase<PartyTables>(database)
  onTestFinished(async () => {
    await authority.stop()
    await db.close()
  })
  return { ...callers(authority, opening.adminToken), db, desk: fakeService(net), fill: () => fill(folder) }
}

test.skipIf(!mayMount)('while the disk is full, changes are refused and looks are answered; when there is room again, both are', async () => {
  const w = await onSmallDisk()
  const approved = async () => {
    const { id } = IssuanceStatus.parse(await (await w.issue()).json())
    const { agentpass } = IssuanceStatus.parse(await (await w.status(id)).json())
    return { id, value: agentpass?.value ?? '' }
  }
  const passes = await Promise.all(Array.from({ length: 8 }, approved))
  const spent = passes[0]!
  expect((await w.validate(spent.value, w.desk.bearer())).status).toBe(200)
  const validations = async () => Promise.all(passes.map(async ({ value }) => (await w.validate(value, w.desk.bearer())).status))
  const free = w.fill()

  const seen = new Set<number>()
  const round = async () => {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => w.issue()))
    for (const { status } of answers) seen.add(status)
    return answers
  }
  let refused = await round()
  for (let quiet = 0; quiet < 3; quiet = refused.every(({ status }) => status === 503) ? quiet + 1 : 0) refused = await round() // what was allotted before is used first
  expect([...seen].filter((status) => status !== 200)).toEqual([503])
  expect(await refusal(refused[0]!)).toEqual([503, 'overloaded'])
  expect(refused[0]!.headers.get('retry-after')).toBe('1')
  for (const { id } of passes.slice(1)) expect((await w.status(id)).status).toBe(200)
  expect((await w.manage('/health')).status).toBe(200)
  expect((await w.manage('/ready')).status).toBe(503)
  const whileFull = await validations()
  expect(whileFull.slice(1).filter((status) => status !== 200)).toContain(503) // a short row may still find room, and then it counts

  free()
  const freedAt = performance.now()
  while ((await w.manage('/ready')).status !== 200 || (await w.issue()).status !== 200) expect(performance.now() - freedAt).toBeLessThan(RECOVERED_MS)
  expect(await validations()).toEqual(whileFull.map((status, i) => (i === 0 || status === 200 ? 409 : 200)))
  expect(new Set(await validations())).toEqual(new Set([409]))
  await w.manage('/ready')
  const consumed = await w.db.read.selectFrom('audit').select('event').where('event', 'like', '%"validation","outcome":"consumed"%').execute()
  expect(consumed).toHaveLength(8)
  expect(await verifyAudit(w.db.read, await listPublicKeys(w.db.read))).not.toHaveProperty('bad')
  if (!onPostgres) expect((await sql<object>`pragma integrity_check`.execute(w.db.read)).rows).toEqual([{ integrity_check: 'ok' }])
})
