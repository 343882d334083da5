import type { Fetch, ResolveTxt } from '../../spec/effects.ts'

export type PartyName = 'harness' | 'service' | 'authority'
/** One thing that went over the wire: who asked, what, and what came back. `ms` is how long it took. */
export type Hop = { party: PartyName; kind: 'dns' | 'http'; asked: string; answer: string; ms: number }

type Reach = { fetch: Fetch; resolveTxt: ResolveTxt }

/** Lets somebody watch what a party sends and gets, without changing it. Secrets are not in what is told: only methods, addresses and statuses. */
export function tap<R extends Reach>(party: PartyName, reach: R, onHop: (hop: Hop) => void): R {
  const fetch: Fetch = async (url, init) => {
    const started = performance.now()
    const response = await reach.fetch(url, init)
    onHop({
      party,
      kind: 'http',
      asked: `${init?.method ?? 'GET'} ${withoutCapability(url)}`,
      answer: String(response.status),
      ms: performance.now() - started,
    })
    return response
  }
  const resolveTxt: ResolveTxt = async (name) => {
    const started = performance.now()
    const answer = await reach.resolveTxt(name)
    onHop({ party, kind: 'dns', asked: `TXT ${name}`, answer: answer.values.join(' | ') || '(none)', ms: performance.now() - started })
    return answer
  }
  return { ...reach, fetch, resolveTxt }
}

/** A request id is a capability: it is not shown. */
const withoutCapability = (url: string): string => url.replace(/(\/issuance\/)[^/?]+$/, '$1…')
