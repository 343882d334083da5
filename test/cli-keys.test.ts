import { expect, test } from 'vitest'
import { z } from 'zod'
import { type Initialised, inDatabase, initialised, run, serve } from './cli-fixture.ts'

const PARTIES = [
  ['authority', '/.well-known/jwks.json'],
  ['service', '/.well-known/agentpass-service/jwks.json'],
] as const
const Listed = z.object({
  keys: z.array(
    z.object({
      kid: z.string(),
      state: z.string(),
      signs_from: z.iso.datetime(),
      published_until: z.iso.datetime().optional(),
      master_key: z.string(),
    }),
  ),
})
const KeySet = z.object({ keys: z.array(z.looseObject({ kid: z.string() })) })

function commands(party: (typeof PARTIES)[number][0], { settingsFile }: Initialised) {
  const keys = (...args: string[]) => run(party, ['keys', ...args, '--config', settingsFile])
  return {
    keys,
    list: async () => Listed.parse(JSON.parse((await keys('list', '--json')).stdout)).keys,
    verify: () => run(party, ['audit', 'verify', '--config', settingsFile, '--json']),
    check: () => run(party, ['check-config', '--config', settingsFile]),
  }
}

test.each(PARTIES)('the keys of a running %s are rotated beside it, and it follows without a restart', async (party, path) => {
  const made = await initialised(party)
  const { keys, list, verify, check } = commands(party, made)
  const [first] = await list()
  const server = await serve(party, made.settingsFile)
  const published = async () => {
    await fetch(`http://127.0.0.1:${server.managementPort}/ready`) // reads the keys, as its chore does every few seconds
    return KeySet.parse(await (await fetch(`http://127.0.0.1:${server.port}${path}`)).json()).keys.map(({ kid }) => kid)
  }
  expect(await published()).toEqual([first?.kid])

  const rotated = await keys('rotate', '--json')
  expect(rotated.code, rotated.stderr).toBe(0)
  const [next, signing] = Listed.parse(JSON.parse(rotated.stdout)).keys
  expect([next?.state, signing?.state, signing?.kid]).toEqual(['next', 'signing', first?.kid])
  expect(await published()).toEqual([next?.kid, first?.kid])
  const again = await keys('rotate')
  expect(again).toMatchObject({ code: 1, stdout: '' })
  expect(again.stderr).toMatch(
    new RegExp(`^agentpass-${party}: error: a rotation is under way: the key ${next?.kid} .*\nagentpass-${party}: hint: .*\n$`),
  )
  expect(await list()).toEqual([next, signing])

  expect(await keys('rotate', '--now')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--yes') })
  expect(await published()).toEqual([next?.kid, first?.kid])
  const atOnce = await keys('rotate', '--now', '--yes')
  expect(atOnce).toMatchObject({ code: 0, stderr: expect.stringContaining('300 s') })
  const states = (await list()).map(({ state }) => state)
  expect(states.sort()).toEqual(['retired', 'retired', 'signing'])
  const [only, ...others] = await published()
  expect(others).toEqual([])
  expect(atOnce.stdout).toMatch(new RegExp(`^${only} +signing `, 'm'))

  expect(await server.stop()).toMatchObject({ code: 0 })
  const { verified, heads, unnumbered } = JSON.parse((await verify()).stdout)
  expect([verified - heads, unnumbered]).toEqual([4, 0]) // one row of the first rotation, three of the second
  expect(await check()).toMatchObject({ code: 0 })
})

test('keys list shows which key does what, and changes nothing', async () => {
  const made = await initialised('service')
  const { keys, list } = commands('service', made)
  const [key] = await list()
  const { code, stdout } = await keys('list')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^KID +STATE +SIGNS FROM +PUBLISHED UNTIL +MASTER KEY\n/)
  expect(stdout.split('\n')[1]).toMatch(new RegExp(`^${key?.kid} +signing +${key?.signs_from} +- +${key?.master_key}$`))
  expect(await list()).toEqual([key])
})

const [SEALED, ENDED] = ["substr(sealed_private_jwk, 1, 60) || 'AAAA' || substr(sealed_private_jwk, 65)", 'published_until = 1']
test.each<[string, RegExp, string]>([
  ['a changed private part', /the signing key \S+, sealed under the master key \S+, cannot be opened/, `sealed_private_jwk = ${SEALED}`],
  [
    'a key under a lost master key',
    /the signing key \S+, .*the master key AAAAAAAA, .* is not in the settings/,
    "sealed_private_jwk = 'AAAAAAAA.A.A.A'",
  ],
  ['no key that signs any more', /every signing key in the database has ended/, ENDED],
  ['no key that signs yet', /no signing key signs yet: the first does from 2100-01-01T00:00:00.000Z on/, 'signs_from = 4102444800'],
])(
  'with %s the server does not start and says which, check-config says it too, and keys rotate --now makes one that is asked for',
  async (_, why, spoil) => {
    const made = await initialised('authority')
    inDatabase(made.at('authority.db'), `update signing_key set ${spoil}`)
    const { keys, list, check } = commands('authority', made)
    const served = await run('authority', ['serve', '--config', made.settingsFile])
    expect(served).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(why) })
    expect(served.stderr).toMatch(/^agentpass-authority: error: .*\nagentpass-authority: hint: .*\n$/)
    expect(await check()).toMatchObject({ code: 2, stderr: expect.stringMatching(why) })
    expect(await list()).toHaveLength(1)
    expect(await keys('rotate', '--now', '--yes')).toMatchObject({ code: 0 })
    expect(await check()).toMatchObject({ code: 0 })
  },
)

test('keys are rotated only where the schema is up to date', async () => {
  const made = await initialised('authority')
  inDatabase(
    made.at('authority.db'),
    "delete from migration where name like '%key-rotation'",
    'alter table signing_key drop column signs_from',
    'alter table signing_key drop column published_until',
  )
  const { keys, list, check } = commands('authority', made)
  expect(await keys('rotate')).toMatchObject({ code: 1, stderr: expect.stringContaining('agentpass-authority migrate') })
  expect(await check()).toMatchObject({ code: 0, stderr: expect.stringContaining('key-rotation') })
  expect((await list()).map(({ state }) => state)).toEqual(['signing'])
  expect(await run('authority', ['migrate', '--config', made.settingsFile])).toMatchObject({ code: 0 })
  expect(await keys('rotate')).toMatchObject({ code: 0 })
})

test('a clock behind the one the servers kept rotates nothing', async () => {
  const made = await initialised('authority')
  const { keys, list } = commands('authority', made)
  inDatabase(made.at('authority.db'), 'insert into clock values (1, 4102444800)')
  expect(await keys('rotate')).toMatchObject({ code: 1, stderr: expect.stringContaining('clock') })
  expect(await list()).toHaveLength(1)
  inDatabase(made.at('authority.db'), 'delete from clock')
  expect(await keys('rotate')).toMatchObject({ code: 0 })
})

test('help shows a worked example first', async () => {
  for (const args of [['keys'], ['keys', 'list'], ['keys', 'rotate']])
    expect((await run('service', [...args, '--help'])).stdout).toMatch(new RegExp(`^Example:\n  agentpass-service ${args.join(' ')}`))
})
