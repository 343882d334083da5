import { randomBytes } from 'node:crypto'
import { expectStatus, isErrorBody, isSuccess, type Reply, type Send } from '../actors/client.ts'
import { type Case, expectThat } from '../case.ts'
import { expectAdmitted, expectNotAdmitted } from './admission.ts'
import { maybeAnswered } from './presenting.ts'
import type { AuthorityStage, Message } from './stage.ts'

const JSON_TYPE = 'application/json'
const typed = (body: Buffer, type = JSON_TYPE): Send & { body: Buffer } => ({ body, headers: { 'content-type': type } })
const text = (body: string, type?: string) => typed(Buffer.from(body), type)

/** Bodies that are no message, made of one that is. The last member is the status that is suggested. */
const NO_MESSAGES: [slug: string, about: string, of: (good: string) => ReturnType<typeof typed>, status?: number][] = [
  ['empty', 'the body is empty', () => text('')],
  ['cut', 'the JSON breaks off', (good) => text(good.slice(0, -1))],
  ['trailing', 'something follows the JSON', (good) => text(`${good} and more`)],
  ['null', 'the body is null', () => text('null')],
  ['list', 'the message stands in a list', (good) => text(`[${good}]`)],
  ['text', 'the message stands in a text', (good) => text(JSON.stringify(good))],
  ['number', 'the body is a number', () => text('5')],
  [
    'utf-8',
    'the body is not valid UTF-8',
    (good) => typed(Buffer.concat([Buffer.from(good.slice(0, -1)), Buffer.from(',"note":"\xff\xfe"}', 'latin1')])),
  ],
  ['utf-16', 'the body is UTF-16', (good) => typed(Buffer.from(good, 'utf16le'))],
  ['form', 'Content-Type is that of a form', (good) => text(good, 'application/x-www-form-urlencoded'), 415],
  ['plain', 'Content-Type is that of plain text', (good) => text(good, 'text/plain'), 415],
  ['latin-1', 'Content-Type has another charset', (good) => text(good, 'application/json; charset=iso-8859-1'), 415],
]

/** What a request on the wire is, line by line. */
const lines = (s: AuthorityStage, headers: string[], body: string): string => {
  const { host, pathname } = new URL(s.document.endpoints.issuance)
  return [`POST ${pathname} HTTP/1.1`, `Host: ${host}`, 'Content-Type: application/json', 'Connection: close', ...headers, '', body].join('\r\n')
}
const chunked = (body: string): string => `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`

/** Requests whose length two readers take for two (RFC 9112 §6.3). */
const SMUGGLED: [slug: string, about: string, headers: (body: string) => string[], body: (body: string) => string][] = [
  [
    'both-lengths',
    'the request has Content-Length and Transfer-Encoding',
    (body) => [`Content-Length: ${Buffer.byteLength(body)}`, 'Transfer-Encoding: chunked'],
    chunked,
  ],
  [
    'two-lengths',
    'the request has two Content-Length',
    (body) => [`Content-Length: ${Buffer.byteLength(body)}`, 'Content-Length: 5'],
    (body) => body,
  ],
  ['blank-before-colon', 'there is a blank before the colon of a header', (body) => [`Content-Length : ${Buffer.byteLength(body)}`], (body) => body],
  ['folded', 'a header goes on in the next line', (body) => [`Content-Length: ${Buffer.byteLength(body)}`, 'X-Folded: one', ' two'], (body) => body],
]

const padded = (message: Message, bytes: number) => ({ ...message, padding: 'x'.repeat(bytes) })
const nested = (message: Message, depth: number): string =>
  JSON.stringify({ ...message, deep: 0 }).replace('"deep":0', `"deep":${'['.repeat(depth)}${']'.repeat(depth)}`)

/** That a body over every limit was not admitted, and that the Authority is there still. */
async function expectTooLarge(s: AuthorityStage, sent: Promise<Reply>, message: Message): Promise<void> {
  const reply = await maybeAnswered(sent) // who has read enough may close the connection
  if (reply) expectNotAdmitted(reply)
  expectAdmitted(await s.issue(message))
}

/** Texts that a careless pattern takes seconds or years for. */
const SLOW_TEXTS: [slug: string, about: string, of: (message: Message) => unknown][] = [
  [
    'email',
    'user.email is 60,000 characters that a pattern could backtrack in',
    (message) => ({ ...message, user: { email: `${'a.'.repeat(30_000)}@${' '.repeat(500)}!` } }),
  ],
  ['email-blanks', 'user.email ends in 60,000 blanks', (message) => ({ ...message, user: { email: `a@b${' '.repeat(60_000)}!` } })],
  [
    'origin',
    'service.origin is 60,000 characters that a pattern could backtrack in',
    (message) => ({ ...message, service: { origin: `https://${'a-'.repeat(30_000)}!/` } }),
  ],
]
/** How long a refusal may take, for what a good request takes here and now. */
const promptly = (goodMs: number): number => Math.round(Math.max(1500, 10 * goodMs))

/** The body of an issuance request: how it is written, and how much it may be (§5.3.1, RFC 9112). */
export const issuanceBody: Case<AuthorityStage>[] = [
  ...NO_MESSAGES.map(
    ([slug, about, of, status = 400]): Case<AuthorityStage> => ({
      id: `AUTH-ISS-13/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const right = s.message(s.service())
        const { body, headers } = of(JSON.stringify(right))
        const reply = await s.client.send(s.document.endpoints.issuance, { method: 'POST', body, ...(headers && { headers }) })
        expectStatus(reply, status)
        expectThat(isErrorBody(reply), 'an error body', reply.text)
        expectAdmitted(await s.issue(right))
      },
    }),
  ),
  ...SMUGGLED.map(
    ([slug, about, headers, body]): Case<AuthorityStage> => ({
      id: `AUTH-ISS-13/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const right = s.message(s.service())
        const json = JSON.stringify(right)
        const reply = await maybeAnswered(s.client.raw(s.document.endpoints.issuance, lines(s, headers(json), body(json))))
        if (reply) expectStatus(reply, 400, 411, 431, 501)
        expectAdmitted(await s.issue(right))
      },
    }),
  ),
  {
    id: 'AUTH-ISS-24/huge',
    about: 'the body has 10 MB, in a member that nobody knows',
    negative: true,
    run: async (s) => {
      const message = s.message(s.service())
      await expectTooLarge(s, s.issue(padded(message, 10_000_000)), message)
    },
  },
  {
    id: 'AUTH-ISS-24/chunked',
    about: 'the body has 2 MB, and does not say so before',
    negative: true,
    run: async (s) => {
      const message = s.message(s.service())
      const body = chunked(JSON.stringify(padded(message, 2_000_000)))
      await expectTooLarge(s, s.client.raw(s.document.endpoints.issuance, lines(s, ['Transfer-Encoding: chunked'], body)), message)
    },
  },
  {
    id: 'AUTH-ISS-24/deep',
    about: 'the body nests 30,000 deep',
    negative: true,
    run: async (s) => {
      const message = s.message(s.service())
      const reply = await maybeAnswered(s.client.send(s.document.endpoints.issuance, { method: 'POST', body: nested(message, 30_000) }))
      if (reply && isSuccess(reply)) s.warn('a body that nests so deep is better refused')
      else if (reply) expectNotAdmitted(reply)
      expectAdmitted(await s.issue(message))
    },
  },
  {
    id: 'AUTH-ISS-24/description',
    about: 'task.description has 20,000 characters',
    negative: true,
    run: async (s) => {
      const message = s.message(s.service())
      const reply = await s.issue({ ...message, task: { ...message.task, description: randomBytes(10_000).toString('hex') } })
      if (isSuccess(reply)) s.warn('nobody reads 20,000 characters before approving: a description may have 16,384')
      else expectNotAdmitted(reply)
      expectAdmitted(await s.issue(message))
    },
  },
  ...SLOW_TEXTS.map(
    ([slug, about, of]): Case<AuthorityStage> => ({
      id: `AUTH-ISS-24/slow-${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const message = s.message(s.service())
        const most = promptly((await s.issue(message)).ms)
        const reply = await s.issue(of(message))
        expectNotAdmitted(reply)
        expectThat(reply.ms < most, `a refusal within ${most} ms`, `one after ${Math.round(reply.ms)} ms`)
        expectAdmitted(await s.issue(message))
      },
    }),
  ),
]
