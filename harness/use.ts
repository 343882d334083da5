import { z } from 'zod'
import type { Fetch } from '../spec/effects.ts'
import { parseUrl } from '../spec/origin.ts'
import { discard } from '../spec/peer.ts'
import { refusalOf } from './answer.ts'
import { failAt, TripFailure } from './failure.ts'
import { screen } from './screen.ts'

/** A token and the Service it is for; `scope` where the Service said what it covers. */
export type Credential = { service: string; token: string; scope: string[] | undefined }
/**
 * One request. A body that is a stream is read as it is sent. `redirect`: a redirect fails, unless the caller is to have it as the answer it is.
 * `back`: which of the answer's headers the caller is to have; all, where it is left out.
 */
export type Call = {
  url: string
  method: string
  headers: Headers
  body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | undefined
  redirect?: 'error' | 'manual'
  back?: (headers: Headers) => Headers
  signal?: AbortSignal
}

/** What every fetch undoes, so that the answer can be read and searched. */
const PACKED = /^\s*(?:gzip|x-gzip|deflate|br)(?:\s*,\s*(?:gzip|x-gzip|deflate|br))*\s*$/i
const UNPACKED = /^\s*identity\s*$/i

/**
 * Calls a Service's API with the bearer token it gave (protocol 8, §3.4.2). The token goes to the origin of its Service and nowhere else: another origin
 * is refused before anything is sent, and no redirect is followed. Whatever the Service answers is the caller's to judge, but for the token itself: an answer with
 * it in a header is refused, one with it in its body breaks off before it. Throws TripFailure, or the signal's reason; the body may fail with either.
 */
export async function callService(d: { fetch: Fetch }, credential: Credential, call: Call): Promise<Response> {
  const { service, token } = credential
  const at = { step: 'use' as const, peer: service }
  const { url, method, body, redirect = 'error', back, signal } = call
  if (parseUrl(url)?.origin !== service)
    throw new TripFailure(at, 'the URL is of another origin than the service the token is for', 'a token is never sent anywhere else')
  const headers = new Headers(call.headers)
  headers.delete('host') // behind a shared front it would name another Service
  headers.set('authorization', `Bearer ${token}`)
  const init: RequestInit = { method, headers, redirect, ...(body && { body, duplex: 'half' }), ...(signal && { signal }) }
  const response = await d.fetch(url, init).catch((cause) => {
    signal?.throwIfAborted()
    return failAt(at, 'check that the service is up; a redirect is never followed, as a token is for one origin alone')(cause)
  })
  try {
    return withoutToken(response, credential, back)
  } catch (refusal) {
    await discard(response)
    throw refusal
  }
}

/** An answer in which nobody is shown the token. Throws TripFailure; so does its body. */
function withoutToken({ status, headers, body }: Response, { service, token }: Credential, back: Call['back']): Response {
  const at = { step: 'use' as const, peer: service }
  const echoed = () =>
    new TripFailure(at, 'the service sent the token back in its answer', 'the answer ends there, as nobody is shown a token: tell its operators')
  const coding = headers.get('content-encoding')
  if (body && coding !== null && !PACKED.test(coding) && !UNPACKED.test(coding))
    throw new TripFailure(at, `the answer is packed as ${coding}, which cannot be searched for the token`, 'tell the operators of the service')
  const shown = back ? back(headers) : headers
  if ([...shown].some((header) => isNamedIn(header, token))) throw echoed()
  return new Response(body && screen(body, token, echoed), { status, headers: shown })
}

/** A name is told in lower case. */
const isNamedIn = ([name, value]: [string, string], token: string): boolean => value.includes(token) || name.includes(token.toLowerCase())

/** What became of a call that was refused. `isTokenEnded`: the token is of no more use. `isScopeMissing`: it does not cover the call, which needs `lacking` besides, as far as the Service says. */
export type Refusal = { failure: TripFailure; isTokenEnded: boolean; isScopeMissing: boolean; lacking: string[] }

/** Why a Service refused a call (RFC 6750 §3): what it said in the beginning of its answer, and what to do. */
export async function explainRefusal(response: Response, beginning: Uint8Array<ArrayBuffer>, credential: Credential): Promise<Refusal> {
  const at = { step: 'use' as const, peer: credential.service, secrets: [credential.token] } // which JSON can write otherwise than it was sent
  const { message, hint } = await refusalOf(new Response(beginning.length > 0 ? beginning : null, response), at)
  const isTokenEnded = response.status === 401
  const challenge = readChallenge(response.headers.get('www-authenticate') ?? '')
  const isScopeMissing = response.status === 403 && challenge.error === 'insufficient_scope'
  const ended = 'the token was ended: get another one for the task if it is not done'
  const lacking = isScopeMissing ? missingScope(challenge, credential) : []
  const todo = lacking.length > 0 ? `the token lacks the scope ${lacking.join(' ')}: ask for it with a new token` : hint
  return { failure: new TripFailure(at, message, isTokenEnded ? ended : todo), isTokenEnded, isScopeMissing, lacking }
}

type Challenge = { error?: string | undefined; scope?: string | undefined }

const missingScope = (challenge: Challenge, { scope: held }: Credential): string[] =>
  challenge.scope?.split(' ').filter((name) => name !== '' && !held?.includes(name)) ?? []

const PARAMETER = /([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/g

/** The members of a `WWW-Authenticate` challenge that RFC 6750 gives a meaning. */
function readChallenge(header: string): Challenge {
  const found = [...header.matchAll(PARAMETER)].map(([, name, quoted, plain]) => [name, quoted?.replace(/\\(.)/g, '$1') ?? plain])
  return z.object({ error: z.string().optional(), scope: z.string().optional() }).catch({}).parse(Object.fromEntries(found))
}
