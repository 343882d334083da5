import { member } from '../actors/authority.ts'
import { expectStatus, isErrorBody, isSuccess } from '../actors/client.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { FORWARDED } from './5.2-configuration.ts'
import { expectAdmitted } from './admission.ts'
import type { AuthorityStage } from './stage.ts'

const ELSEWHERE = 'elsewhere.invalid'

/** That an answer may not be kept by anybody on its way. */
const expectNotCacheable = ({ headers }: { headers: Record<string, string> }): void =>
  expectThat(/\bno-store\b/i.test(headers['cache-control'] ?? ''), 'Cache-Control: no-store', headers['cache-control'] ?? 'none')

/** Ids that nobody has, of the form of one that somebody has: one of its characters is another. */
const unknownIds = (id: string): string[] =>
  [0, 1, id.length - 1].map((at) => {
    const was = id.charAt(at)
    return id.slice(0, at) + (/\d/.test(was) ? (Number(was) + 1) % 10 : /a/i.test(was) ? 'b' : 'a') + id.slice(at + 1)
  })

/** How a request stands (§5.3.2). */
export const issuanceStatus: Case<AuthorityStage>[] = [
  {
    id: 'AUTH-STA-01',
    about: 'the status of a request that waits is fetched',
    run: async (s) => {
      const { id, message } = await s.pending(s.service())
      const { id: told, type = message.type } = expectAdmitted(await s.status(id))
      expectEqual({ id: told, type }, { id, type: message.type }, 'id and type')
    },
  },
  {
    id: 'AUTH-STA-01/second-instance',
    about: 'the status is fetched from another instance than the one that was asked',
    run: async (s) => {
      const { id } = await s.pending(s.service())
      expectEqual(expectAdmitted(await s.status(id, { at: s.second() })).id, id, 'id')
    },
  },
  {
    id: 'AUTH-STA-01/self',
    about: 'links.self of an answer is followed',
    run: async (s) => {
      const { id, reply } = await s.pending(s.service())
      const self = expectAdmitted(reply).links?.self ?? s.statusUrl(id)
      expectEqual(expectAdmitted(await s.client.send(self)).id, id, 'id')
    },
  },
  {
    id: 'AUTH-STA-01/forwarded',
    about: 'a request is sent, and its status fetched, with X-Forwarded-Host and its like',
    negative: true,
    run: async (s) => {
      const issued = await s.issue(s.message(s.service()), { headers: FORWARDED })
      const { id } = expectAdmitted(issued)
      for (const { text } of [issued, await s.status(id, { headers: FORWARDED })])
        expectThat(!text.includes(ELSEWHERE) && !text.includes('http://'), 'links of the Authority’s own origin', text)
      expectAdmitted(await s.status(id))
    },
  },
  {
    id: 'AUTH-STA-01/host',
    about: 'a request is sent with another name in Host',
    negative: true,
    run: async (s) => {
      const message = s.message(s.service())
      const reply = await s.issue(message, { headers: { host: ELSEWHERE } })
      if (isSuccess(reply)) expectThat(!reply.text.includes(ELSEWHERE), 'links of the Authority’s own origin', reply.text)
      expectAdmitted(await s.issue(message))
    },
  },
  {
    id: 'AUTH-STA-02',
    about: 'a request is looked at while it waits, and when it has been denied',
    run: async (s) => {
      const { id, reply } = await s.pending(s.service())
      expectEqual(expectAdmitted(reply).status, 'pending', 'the status')
      await s.decide('deny', id, { reason: 'The suite says no' })
      expectEqual(expectAdmitted(await s.status(id)).status, 'denied', 'the status')
    },
  },
  {
    id: 'AUTH-STA-02/approved',
    about: 'a request is looked at when it has been approved',
    run: async (s) => {
      const { id } = await s.approved()
      expectEqual(expectAdmitted(await s.status(id)).status, 'approved', 'the status')
    },
  },
  {
    id: 'AUTH-STA-04',
    about: 'a request waits, and says when to ask again',
    run: async (s) => {
      const { id } = await s.pending(s.service())
      const { poll_after_ms: after } = expectAdmitted(await s.status(id))
      expectThat(Number.isInteger(after) && Number(after) <= 600_000, 'poll_after_ms, a whole number from 0 to ten minutes', after)
    },
  },
  {
    id: 'AUTH-STA-06',
    about: 'the status of an id that nobody has is fetched',
    negative: true,
    run: async (s) => {
      const { id } = await s.pending(s.service())
      const [unknown = ''] = unknownIds(id)
      const reply = await s.status(unknown)
      expectStatus(reply, 404)
      expectThat(isErrorBody(reply), 'an error body', reply.text)
      expectStatus(await s.status(id), 200)
    },
  },
  {
    id: 'AUTH-STA-06/alike',
    about: 'ids are tried that are nearly one that somebody has',
    negative: true,
    run: async (s) => {
      const { id } = await s.pending(s.service())
      const ids = unknownIds(id)
      const replies = await Promise.all(ids.map((one) => s.status(one)))
      const told = replies.map(({ status, text }, i) => `${status} ${text.replaceAll(ids[i] ?? '', '')}`)
      expectEqual([...new Set(told)].slice(1), [], 'answers that differ from the first,')
      expectStatus(await s.status(id), 200)
    },
  },
  {
    id: 'AUTH-STA-10',
    about: 'the status of a request that waits is fetched, and its Cache-Control read',
    negative: true,
    run: async (s) => {
      const { id } = await s.pending(s.service())
      expectNotCacheable(await s.status(id))
    },
  },
  {
    id: 'AUTH-STA-10/issuance',
    about: 'the Cache-Control of the answer to issuance is read',
    negative: true,
    run: async (s) => expectNotCacheable((await s.pending(s.service())).reply),
  },
  {
    id: 'AUTH-STA-10/approved',
    about: 'a status with a pass in it is fetched, and its Cache-Control read',
    negative: true,
    run: async (s) => {
      const { id, value } = await s.approved()
      const reply = await s.status(id)
      expectEqual(member(member(reply.json, 'agentpass'), 'value'), value, 'the pass')
      expectNotCacheable(reply)
    },
  },
]
