import { rootCertificates } from 'node:tls'
import { createTransport } from 'nodemailer'
import { z } from 'zod'
import { visible } from '../approve/visible.ts'
import type { Delivery } from '../notify/delivery.ts'
import type { Mail, SendMail } from '../notify/mail.tsx'
import type { SmtpSettings } from '../notify/settings.ts'

/** Sends mail through the server of the settings, over connections that are kept. `close` lets go of them. */
export type Mailer = { send: SendMail; close: () => void }
type Given = { smtp: SmtpSettings; from: string; password: string | undefined; ca: string | undefined; host: string }

/** No attempt takes longer than that. */
const MOST_MS = 45_000
const CONNECTIONS = 4

/** Opens nothing before the first mail. `ca` is PEM to trust beside the usual roots, `host` what Message-IDs end with. */
export function createMailer({ smtp, from, password, ca, host }: Given): Mailer {
  const transport = createTransport(transportOf(smtp, { password, ca }))
  const idOf = (id: string): string => `<${id}@${host}>`
  const send = ({ id, to, subject, text, html, before, at }: Mail, signal: AbortSignal) => {
    const mail = {
      ...{ from: { name: 'AgentPass', address: from }, to: { name: '', address: to }, subject, text, html, date: new Date(at * 1000), signal },
      messageId: idOf(id),
      ...(before.length > 0 && { references: before.map(idOf), inReplyTo: idOf(before.at(-1) ?? '') }),
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    }
    return transport.sendMail(mail)
  }
  return {
    async send(mail) {
      const late = new AbortController()
      const timer = setTimeout(() => late.abort(), MOST_MS)
      try {
        await send(mail, late.signal)
        return 'sent'
      } catch (failure) {
        return deliveryOf(failure, { smtp, to: mail.to, password })
      } finally {
        clearTimeout(timer)
      }
    },
    close: () => transport.close(),
  }
}

const transportOf = (smtp: SmtpSettings, { password, ca }: Pick<Given, 'password' | 'ca'>) => ({
  pool: true as const,
  maxConnections: CONNECTIONS,
  maxRequeues: 0, // what came to nothing is tried again by us
  host: smtp.host,
  port: smtp.port,
  secure: smtp.tls === 'implicit',
  requireTLS: smtp.tls === 'starttls',
  ignoreTLS: smtp.tls === 'off',
  tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2' as const, ca: [...rootCertificates, ...(ca === undefined ? [] : [ca])] },
  ...(smtp.user !== undefined && password !== undefined && { auth: { user: smtp.user, pass: password } }),
  connectionTimeout: 10_000,
  greetingTimeout: 10_000,
  socketTimeout: 20_000,
  disableFileAccess: true,
  disableUrlAccess: true,
})

const Failure = z.looseObject({
  message: z.string(),
  code: z.string().optional(),
  command: z.string().optional(),
  response: z.string().optional(),
  responseCode: z.union([z.number(), z.literal(false)]).optional(),
})
type Failure = z.infer<typeof Failure>
/** Says more of the connection than of the mail. */
const OUT_OF_ORDER = 503
type About = { smtp: SmtpSettings; to: string; password: string | undefined }

/** What a failure comes to, in words for an operator. A refusal for good of this recipient, or of what this mail says, is final; of all else something may be mended meanwhile. */
function deliveryOf(failure: unknown, about: About): Delivery {
  const told = Failure.safeParse(failure).data ?? { message: String(failure) }
  const { failure: words, ...more } = wordsOf(told, about)
  return { failure: visible(about.password ? words.replaceAll(about.password, '…') : words), ...more }
}

function wordsOf(e: Failure, { smtp, to }: About): Exclude<Delivery, 'sent'> {
  const { host, port } = smtp
  const said = e.response ?? e.message
  const isForGood = typeof e.responseCode === 'number' && e.responseCode >= 500 && e.responseCode !== OUT_OF_ORDER
  if (e.command === 'RCPT TO') {
    const isTheirs = !isForGood || isOfRecipient(e.responseCode, said)
    return {
      failure: `${host} refused the recipient ${to}: ${said}${asciiWords(to)}`,
      isFinal: isForGood && isTheirs,
      ...(isTheirs && { refused: 'recipient' }),
    }
  }
  if (e.command === 'MAIL FROM') return { failure: `${host} refused the sender: ${said}`, hint: 'may this server send from email.from there?' }
  if (e.code === 'EMESSAGE' || e.command === 'DATA') return { failure: `${host} refused the mail: ${said}`, isFinal: isForGood, refused: 'mail' }
  if (e.code === 'EAUTH')
    return { failure: `${host} refused user and password: ${said}`, hint: 'are smtp.user and smtp.password those of this server?' }
  if (/certificate|altnames/i.test(e.message))
    return {
      failure: `the certificate of ${host} is not trusted: ${e.message}`,
      hint: 'name its certificate authority as smtp.ca_file, and smtp.host as the certificate does',
    }
  if (e.command === 'STARTTLS')
    return { failure: `${host} does not begin TLS: ${said}`, hint: 'smtp.tls: implicit is for port 465, starttls for 587' }
  if (e.message.includes('ECONNREFUSED')) return { failure: `nothing listens at ${host}:${port}`, hint: 'is the port right, and the server up?' }
  if (e.code === 'EDNS') return { failure: `${host} has no address: ${e.message}`, hint: 'is smtp.host spelled right?' }
  if (e.code === 'ETIMEDOUT' || e.code === 'EABORT')
    return { failure: `${host}:${port} did not answer in time`, hint: 'does a firewall stand between? is smtp.tls what this port speaks?' }
  return { failure: `${host}: ${e.message}` }
}

/** Servers put a refusal of the client, the sender or relaying off until they are told a recipient (Postfix does, with 5.7.1): of the recipient itself is what is said of an address or a mailbox (RFC 3463, 6531). */
function isOfRecipient(code: unknown, said: string): boolean {
  const [, about] = /\b5\.(\d+\.\d+)\b/.exec(said) ?? []
  return about === undefined ? code === 550 || code === 551 || code === 553 : /^(?:1\.(?![78]$)|2\.|6\.7$)/.test(about)
}

const asciiWords = (to: string): string => (/^[\x21-\x7e]+$/.test(to) ? '' : ' (an address that is not ASCII needs a server that knows SMTPUTF8)')
