import { expectRefused } from '../actors/client.ts'
import { FETCH_FAULTS } from '../actors/document-faults.ts'
import { type Case, expectThat } from '../case.ts'
import { domainWhere, enterpriseOf, expectStillResolves } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

const MOST_MS = 10_000

/** How much work anybody can make a Service do, by asking for Authorities (§4.2). */
export const limits: Case<ServiceStage>[] = [
  {
    id: 'SVC-RES-16',
    about: 'somebody asks for users of 45 domains, one after the other, where the limit is 30 a minute',
    negative: true,
    run: async (s) => {
      const v = await s.variant('limited')
      const replies = await Promise.all(Array.from({ length: 45 }, () => v.resolve(s.domain().user)))
      const refused = replies.find(({ status }) => status === 429)
      expectThat(refused !== undefined, '429 after a while', [...new Set(replies.map(({ status }) => status))])
      expectThat(/^\d+$/.test(refused.headers['retry-after'] ?? ''), 'a Retry-After in seconds', refused.headers)
      await expectStillResolves(s)
    },
  },
  {
    id: 'SVC-RES-17/dns',
    about: 'DNS does not answer',
    negative: true,
    slow: true,
    run: async (s) => {
      const reply = await s.resolve(domainWhere(s, { kind: 'silent' }).user)
      expectRefused(reply, { orServerError: true })
      expectThat(reply.ms <= MOST_MS, `an answer within ${MOST_MS / 1000} s`, `${Math.round(reply.ms)} ms`)
      await expectStillResolves(s)
    },
  },
  ...FETCH_FAULTS.filter(({ slow }) => slow).map(
    ({ slug, about, answer }): Case<ServiceStage> => ({
      id: `SVC-RES-17/${slug}`,
      about: `the enterprise’s document is asked for: ${about}`,
      negative: true,
      slow: true,
      run: async (s) => {
        const { authority, user } = enterpriseOf(s)
        authority.on.document = () => answer(authority.document, 'https://elsewhere.invalid/')
        const reply = await s.resolve(user)
        expectRefused(reply, { orServerError: true })
        expectThat(reply.ms <= MOST_MS, `an answer within ${MOST_MS / 1000} s`, `${Math.round(reply.ms)} ms`)
        await expectStillResolves(s)
      },
    }),
  ),
]
