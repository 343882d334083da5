import { onTestFinished } from 'vitest'
import { type Shown, writeShown } from '../authority/approve/shown.ts'
import { openAuthority } from '../authority/node/open.ts'
import { AuthoritySettings } from '../authority/settings.ts'
import { migrations } from '../authority/store/migrations/all.ts'
import { addRequest } from '../authority/store/requests.ts'
import type { AuthorityTables } from '../authority/store/schema.ts'
import { sha256 } from '../spec/base64url.ts'
import { createLog } from '../spec/node/log.ts'
import { openMigrated } from '../spec/node/party.ts'
import { openDoor } from '../spec/node/serve.ts'
import { readAdminToken, readMasterKeys, readSettings, systemNow, systemRandom } from '../spec/node/settings.ts'
import { edit, initialised, run } from './cli-fixture.ts'

export const SHOWN: Shown = {
  type: 'bearer_token',
  service: { origin: 'https://desk.example', name: 'Ticket desk' },
  user: { email: 'ada@acme.example' },
  agent: { id: 'agent-7' },
  harness: { id: 'agent-7', tier: 'unverified' },
  task: { id: 't-1', description: `Close it\u202e\u200b${'\n'.repeat(9)}\u001b[2Jdigest        approved by IT`, attested: false },
  scopes: [{ name: 'tickets:read', description: 'Read tickets' }, { name: 'tickets:write' }],
  reasons: ['policy: ask (the default)'],
  authorization_seconds: 3600,
}

/** The digest of a request id; its reference does not begin with a dash, which a command line would take for an option. */
async function requestDigest(name: string): Promise<string> {
  for (let i = 0; ; i += 1) {
    const digest = await sha256(`${name} ${i}`)
    if (!digest.startsWith('-')) return digest
  }
}

async function addPending(database: string, name: string): Promise<string> {
  const digest = await requestDigest(name)
  const ref = digest.slice(0, 12)
  const about = {
    service_origin: SHOWN.service.origin,
    user_email: SHOWN.user.email,
    agent_id: 'agent-7',
    harness_id: 'agent-7',
    key_thumbprint: null,
    task_id: 't-1',
  }
  const derived = { ...(await writeShown(SHOWN)), cnf: null, pass_digest: await sha256(`pass of ${name}`), master_key_id: 'any' }
  const times = { created_at: systemNow(), expires_at: systemNow() + 3600 }
  const db = await openMigrated<AuthorityTables>(database, migrations, systemNow)
  await db.write((tx) => addRequest(tx, { digest, ref, status: 'pending', type: SHOWN.type, ...about, ...derived, ...times }))
  await db.close()
  return ref
}

const unreachable = () => Promise.reject(new Error('nobody is asked'))

/** A real Authority with one pending request behind a real management door, and its command line. */
export async function deciding() {
  const { settingsFile, at } = await initialised('authority')
  const ref = await addPending(at('authority.db'), 'one')
  const settings = readSettings(settingsFile, AuthoritySettings)
  const door = await openDoor({ host: '127.0.0.1', port: 0 })
  const authority = await openAuthority({
    settings,
    database: at('authority.db'),
    masterKeys: readMasterKeys(settingsFile, settings.master_keys),
    adminToken: readAdminToken(settingsFile, settings.management.admin_token),
    effects: { now: systemNow, random: systemRandom, fetch: unreachable, resolveTxt: unreachable, log: createLog('test', 'silent') },
  })
  door.mount(authority.management)
  onTestFinished(async () => {
    await door.close()
    await authority.stop()
  })
  edit(settingsFile, '  listen:\n    host: 127.0.0.1\n    port: 0', `  listen:\n    host: 127.0.0.1\n    port: ${door.port}`)
  const cli = (...args: string[]) => run('authority', [...args, '--config', settingsFile])
  return { cli, ref, at, authority }
}
