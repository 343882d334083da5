/** Stands between parties and changes what they say to one another: takes members out, signs anew what was signed, and has no ear for some addresses. */

import type { KeyObject } from 'node:crypto'
import type { Hono } from 'hono'
import { type CryptoKey, decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { BEYOND, beyondDraft, type MessageName, type Party } from './draft-difference.ts'
import type { Members } from './spec/jws-fixture.ts'

/** What a party lacks of what lies beyond the published draft: all of it, or `message: member`. */
export type Lacks = 'everything beyond the draft' | readonly string[]
/** How the parties speak: what each lacks, and what is said otherwise than ours say it. */
export type Speech = { lacks: Partial<Record<Party, Lacks>>; says: Says }
export type Says = Partial<Record<MessageName, (members: Members) => Members>>
/** With which keys is signed anew. */
export type Keys = Partial<Record<MessageName, () => { privateKey: CryptoKey | KeyObject }>>

export type Refused = { at: string; status: number; code: string; message: string }
type Route = { request?: MessageName; answer?: MessageName; assertion?: MessageName }

const ROUTES: Record<string, Route> = {
  'GET /.well-known/agentpass-service': { answer: 'Service configuration' },
  'GET /.well-known/agentpass-service/jwks.json': { answer: 'Service keys' },
  'GET /.well-known/agentpass-authority': { answer: 'Authority configuration' },
  'GET /.well-known/jwks.json': { answer: 'Authority keys' },
  'POST /agentpass/resolve-authorities': { request: 'resolution request', answer: 'resolution answer' },
  'POST /issuance': { request: 'issuance request', answer: 'issuance status' },
  'GET /issuance/{id}': { answer: 'issuance status' },
  'POST /agentpass/available-scopes': { assertion: 'authority assertion', request: 'scopes request', answer: 'scopes answer' },
  'POST /agentpass/redeem/bearer-token': { request: 'bearer redemption', answer: 'bearer grant' },
  'POST /agentpass/redeem/browser-session': { request: 'browser redemption', answer: 'browser grant' },
  'POST /validate': { assertion: 'service assertion', request: 'validation request', answer: 'validation answer' },
  'POST /authorization/check': { assertion: 'service assertion', request: 'check request', answer: 'check answer' },
  'POST /authorization/close': { assertion: 'service assertion', request: 'close request', answer: 'close answer' },
}
/** Where in a body there is a signed object. */
const SIGNED: [MessageName, string[]][] = [
  ['holder proof', ['harness_proof', 'jwt']],
  ['task attestation', ['task', 'attestation', 'jwt']],
  ['harness attestation', ['harness', 'attestation', 'jwt']],
]
const HEADER = ['alg', 'typ', 'kid']

/** `heard` is what went over the wire, as it was said after all, and `refused` every refusal there. */
export function createTap(speech: Speech, keys: Keys) {
  const heard: { message: MessageName; members: Members }[] = []
  const refused: Refused[] = []

  const lacks = (party: Party, message: string, member: string) => {
    const lacking = speech.lacks[party] ?? []
    return lacking === 'everything beyond the draft' || lacking.includes(`${message}: ${member}`)
  }
  const speak = (message: MessageName, said: Members): Members => {
    const members = structuredClone(said)
    for (const { member, from, to } of BEYOND.filter((row) => row.message === message)) {
      if (lacks(from, message, member) || (to && lacks(to, message, member))) takeOut(members, member.split('.'))
    }
    const spoken = speech.says[message]?.(members) ?? members
    heard.push({ message, members: spoken })
    return spoken
  }
  const signAnew = async (kind: MessageName, compact: string): Promise<string> => {
    const said: Members = { ...decodeProtectedHeader(compact), ...decodeJwt(compact) }
    const spoken = speak(kind, said)
    if (JSON.stringify(spoken) === JSON.stringify(said)) return compact
    const key = keys[kind]?.()
    if (!key) throw new Error(`there is no key to sign a ${kind} with`)
    const isHeader = ([name]: [string, unknown]) => HEADER.includes(name)
    const entries = Object.entries(spoken)
    const header = { alg: 'ES256', ...Object.fromEntries(entries.filter(isHeader)) }
    return new SignJWT(Object.fromEntries(entries.filter((entry) => !isHeader(entry)))).setProtectedHeader(header).sign(key.privateKey)
  }
  const sayRequest = async ({ request, assertion }: Route, init: RequestInit = {}): Promise<RequestInit> => {
    if (!request) return init
    const headers = new Headers(init.headers)
    const bearer = headers.get('authorization')
    if (assertion && bearer) headers.set('authorization', `Bearer ${await signAnew(assertion, bearer.replace('Bearer ', ''))}`)
    const body: Members = JSON.parse(String(init.body))
    for (const [kind, path] of SIGNED) await changeAt(body, path, (compact) => signAnew(kind, compact))
    return { ...init, headers, body: encode(speak(request, { 'Content-Type': headers.get('content-type'), ...body }), headers) }
  }
  const sayAnswer = async ({ answer }: Route, response: Response): Promise<Response> => {
    if (!answer || !response.ok) return response
    const headers = new Headers(response.headers)
    headers.delete('content-length')
    const members = speak(answer, { 'Content-Type': headers.get('content-type'), ...(await response.json()) })
    return new Response(encode(members, headers), { status: response.status, headers })
  }
  return {
    heard,
    refused,
    /** A party as its peers meet it. */
    site: (app: Hono): Pick<Hono, 'request'> => ({
      request: async (input, init) => {
        const { method, url } = new Request(String(input), init)
        const at = `${method} ${new URL(url).pathname.replace(/^\/issuance\/[^/]+/, '/issuance/{id}')}`
        const owner = beyondDraft(at)
        if (owner && speech.lacks[owner] === 'everything beyond the draft') return new Response(null, { status: 404 })
        const route = ROUTES[at] ?? {}
        const response = await app.request(url, await sayRequest(route, init))
        if (response.status >= 400) refused.push({ at, status: response.status, ...(await response.clone().json()).error })
        return sayAnswer(route, response)
      },
    }),
  }
}

/** A signed object whose `typ` names no kind is of the type `JWT`. */
function takeOut(members: Members, [name = '', ...within]: string[]): void {
  const member = members[name]
  if (within.length > 0) {
    if (isMembers(member)) takeOut(member, within)
  } else if (name === 'typ') members.typ = 'JWT'
  else delete members[name]
}

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value)

async function changeAt(members: Members, [name = '', ...within]: string[], change: (text: string) => Promise<string>): Promise<void> {
  const member = members[name]
  if (within.length > 0 && isMembers(member)) await changeAt(member, within, change)
  if (within.length === 0 && typeof member === 'string') members[name] = await change(member)
}

/** A body without a media type must be bytes: text would be given one. */
function encode({ 'Content-Type': type, ...members }: Members, headers: Headers): BodyInit {
  headers.delete('content-type')
  if (typeof type === 'string') headers.set('content-type', type)
  return new TextEncoder().encode(JSON.stringify(members))
}
