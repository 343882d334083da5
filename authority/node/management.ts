import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { rootCertificates } from 'node:tls'
import { Agent, request } from 'undici'
import type { z } from 'zod'
import { messageOf, OperatorError } from '../../spec/node/operator-error.ts'
import { readAdminToken, readSettings } from '../../spec/node/settings.ts'
import { parseUrl } from '../../spec/origin.ts'
import { ErrorResponse } from '../../spec/wire/error.ts'
import { AuthoritySettings } from '../settings.ts'
import { refusalOf } from './refusal.ts'

/** Where the management door is: what the settings say, unless somebody says otherwise. */
export type ManagementOptions = { config: string; management?: string; ca?: string }

/** Talks to a running Authority's management door under the admin token. Throws OperatorError for every refusal, and when nobody answers. */
export type Management = {
  get: <S extends z.ZodType>(path: string, schema: S) => Promise<z.infer<S>>
  /** `answerMs`: how long the work may take, where it is more than a moment. */
  post: <S extends z.ZodType>(path: string, body: object, schema: S, options?: { answerMs?: number }) => Promise<z.infer<S>>
  delete: <S extends z.ZodType>(path: string, schema: S) => Promise<z.infer<S>>
}

type Asked = { method: 'GET' | 'POST' | 'DELETE'; path: string; body?: object | undefined; answerMs?: number | undefined }

const ANSWER_MS = 15_000

/** Runs `work` with the management door, and lets go of the connection after it. */
export async function withManagement<T>(options: ManagementOptions, work: (management: Management) => Promise<T>): Promise<T> {
  const { management } = readSettings(options.config, AuthoritySettings)
  const base = baseOf(options.management ?? addressOf(management.listen))
  const token = readAdminToken(options.config, management.admin_token)
  const agent = new Agent({
    bodyTimeout: ANSWER_MS,
    connect: { timeout: 5000, ...(options.ca !== undefined && { ca: readCa(options.ca) }) },
  })
  const call = async <S extends z.ZodType>({ method, path, body, answerMs = ANSWER_MS }: Asked, schema: S): Promise<z.infer<S>> => {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json', ...(body && { 'content-type': 'application/json' }) }
    const init = { dispatcher: agent, method, headers, headersTimeout: answerMs, ...(body && { body: JSON.stringify(body) }) }
    const answer = await request(`${base}${path}`, init)
      .then(async ({ statusCode, body }) => ({ status: statusCode, text: await body.text() }))
      .catch((cause) => {
        throw unreachable(base, cause)
      })
    return read(base, answer, schema)
  }
  try {
    return await work({
      get: (path, schema) => call({ method: 'GET', path }, schema),
      post: (path, body, schema, { answerMs } = {}) => call({ method: 'POST', path, body, answerMs }, schema),
      delete: (path, schema) => call({ method: 'DELETE', path }, schema),
    })
  } finally {
    await agent.close()
  }
}

function baseOf(url: string): string {
  const parsed = parseUrl(url)
  if (parsed && /^https?:$/.test(parsed.protocol) && parsed.pathname === '/') return parsed.origin
  throw new OperatorError(`${url} is no address of a management door`, { exitCode: 2, hint: 'such as http://127.0.0.1:9443' })
}

/** A door that listens on every address is reached on loopback. */
function addressOf({ host, port, tls }: AuthoritySettings['management']['listen']): string {
  if (port === 0)
    throw new OperatorError('management.listen.port is 0: any free port', {
      exitCode: 2,
      hint: 'name the address that serve printed with --management',
    })
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${tls ? 'https' : 'http'}://${isIPv6(reached) ? `[${reached}]` : reached}:${port}`
}

function readCa(file: string): string[] {
  try {
    const pem = readFileSync(file, 'utf8')
    new X509Certificate(pem) // what is no certificate would be passed over in silence
    return [...rootCertificates, pem]
  } catch (cause) {
    throw new OperatorError(`${file} is no certificate that can be read`, { cause, exitCode: 2, hint: '--ca names a PEM file' })
  }
}

function read<S extends z.ZodType>(base: string, { status, text }: { status: number; text: string }, schema: S): z.infer<S> {
  const body = parse(text)
  const answer = schema.safeParse(body)
  if (status >= 200 && status < 300 && answer.success) return answer.data
  const refused = ErrorResponse.safeParse(body)
  if (status >= 400 && refused.success) throw refusalOf(refused.data.error)
  throw new OperatorError(`${base} answered ${status}, and not as the management door of an authority does`, {
    hint: 'is this the port of management.listen, and of a server of this version?',
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // judged as what is no answer of ours
  }
}

const CERTIFICATE = /^(?:CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/

function unreachable(base: string, cause: unknown): OperatorError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (CERTIFICATE.test(code))
    return new OperatorError(`the certificate of ${base} is not trusted: ${messageOf(cause)}`, {
      cause,
      hint: 'name its certificate authority with --ca',
    })
  return new OperatorError(`the management door at ${base} cannot be reached${code && ` (${code})`}`, {
    cause,
    hint: 'start it with agentpass-authority serve, or name its address with --management',
  })
}
