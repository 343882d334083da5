/** A PostgreSQL server that goes away and comes back under an Authority: refusals that say so, nothing spent twice, and all well again by itself. */
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { type Postgres, startPostgres } from '../../postgres.ts'
import { servedAuthority } from '../../served-authority.ts'

const PASSES = 60

/** A server of this test's own: others are in use by others. */
async function ownServer(): Promise<Postgres> {
  const server = await startPostgres()
  if (!server) throw new Error('PostgreSQL was here a moment ago')
  onTestFinished(server.remove)
  return server
}

const outages: [string, (server: Postgres) => void][] = [
  ['stopped and started', (server) => server.halt('fast')],
  ['crashed and recovered', (server) => server.halt('immediate')],
  ['killed', (server) => server.kill()],
]

test.each(outages)('a server that is %s amid validations costs no pass its single use, and no answer is 500', async (_, halt) => {
  const server = await ownServer()
  const { start, approved, validate } = await servedAuthority(server.url)
  const authority = await start()
  const values = await Promise.all(Array.from({ length: PASSES }, () => approved(authority)))
  const statusOf = async (value: string) => (await validate(authority, value)).status
  let answered = 0
  const before = await Promise.all(
    values.map(async (value) => {
      const status = await statusOf(value)
      if (++answered === 10) halt(server)
      return status
    }),
  )
  for (const status of before) expect([200, 503]).toContain(status)
  expect(await statusOf(values[0]!)).toBe(503)
  const ready = () => fetch(`http://127.0.0.1:${authority.managementPort}/ready`)
  expect((await ready()).status).toBe(503)

  server.start()
  expect((await ready()).status).toBe(200)
  const after = await Promise.all(values.map(statusOf))
  for (const [i, status] of after.entries()) expect(before[i] === 200 ? [409] : [200, 409]).toContain(status)
  expect(await statusOf(await approved(authority))).toBe(200)
  await authority.stop()
})

test('connections that the server ends are replaced, and never more than ten are open', async () => {
  const server = await ownServer()
  const { start, approved, validate } = await servedAuthority(server.url)
  const authority = await start()
  const administrator = new pg.Client(server.url)
  await administrator.connect()
  onTestFinished(() => administrator.end())
  const ours = "from pg_stat_activity where application_name = 'agentpass'"
  const rounds = await Promise.all(Array.from({ length: 5 }, () => Promise.all(Array.from({ length: PASSES / 3 }, () => approved(authority)))))
  for (const values of rounds) {
    const validated = Promise.all(values.map(async (value) => (await validate(authority, value)).status))
    const { rows } = await administrator.query(`select count(*)::int as open ${ours}`)
    expect(rows[0].open).toBeLessThanOrEqual(10)
    await administrator.query(`select pg_terminate_backend(pid) ${ours}`)
    for (const status of await validated) expect([200, 503]).toContain(status)
  }
  await expect.poll(async () => (await validate(authority, await approved(authority))).status).toBe(200)
  await authority.stop()
})
