import { expect, test } from 'vitest'
import { saved } from '../../authority-backup-rig.ts'

test('a PostgreSQL database is saved and brought back by its own tools, and the command says how', async () => {
  const s = await saved()
  const { password } = new URL(s.database())
  const { code, stderr } = await s.cli('backup', s.at('a b.dump'))
  expect([code, stderr.includes(password)]).toEqual([2, false])
  expect(stderr).toContain(`hint: pg_dump --format=custom --file='${s.at('a b.dump')}' --dbname='postgres://agentpass@127.0.0.1:`)
  expect(await s.cli('restore', '--from', s.at('x'), '--yes')).toMatchObject({ code: 2, stderr: expect.stringContaining('--in-place') })
})
