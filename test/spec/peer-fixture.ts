/** The outside world of the pure layer: a clock that is moved by hand, and peers that are a table of answers. */
import type { Fetch, ResolveTxt, TxtAnswer } from '../../spec/effects.ts'
import { NOW } from './jws-fixture.ts'

/** A clock that stands until it is moved. */
export function clock(at = NOW) {
  let time = at
  const pass = (seconds: number) => {
    time += seconds
  }
  return { now: () => time, pass }
}

export type Answer = () => Response | Promise<Response>
export const json =
  (body: unknown, headers: Record<string, string> = {}): Answer =>
  () =>
    Response.json(body, { headers })
export const status =
  (code: number): Answer =>
  () =>
    new Response(null, { status: code })

/** A web whose pages are a `Map`; every request is recorded. A URL that is not there cannot be reached. */
export function web(pages: Record<string, Answer> = {}) {
  const at = new Map(Object.entries(pages))
  const asked: string[] = []
  const requests: RequestInit[] = []
  const fetch: Fetch = async (url, init = {}) => {
    asked.push(url)
    requests.push(init)
    const answer = at.get(url)
    if (!answer) throw new TypeError('connection refused')
    return answer()
  }
  return { fetch, asked, requests, put: (url: string, answer: Answer) => void at.set(url, answer), drop: (url: string) => void at.delete(url) }
}

/** A name server whose zone is a `Map`; every question is recorded. A name that is not there does not exist. */
export function zone(records: Record<string, string[]> = {}, { ttlSeconds = 60, authenticated = false } = {}) {
  const at = new Map<string, () => Promise<TxtAnswer>>()
  const asked: string[] = []
  const says =
    (values: string[], more: Partial<TxtAnswer> = {}) =>
    async () => ({ values, ttlSeconds, authenticated, ...more })
  const put = (name: string, values: string[], more?: Partial<TxtAnswer>) => void at.set(name, says(values, more))
  for (const [name, values] of Object.entries(records)) put(name, values)
  const resolveTxt: ResolveTxt = (name) => {
    asked.push(name)
    return (at.get(name) ?? says([]))()
  }
  return {
    resolveTxt,
    asked,
    put,
    drop: (name: string) => void at.delete(name),
    fail: (name: string) => void at.set(name, () => Promise.reject(new Error('SERVFAIL'))),
  }
}

/** An answer that is held back until it is released. */
export function held(answer: Answer) {
  let release = () => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  return { answer: () => released.then(answer), release: () => release() }
}
