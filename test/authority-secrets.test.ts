/** Where secrets must not be: the trail, the log, the metrics, the database, an error, a URL. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { authorityWorld, HARNESS, message } from './authority-rig.ts'
import { fakeService } from './fake-service.ts'
import { ecPair } from './spec/jws-fixture.ts'

test('no pass, assertion, request id or admin token is in the trail, the log, the metrics or the database, whatever went wrong [SVC-AUD-03 AUTH-AUD-01]', async () => {
  const w = await authorityWorld()
  const stranger = fakeService(w.net, 'https://mail.example')
  const assertions: string[] = []
  const signed = (by = w.desk, claims: object = {}) => {
    assertions.push(by.assertion({ ...claims }))
    return `Bearer ${assertions.at(-1)}`
  }
  const pending = await w.requested()
  const [unused, used] = [await w.approved(), await w.approved({ harness: { id: HARNESS, cnf: { jwk: ecPair('P-256').jwk } } })]
  await w.status(unused.id)
  await w.validate(used.value, signed(stranger))
  await w.validate(used.value, signed(w.desk, { aud: 'x' }))
  const { authorization_id } = (await (await w.validate(used.value, signed())).json()) as { authorization_id: string }
  await w.validate(used.value, signed())
  await w.call('POST', '/validate', { body: `{"agentpass":{"value":${unused.value}}}`, authorization: signed() })
  await w.call('POST', '/validate', { body: { agentpass: { value: [unused.value] } }, authorization: signed() })
  await w.check(authorization_id, signed())
  await w.check(unused.value, signed(stranger, { iss: 'https://nobody.example' }))
  await w.close(authorization_id, signed())
  await w.status(used.id)
  await w.call('POST', `/issuance/${unused.id}`)
  await w.cancel(unused.id)
  await w.act('approve', used.id)
  await w.act('revoke', unused.id)
  await w.cancel(pending.id)
  w.desk.pages.scopes = () => new Response(null, { status: 500 })
  await w.issue(message())
  assertions.push(...w.desk.asked.map(({ authorization }) => authorization.replace('Bearer ', '')))
  const metrics = await (await w.manage('/metrics')).text()
  await w.authority.stop()

  const rows = await w.database().read.selectFrom('audit').select('event').execute()
  const database = readFileSync(w.authority.opening.database).toString('latin1')
  const told = [...rows.map(({ event }) => event), ...w.lines, metrics, database].join('\n')
  expect(rows.length).toBeGreaterThan(10)
  expect(w.lines.length).toBeGreaterThan(5)
  const secrets = [pending.id, unused.id, unused.value, used.id, used.value, w.authority.opening.adminToken, ...assertions]
  for (const secret of secrets.flatMap((text) => [text, text.split('.').at(-1)!])) expect(told.includes(secret)).toBe(false)
})

test('the database holds of id and pass only digests, and of the signing key only what is sealed [CFG-A-08 SVC-AUD-03]', async () => {
  const w = await authorityWorld()
  const { id, value } = await w.approved()
  const db = w.database<{ pass: { digest: string }; request: { digest: string }; signing_key: { sealed_private_jwk: string } }>()
  const digest = (text: string) => createHash('sha256').update(text).digest('base64url')
  expect(await db.read.selectFrom('request').select('digest').execute()).toEqual([{ digest: digest(id) }])
  expect(await db.read.selectFrom('pass').select('digest').execute()).toEqual([{ digest: digest(value) }])
  const { sealed_private_jwk: sealed } = await db.read.selectFrom('signing_key').select('sealed_private_jwk').executeTakeFirstOrThrow()
  expect(sealed).toMatch(/^[\w-]{8}\.[\w-]{16}\.[\w-]+\.[\w-]{22}$/)
})

test('what goes wrong inside is said in one sentence that tells nothing of the inside [CFG-X-03]', async () => {
  const w = await authorityWorld()
  const db = w.database<Record<string, Record<string, unknown>>>()
  await db.write((tx) => tx.schema.alterTable('pass').renameTo('elsewhere').execute())
  const response = await w.validate('x', w.desk.bearer())
  expect([response.status, await response.json()]).toEqual([500, { error: { code: 'internal', message: 'internal error' } }])
  const logged = w.lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error')
  expect(logged).toEqual([
    expect.objectContaining({ event: 'refused', status: 500, reason: expect.stringContaining('no such table'), stack: expect.any(String) }),
  ])
  await db.write((tx) => tx.schema.alterTable('elsewhere').renameTo('pass').execute())
  expect((await w.validate('x', w.desk.bearer())).status).toBe(404)
})
