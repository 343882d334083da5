/** What is told: the facts, in every channel the same; whatever others wrote is text in its place, and nothing in it is a secret. */
import { expect, test } from 'vitest'
import { HOSTILE } from './browser/hostile-tasks.ts'
import { configurationOf, DESK_SCOPES } from './fake-service.ts'
import { ADA, GENERIC, notifying, REST, SECRET, SLACK, SLACK_URL } from './notify-rig.ts'
import { SERVICE } from './parties.ts'
import type { Received } from './smtp-server.ts'

const ALL = { roles: [], webhooks: [GENERIC, SLACK], notifications: { remind_after_seconds: 'off' } }
const PASSWORD = 'the password of the mail server'
/** What a reader must never meet as it is: it is not seen, or changes how the rest is seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u
const TEXTS: [string, string][] = [
  ['harmless', 'Answer ticket 17'],
  ['headers of a mail', 'x\r\nBcc: eve@evil.example\r\nSubject: Approved\r\n\r\n<h1>Approved</h1>\r\n.\r\nQUIT\r\n'],
  ['a part of a mail', '--boundary\r\nContent-Type: text/html\r\n\r\n<b>x</b>'],
  [
    'calls of Slack',
    '<!channel> <!here> <@U012AB3CD> <https://evil.example|Approve> *bold* _it_ ~no~ `code` ```block``` :white_check_mark: &lt;!channel&gt;',
  ],
  ['addresses without a scheme', 'go to www.evil.example or evil.example/approve, mailto:x@evil.example, //evil.example'],
  ...Object.values(HOSTILE).flat(),
]
const HEADERS = ['auto-submitted', 'content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to', 'x-auto-response-suppress']

const partOf = ({ parts }: Received, type: string): string => parts.find((part) => part.type.startsWith(type))?.text ?? ''
/** A mail's tags and attributes, but for how many lines others wrote, and which request it is. */
const skeletonOf = (html: string, link: string): string =>
  html
    .replaceAll(link, 'LINK')
    .replace(/<bdi>[^<]*<\/bdi>/g, '<bdi></bdi>')
    .replace(/(<div><bdi><\/bdi><\/div>)+/g, '<div><bdi></bdi></div>')

/** Every string in a JSON value. */
const stringsIn = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : value !== null && typeof value === 'object' ? Object.values(value).flatMap(stringsIn) : []

function expectHarmless(name: string, mail: Received, { link, harmless }: { link: string; harmless: { mail: Received; link: string } }): void {
  expect([name, Object.keys(mail.headers).sort(), mail.headers.subject]).toEqual([name, HEADERS, 'An agent asks for access at desk.example'])
  expect([name, mail.to, mail.raw.length < 60_000]).toEqual([name, ADA.replace('ada', mail.to.split('@')[0] ?? ''), true])
  const [text, html] = [partOf(mail, 'text/plain'), partOf(mail, 'text/html')]
  const lines = text.split(/\r?\n/)
  expect([name, lines.filter((line) => UNSEEN.test(line))]).toEqual([name, []])
  const [from, to] = [lines.findIndex((line) => line.startsWith('What the agent says')), lines.findIndex((line) => line.startsWith('Look at it'))]
  expect([name, lines.slice(from + 1, to - 1).every((line) => line.startsWith('  | '))]).toEqual([name, true])
  expect([name, text.match(/\S*:\/\/\S*/g)]).toEqual([name, [link]])
  expect([name, html.replace(/<title>.*?<\/title>|<[^>]*>/gs, '').match(/\S*:\/\/\S*|www\.|\.example\/|(?<!acme)\.example/g)]).toEqual([name, null])
  expect([name, skeletonOf(html, link)]).toEqual([name, skeletonOf(partOf(harmless.mail, 'text/html'), harmless.link)])
  expect([name, UNSEEN.test(html.replaceAll('\u00a0', ' ').replace(/\n/g, ''))]).toEqual([name, false])
}

function expectCalm(name: string, body: string): void {
  const message = JSON.parse(body)
  if (!message.blocks) {
    const { description, ...others } = message.data.task
    expect([name, [...stringsIn({ ...message.data, task: others }), ...description.split('\n')].filter((one) => UNSEEN.test(one))]).toEqual([
      name,
      [],
    ])
    return
  }
  expect([name, stringsIn(message).filter((one) => /[<>]/.test(one))]).toEqual([name, []])
  const marked = message.blocks.filter(({ text }: { text?: { type: string } }) => text?.type === 'mrkdwn')
  expect([name, message.text, marked.map(({ text }: { text: { text: string } }) => text.text)]).toEqual([
    name,
    'An agent asks for access at desk[.]example',
    ['*An agent asks for access at desk[.]example*'],
  ])
  for (const { text } of message.blocks) if (text) expect([name, text.text.length <= 3000]).toEqual([name, true])
}

test('whatever an agent writes of its task is told as text, cut, in every channel, and changes nothing around it', async () => {
  const w = await notifying(ALL)
  const links = new Map<string, { name: string; link: string }>()
  for (const [i, [name, description]] of TEXTS.entries()) {
    const user = `user-${i}@acme.example`
    const agent = /^[^\0]{1,1024}$/su.test(description) ? { harness: { id: description } } : {}
    const { ref } = await w.asked(user, { task: { id: 'task-17', description }, ...agent })
    links.set(user, { name, link: w.link(ref) })
  }
  await w.settled()
  expect([w.smtp.mails.length, w.hooks.heard.length]).toEqual([TEXTS.length, 2 * TEXTS.length])
  const first = w.smtp.mails.find(({ to }) => to === 'user-0@acme.example')!
  const harmless = { mail: first, link: links.get(first.to)!.link }
  for (const mail of w.smtp.mails) expectHarmless(links.get(mail.to)!.name, mail, { link: links.get(mail.to)!.link, harmless })
  for (const { body } of w.hooks.heard) expectCalm(body.slice(0, 80), body)
})

test.each(['<!channel> & <b>"x"</b>', 'x\u202ey\r\nBcc: eve@evil.example', 'https://evil.example/approve', `${'W'.repeat(1000)}`])(
  'what a Service calls itself and its scopes, such as %j, is text too',
  async (text) => {
    const w = await notifying(ALL)
    const configuration = configurationOf(SERVICE)
    w.desk.pages.configuration = () => Response.json({ ...configuration, service: { origin: SERVICE, name: text } })
    w.desk.pages.scopes = () => Response.json({ scopes: DESK_SCOPES.map(({ name }) => ({ name, description: text })) })
    const { ref } = await w.asked()
    await w.settled()
    const [mail] = w.smtp.mails
    expectHarmless(text, mail!, { link: w.link(ref), harmless: { mail: mail!, link: w.link(ref) } })
    for (const { body } of w.hooks.heard) expectCalm(text, body)
  },
)

test('the text and the HTML of a mail say the same facts', async () => {
  const w = await notifying({ ...ALL, webhooks: [] })
  const { ref } = await w.asked()
  await w.settled()
  const said = partOf(w.smtp.mails[0]!, 'text/plain')
  expect(said).toBe(
    [
      'An agent asks for access at desk[.]example',
      '',
      'Agent           test-harness',
      'How well known  unverified: nobody vouches for it; it chose its name itself',
      'For             ada@acme.example',
      'At              desk[.]example, which calls itself “Ticket desk”',
      'As              a token for its API',
      'Asks for        tickets:read: Read tickets',
      '                tickets:write: Write tickets',
      'For how long    1 h, from when the agent begins',
      'Waits until     2023-11-14 22:28 UTC',
      '',
      'What the agent says of its task, in its own words, which nobody has checked:',
      '  | Answer ticket 17',
      '',
      'Look at it and decide:',
      w.link(ref),
      '',
      'The link opens a page of your Authority, where you sign in. Opening it decides nothing.',
    ].join('\r\n'),
  )
  const html = partOf(w.smtp.mails[0]!, 'text/html')
  for (const line of said.split('\r\n'))
    for (const fact of line.replace(/^ {2}\| /, '').split(/ {2,}/)) expect(html).toContain(fact.replace(/:$/, ''))
})

test('an approval is told with the scopes that were granted, and a refusal with its reason', async () => {
  const w = await notifying(ALL)
  const { id } = await w.asked()
  const { id: other } = await w.asked('ben@acme.example')
  await w.settled()
  await w.act('approve', id, { scope: ['tickets:read'] })
  await w.act('deny', other, { reason: 'not <on> a Friday' })
  await w.tick(REST)
  await w.settled()
  const [approved, denied] = ['Approved', 'Denied'].map((word) => w.smtp.mails.find(({ headers }) => headers.subject?.startsWith(word))!)
  expect(partOf(approved!, 'text/plain')).toContain('May do          tickets:read: Read tickets\r\nFor how long')
  expect(partOf(denied!, 'text/plain')).toContain('Because         not <on> a Friday')
  expect(partOf(denied!, 'text/html')).toContain('not &lt;on&gt; a Friday')
  const told = w.hooks.heard.map(({ body }) => JSON.parse(body)).find(({ type }) => type === 'request.approved')
  expect([told.data.scopes, told.data.granted]).toEqual([['tickets:read', 'tickets:write'], ['tickets:read']])
})

test('an address with international letters is written to as it is', async () => {
  const w = await notifying({ ...ALL, webhooks: [], domains: ['bücher.example'].map((name) => new URL(`https://${name}`).hostname) })
  await w.asked('müller@bücher.example')
  await w.settled()
  expect(w.smtp.mails.map(({ to }) => to)).toEqual(['müller@bücher.example'])
  expect(w.smtp.commands.find((line) => line.startsWith('MAIL'))).toContain('SMTPUTF8')
  w.smtp.state.answers = (line) => (line.startsWith('RCPT') ? '553 5.6.7 no' : undefined)
  await w.asked('zoë@bücher.example')
  await w.settled()
  expect((await w.rows()).find(({ state }) => state === 'failed')?.last_error).toContain('SMTPUTF8')
})

test('whether it is sent or fails, no message, log line, audit event or row has anything secret in it', async () => {
  const w = await notifying({ ...ALL, password: PASSWORD })
  const life = async () => {
    const { id, value } = await w.approved({ user: { email: ADA } })
    const bearer = w.desk.bearer()
    await w.validate(value, bearer)
    await w.tick(REST)
    await w.settled()
    await w.act('revoke', id)
    return { id, value, bearer: bearer.slice('Bearer '.length) }
  }
  const secrets = [await life()]
  await w.tick(REST)
  await w.settled()
  expect(w.smtp.commands.some((line) => line.startsWith('AUTH'))).toBe(true)
  w.smtp.state.answers = (line) => (line.startsWith('AUTH') ? `535 5.7.8 ${PASSWORD} is wrong` : undefined)
  w.smtp.hangUp()
  w.net.unplug(new URL(SLACK_URL).origin)
  secrets.push(await life())
  await w.tick(REST)
  await w.settled()
  expect((await w.rows()).filter(({ last_error }) => last_error !== null).length).toBeGreaterThan(2)
  await w.manage('/ready')
  const written = [
    ...w.smtp.mails.flatMap(({ raw, parts }) => [raw, ...parts.map(({ text }) => text)]),
    ...w.hooks.heard.flatMap(({ headers, body }) => [body, JSON.stringify([...headers])]),
    ...w.lines,
    JSON.stringify(await w.rows()),
    JSON.stringify(await w.db.read.selectFrom('audit').selectAll().execute()),
  ].join('\n')
  expect(written).toContain(ADA)
  const never = [...secrets.flatMap(({ id, value, bearer }) => [id, value, bearer]), SECRET, SLACK_URL, new URL(SLACK_URL).pathname, PASSWORD]
  for (const secret of [...never, w.authority.opening.adminToken, '/issuance/']) expect([secret, written.includes(secret)]).toEqual([secret, false])
})
