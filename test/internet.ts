import { randomBytes } from 'node:crypto'
import type { Hono } from 'hono'
import type { Fetch, Now, Random, ResolveTxt, TxtAnswer, Wait } from '../spec/effects.ts'

type Site = Pick<Hono, 'request'>
/** What DNS does when it is asked for a name: answer, or fail. */
type Records = string[] | Error

/** An internet in one process: no sockets, no real clock, no real DNS. It writes down every call. */
export function internet(startAt = 1_700_000_000) {
  const sites = new Map<string, Site>() // by origin
  const txt = new Map<string, Records>() // a name that is not here does not exist
  const calls: { method: string; url: string; body: string; headers: Headers }[] = []
  const lookups: string[] = []
  let clock = startAt

  const fetch: Fetch = async (url, init) => {
    const request = new Request(url, init)
    calls.push({ method: request.method, url, body: typeof init?.body === 'string' ? init.body : '', headers: request.headers })
    const site = sites.get(new URL(url).origin)
    if (!site) throw new TypeError(`no site at ${url}`) // what fetch does when the host is down
    const response = await site.request(url, init)
    if (response.status >= 300 && response.status < 400 && init?.redirect !== 'manual') throw new TypeError('redirects are refused')
    return response
  }
  const resolveTxt: ResolveTxt = async (name): Promise<TxtAnswer> => {
    lookups.push(name)
    const records = txt.get(name) ?? []
    if (records instanceof Error) throw records
    return { values: records, ttlSeconds: 60, authenticated: false }
  }
  const now: Now = () => clock
  const random: Random = (bytes) => randomBytes(bytes).toString('base64url')
  const pass = (seconds: number) => {
    clock += seconds
  }
  const wait: Wait = async (ms, signal) => {
    signal?.throwIfAborted()
    pass(Math.ceil(ms / 1000))
  }
  return {
    fetch,
    resolveTxt,
    now,
    random,
    wait,
    pass,
    calls,
    lookups,
    host: (origin: string, site: Site) => void sites.set(origin, site),
    unplug: (origin: string) => void sites.delete(origin),
    publish: (name: string, ...values: string[]) => void txt.set(name, values),
    breakDns: (name: string) => void txt.set(name, new Error('SERVFAIL')),
  }
}
export type Internet = ReturnType<typeof internet>
