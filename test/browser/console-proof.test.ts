/** What is left of an approval with a passkey: proof of it in the audit trail, which anybody with the trail can verify. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { compiled } from '../compiled.ts'
import { databaseOf, request } from '../console-rig.ts'
import { addDevice, type Console, enrol, opened, signedIn } from './console-people.ts'

const BOUND = { pages: { step_up: { rules: [{ require: 'passkey' }] } } }
const Numbered = z.object({ id: z.number(), seq: z.number(), event: z.string() })
const Approval = z.looseObject({ scope: z.array(z.string()), passkey: z.looseObject({ approved: z.looseObject({ scope: z.array(z.string()) }) }) })

/** Somebody has approved a request with a passkey, and the trail has numbered it. */
async function approved() {
  const at = await opened(BOUND)
  const ref = await request(at.world)
  const { page } = await signedIn(at, 'Ada')
  await addDevice(page)
  await enrol(at, page, 'Laptop')
  await page.goto(`${at.home}/requests/${ref}`)
  await page.getByRole('checkbox', { name: /tickets:admin/ }).uncheck()
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('status').waitFor()
  const db = databaseOf(at.world)
  const rows = () => db.read.selectFrom('audit').select(['id', 'seq', 'event']).orderBy('seq').execute()
  await expect.poll(async () => (await rows()).find(({ event }) => event.includes('"passkey":{"passkey"'))?.seq ?? null).not.toBe(null)
  return { at, db, rows }
}

/** Changes the row of the approval and every hash from there on, as a thief with the database would. */
async function tamper({ db, rows }: Awaited<ReturnType<typeof approved>>, change: (event: z.infer<typeof Approval>) => object): Promise<number> {
  const { seq: changed } = (await rows()).find(({ event }) => event.includes('"passkey":{"passkey"'))!
  let hash = ''
  for (const row of await rows()) {
    if (row.seq === null) continue
    const { id, seq, event } = Numbered.parse(row)
    const text = seq === changed ? JSON.stringify(change(Approval.parse(JSON.parse(event)))) : event
    hash = createHash('sha256').update(hash).update(text).digest('base64url')
    await db.write((tx) => tx.updateTable('audit').set({ event: text, hash }).where('id', '=', id).execute())
  }
  return changed ?? 0
}

/** `agentpass-authority audit verify`, as people run it. */
async function verify({ world }: Console): Promise<{ code: number; said: string }> {
  const args = [compiled('authority/main.js'), 'audit', 'verify', '--config', world.authority.settingsFile]
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args)
    return { code: 0, said: stdout + stderr }
  } catch (failure) {
    const { code, stdout, stderr } = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() }).parse(failure)
    return { code, said: stdout + stderr }
  }
}

test('an approval with a passkey verifies with the rest of the trail, and names what was approved', async () => {
  const { at, rows } = await approved()
  expect(await verify(at)).toMatchObject({ code: 0 })
  const approval = Approval.parse(JSON.parse((await rows()).find(({ event }) => event.includes('"passkey":{"passkey"'))!.event))
  expect(approval).toMatchObject({ by: 'ada@acme.localhost', scope: ['tickets:read', 'tickets:write'] })
  expect(approval.passkey).toMatchObject({ origin: new URL(at.home).origin, approved: { user: 'ada@acme.localhost', scope: approval.scope } })
})

test.each<[string, (event: z.infer<typeof Approval>) => object]>([
  [
    'the signature',
    ({ passkey, ...event }) => ({ ...event, passkey: { ...passkey, signature: `${String(passkey.signature).slice(0, -8)}AAAAAAAA` } }),
  ],
  ['the scopes of the approval', (event) => ({ ...event, scope: [...event.scope, 'tickets:admin'] })],
  [
    'the scopes, in what was signed too',
    ({ passkey, ...event }) => {
      const scope = [...event.scope, 'tickets:admin']
      return { ...event, scope, passkey: { ...passkey, approved: { ...passkey.approved, scope } } }
    },
  ],
  [
    'the task that was signed',
    ({ passkey, ...event }) => ({ ...event, passkey: { ...passkey, approved: { ...passkey.approved, task: 'another' } } }),
  ],
])('a thief with the database who changes %s and makes every hash anew is found out by the passkey', async (_, change) => {
  const trail = await approved()
  const seq = await tamper(trail, change)
  const { code, said } = await verify(trail.at)
  expect(code).toBe(1)
  expect(said).toContain('passkey')
  expect(said).toContain(String(seq))
})
