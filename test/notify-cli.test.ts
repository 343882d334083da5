/** The command that sends one test message, and what the settings name: an operator is told what came of it. */
import { appendFileSync, writeFileSync } from 'node:fs'
import { Hono } from 'hono'
import { expect, onTestFinished, test } from 'vitest'
import { openDoor } from '../spec/node/serve.ts'
import { initialised, run, usedPort } from './cli-fixture.ts'
import { SECRET } from './notify-rig.ts'
import { smtpServer } from './smtp-server.ts'
import { createCertificateAuthority } from './world/ca.ts'
import { startNames } from './world/names.ts'

const ADA = 'ada@acme.example'

/** An Authority's settings with a mail server and webhooks, and its command line. `smtp` are changes to how the server is named. */
async function notified({ smtp = {}, host = 'hooks.localhost' }: { smtp?: object; host?: string } = {}) {
  const server = await smtpServer()
  const names = await startNames()
  onTestFinished(names.stop)
  const ca = await createCertificateAuthority()
  const door = await openDoor({ host: '127.0.0.1', port: 0, tls: await ca.issue([host]) })
  onTestFinished(door.close)
  const hooks = { heard: [] as { path: string; body: string }[], status: 204 }
  door.mount(
    new Hono().post('*', async (c) => {
      hooks.heard.push({ path: c.req.path, body: await c.req.text() })
      return new Response(null, { status: hooks.status })
    }),
  )
  const { settingsFile, at } = await initialised('authority')
  writeFileSync(at('ca.pem'), ca.pem)
  writeFileSync(at('secrets/tickets'), SECRET)
  writeFileSync(at('secrets/slack'), `https://hooks.localhost:${door.port}/services/a-secret`)
  writeFileSync(at('secrets/smtp'), 'a password')
  const settings = {
    network: { dns_servers: [names.address], allow_private: ['127.0.0.0/8'], ca_file: 'ca.pem' },
    console: { sign_in: { issuer: 'https://login.acme.example', client_id: 'agentpass' } },
    notifications: {
      email: {
        from: 'agentpass@acme.example',
        smtp: { host: '127.0.0.1', port: server.port, tls: 'off', user: 'agentpass', password: { file: 'secrets/smtp' }, ...smtp },
      },
      webhooks: [
        { name: 'tickets', shape: 'generic', url: `https://hooks.localhost:${door.port}/tickets`, secret: { file: 'secrets/tickets' } },
        { name: 'security', shape: 'slack', url: { file: 'secrets/slack' } },
      ],
    },
  }
  appendFileSync(
    settingsFile,
    Object.entries(settings)
      .map(([name, value]) => `\n${name}: ${JSON.stringify(value)}\n`)
      .join(''),
  )
  const cli = async (...args: string[]) => {
    const { code, stdout, stderr } = await run('authority', [...args, '--config', settingsFile])
    return { code, stdout, told: stderr.replaceAll('agentpass-authority: ', '').trim().split('\n') }
  }
  return { server, hooks, at, cli, mail: () => cli('notify', 'test', '--email', ADA), port: server.port, hooksPort: door.port }
}

test('a test mail arrives, and says of whom', async () => {
  const { server, mail, cli } = await notified()
  expect(await mail()).toEqual({ code: 0, stdout: `sent: the mail server has taken a mail for ${ADA}\n`, told: [''] })
  expect(server.mails.map(({ to, headers }) => [to, headers.subject])).toEqual([[ADA, 'A test of the notifications of AgentPass']])
  expect(server.mails[0]?.parts[0]?.text).toContain('The Authority https://authority.acme.example can tell you of requests.')
  const { stdout } = await cli('notify', 'test', '--email', ADA, '--json')
  expect(JSON.parse(stdout)).toEqual({ sent: `the mail server has taken a mail for ${ADA}` })
})

test.each<[string, (line: string) => string | undefined, string, string | undefined]>([
  [
    'refuses the recipient',
    (l) => (l.startsWith('RCPT') ? '550 5.1.1 no such user' : undefined),
    `refused the recipient ${ADA}: 550 5.1.1 no such user`,
    undefined,
  ],
  [
    'refuses the sender',
    (l) => (l.startsWith('MAIL') ? '553 not yours' : undefined),
    'refused the sender: 553 not yours',
    'hint: may this server send from email.from there?',
  ],
  [
    'refuses the password',
    (l) => (l.startsWith('AUTH') ? '535 5.7.8 wrong' : undefined),
    'refused user and password: 535 5.7.8 wrong',
    'hint: are smtp.user and smtp.password those of this server?',
  ],
])('a mail server that %s is quoted', async (_, answers, failure, hint) => {
  const { server, mail } = await notified()
  server.state.answers = answers
  expect(await mail()).toEqual({ code: 1, stdout: '', told: [`error: 127.0.0.1 ${failure}`, ...(hint === undefined ? [] : [hint])] })
})

test('a mail server that is not there, that begins no TLS, or whose certificate is of somebody else is told for what it is', async () => {
  const closed = await notified()
  await closed.server.down()
  expect((await closed.mail()).told).toEqual([`error: nothing listens at 127.0.0.1:${closed.port}`, 'hint: is the port right, and the server up?'])
  const plain = await notified({ smtp: { tls: 'starttls' } })
  plain.server.state.answers = (line) => (line === 'STARTTLS' ? '502 what?' : undefined)
  expect((await plain.mail()).told[0]).toBe('error: 127.0.0.1 does not begin TLS: 502 what?')
  const { hooksPort } = plain
  const untrusted = await notified({ smtp: { tls: 'implicit', port: hooksPort } })
  expect((await untrusted.mail()).told).toEqual([
    expect.stringMatching(/^error: the certificate of 127\.0\.0\.1 is not trusted: /),
    'hint: name its certificate authority as smtp.ca_file, and smtp.host as the certificate does',
  ])
  const silent = await notified({ smtp: { port: await usedPort() } })
  expect((await silent.mail()).code).toBe(1)
})

test('a test message reaches a webhook, and what that answers is told without the way there', async () => {
  const { hooks, cli } = await notified()
  const to = (name: string) => cli('notify', 'test', '--webhook', name)
  expect(await to('tickets')).toEqual({ code: 0, stdout: 'sent: tickets has taken a message\n', told: [''] })
  expect(await to('security')).toEqual({ code: 0, stdout: 'sent: security has taken a message\n', told: [''] })
  expect(hooks.heard.map(({ path }) => path)).toEqual(['/tickets', '/services/a-secret'])
  hooks.status = 401
  const refused = await to('security')
  expect([refused.code, refused.told]).toEqual([
    1,
    [
      expect.stringMatching(/^error: hooks\.localhost:\d+ answered 401$/),
      'hint: does the receiver verify with the same secret, and is its clock right?',
    ],
  ])
  expect((await to('other')).told).toEqual(['error: the settings name no webhook other', 'hint: there are: tickets, security'])
})

test('what is asked for must be one thing that the settings have', async () => {
  const { cli } = await notified()
  expect((await cli('notify', 'test')).code).toBe(2)
  expect((await cli('notify', 'test', '--email', ADA, '--webhook', 'tickets')).code).toBe(2)
  expect((await cli('notify', 'test', '--email', 'nobody')).told).toEqual(['error: nobody is no e-mail address'])
})

test('check-config judges the secrets by their shape, and says which is wrong without saying what it is', async () => {
  const { cli, at } = await notified({ smtp: { ca_file: 'ca.pem' } })
  expect((await cli('check-config')).code).toBe(0)
  writeFileSync(at('secrets/tickets'), 'whsec_too-short')
  writeFileSync(at('secrets/slack'), 'http://hooks.example/a-secret')
  const { code, told } = await cli('check-config')
  expect([code, told.filter((line) => line.startsWith('error'))]).toEqual([
    2,
    [
      expect.stringContaining('notifications.webhooks.0.secret: what is there is not whsec_ and 24 to 64 bytes in base64'),
      expect.stringContaining('notifications.webhooks.1.url: what is there is no https URL'),
    ],
  ])
  expect(told.join()).not.toMatch(/too-short|a-secret/)
  writeFileSync(at('ca.pem'), 'no certificate')
  expect((await cli('check-config')).told.join()).toContain('notifications.email.smtp.ca_file is no certificate in PEM')
})
