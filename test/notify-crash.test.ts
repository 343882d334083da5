/** A real Authority, killed after the receiver had a message and before it knew so: it tells the same again, and the receiver can tell. */
import { appendFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { ADA } from './notify-rig.ts'
import { servedAuthority } from './served-authority.ts'
import { smtpServer } from './smtp-server.ts'

const Listed = z.object({ requests: z.array(z.object({ ref: z.string() })) })
const Shown = z.object({ digest: z.string() })

test('killed with a mail under way, it sends the same mail again when it is back, once', async () => {
  const smtp = await smtpServer()
  const { settingsFile, start, database, approved, manage } = await servedAuthority()
  const notifications = { email: { from: 'agentpass@acme.example', smtp: { host: '127.0.0.1', port: smtp.port, tls: 'off' } } }
  const settings = { console: { sign_in: { issuer: 'https://login.acme.example', client_id: 'agentpass' } }, notifications }
  for (const [name, value] of Object.entries(settings)) appendFileSync(settingsFile, `\n${name}: ${JSON.stringify(value)}\n`)
  const first = await start()
  await approved(first)
  const { requests } = Listed.parse(await (await manage(first, '/requests')).json())
  const ref = requests[0]?.ref
  smtp.state.onMail = () => 'hang'
  const { digest } = Shown.parse(await (await manage(first, `/requests/${ref}`)).json())
  expect((await manage(first, `/requests/${ref}/revoke`, { digest })).status).toBe(200)
  await expect.poll(() => smtp.mails).toHaveLength(1)
  await first.stop('SIGKILL')

  const between = database()
  expect(await between.read.selectFrom('notification').select(['kind', 'state', 'tries']).execute()).toEqual([
    { kind: 'revoked', state: 'waiting', tries: 1 },
  ])
  await between.write((tx) => tx.updateTable('notification').set({ due_at: 0, taken_at: 0 }).execute()) // a minute later
  await between.close()
  smtp.state.onMail = undefined
  const second = await start()
  await expect.poll(() => smtp.mails).toHaveLength(2)
  await second.stop()

  const db = database()
  onTestFinished(db.close)
  expect(await db.read.selectFrom('notification').select(['state', 'tries']).execute()).toEqual([{ state: 'sent', tries: 2 }])
  expect(smtp.mails.map(({ to }) => to)).toEqual([ADA, ADA])
  expect(new Set(smtp.mails.map(({ headers }) => headers['message-id'])).size).toBe(1)
})
