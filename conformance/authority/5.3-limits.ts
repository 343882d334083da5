import { expectStatus, isErrorBody, type Reply } from '../actors/client.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import type { AuthorityStage } from './stage.ts'

const BURST = 40
const spoofed = (i: number) => ({
  headers: { 'x-forwarded-for': `198.51.100.${i}`, 'x-real-ip': `198.51.100.${i}`, forwarded: `for=198.51.100.${i}` },
})

/** That a flood met its limit in good order: some were told to wait, and for how long, and nothing broke. */
function expectLimited(replies: Reply[]): void {
  const limited = replies.filter(({ status }) => status === 429)
  expectThat(limited.length > 0, 'some answers 429', `${replies.length} answers of ${[...new Set(replies.map(({ status }) => status))]}`)
  expectEqual(replies.filter(({ status }) => status >= 500).length, 0, 'the number of server errors')
  const [first] = limited
  expectThat(/^\d+$/.test(first?.headers['retry-after'] ?? ''), 'Retry-After in seconds', first?.headers['retry-after'] ?? 'none')
  expectThat(first !== undefined && isErrorBody(first), 'an error body', first?.text ?? '')
}

/** Floods, at a deployment with low limits (§5.3). They come one after the other: what the first uses up, the next has not. */
export const issuanceLimits: Case<AuthorityStage>[] = [
  {
    id: 'AUTH-STA-09',
    about: `one request is polled ${BURST} times at once, and another once`,
    negative: true,
    alone: true,
    run: async (s) => {
      const limited = await s.variant('limited')
      const service = limited.service()
      const [flooded, other] = [await limited.pending(service), await limited.pending(service)]
      expectLimited(await Promise.all(Array.from({ length: BURST }, () => limited.status(flooded.id))))
      expectStatus(await limited.status(other.id), 200)
      await s.wait(2000)
      expectStatus(await limited.status(flooded.id), 200)
    },
  },
  {
    id: 'AUTH-ISS-22',
    about: `${BURST} requests are sent at once`,
    negative: true,
    alone: true,
    run: async (s) => {
      const limited = await s.variant('limited')
      const service = limited.service()
      expectLimited(await Promise.all(Array.from({ length: BURST }, () => limited.issue(limited.message(service)))))
    },
  },
  {
    id: 'AUTH-ISS-22/forwarded-for',
    about: `${BURST} requests are sent at once, each of which says that it is from somewhere else`,
    negative: true,
    alone: true,
    run: async (s) => {
      const limited = await s.variant('limited')
      const service = limited.service()
      expectLimited(await Promise.all(Array.from({ length: BURST }, (_, i) => limited.issue(limited.message(service), spoofed(i)))))
    },
  },
]
