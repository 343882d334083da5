/** A mail server played by hand: what it takes, refuses or leaves unanswered is the test's business. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A mail as it came: its envelope, its headers by lower-case name, unfolded, and all of it as text. */
export type Received = { from: string; to: string; headers: Record<string, string>; raw: string; parts: { type: string; text: string }[] }
/** How it answers a command, or a whole mail; undefined is as a good server does. `hang`: not at all. */
type Answers = (line: string) => string | 'hang' | undefined

/** A server on a free port of loopback, without TLS. */
export async function smtpServer() {
  const mails: Received[] = []
  const commands: string[] = []
  const sockets = new Set<Socket>()
  const state = { answers: (() => undefined) as Answers, onMail: undefined as ((mail: Received) => string | 'hang' | Promise<string>) | undefined }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    converse(socket, { commands, mails, state }).catch(() => undefined) // whoever spoke has gone
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('no port')
  const hangUp = () => {
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(async () => {
    hangUp()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  })
  return {
    port: address.port,
    mails,
    commands,
    state,
    hangUp,
    connections: () => sockets.size,
    /** Nobody listens there until it is up again. */
    down: async () => {
      hangUp()
      await new Promise((resolve) => server.close(resolve))
    },
    up: async () => {
      server.listen(address.port, '127.0.0.1')
      await once(server, 'listening')
    },
  }
}

type Conversation = Pick<Awaited<ReturnType<typeof smtpServer>>, 'commands' | 'mails' | 'state'>

async function converse(socket: Socket, { commands, mails, state }: Conversation): Promise<void> {
  const say = (line: string | undefined) => void (line !== 'hang' && socket.writable && socket.write(`${line}\r\n`))
  say('220 mail.example ESMTP')
  let envelope = { from: '', to: '' }
  let data: string[] | undefined
  let rest = ''
  socket.setEncoding('utf8')
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    const lines = (rest + chunk).split('\r\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (data) {
        if (line !== '.') {
          data.push(line.replace(/^\./, ''))
          continue
        }
        const mail = readMail(envelope, data.join('\r\n'))
        data = undefined
        mails.push(mail)
        say((await state.onMail?.(mail)) ?? '250 taken')
        continue
      }
      commands.push(line)
      const answer = state.answers(line)
      if (answer === undefined && /^MAIL FROM:/i.test(line)) envelope = { from: /<(.*?)>/.exec(line)?.[1] ?? '', to: '' }
      if (answer === undefined && /^RCPT TO:/i.test(line)) envelope.to = /<(.*?)>/.exec(line)?.[1] ?? ''
      if (answer === undefined && line === 'DATA') data = []
      say(answer ?? usual(line))
    }
  }
}

function usual(line: string): string {
  if (/^EHLO/i.test(line)) return ['250-mail.example', '250-AUTH PLAIN', '250-8BITMIME', '250 SMTPUTF8'].join('\r\n')
  if (line === 'DATA') return '354 go on'
  if (/^AUTH/.test(line)) return '235 welcome'
  return line === 'QUIT' ? '221 bye' : '250 fine'
}

/** A mail of ours, read as its receiver does. */
export function readMail(envelope: { from: string; to: string }, raw: string): Received {
  const [head = '', ...body] = raw.split('\r\n\r\n')
  const headers = headersOf(head)
  const boundary = /boundary="([^"]+)"/.exec(headers['content-type'] ?? '')?.[1] ?? ''
  const parts = body
    .join('\r\n\r\n')
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const [partHead = '', ...content] = part.trim().split('\r\n\r\n')
      const own = headersOf(partHead)
      return { type: own['content-type'] ?? '', text: decoded(content.join('\r\n\r\n'), own['content-transfer-encoding']) }
    })
  return { ...envelope, headers, raw, parts }
}

const headersOf = (head: string): Record<string, string> =>
  Object.fromEntries(
    head
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )

function decoded(text: string, encoding = '7bit'): string {
  if (encoding === 'base64') return Buffer.from(text, 'base64').toString('utf8')
  if (encoding !== 'quoted-printable') return text
  const bytes = text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
