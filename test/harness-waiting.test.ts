import { expect, test } from 'vitest'
import type { Waiting } from '../harness/approve.ts'
import { toRfc3339 } from '../spec/time.ts'
import { ACME, answer, DESK, type HarnessRig, harnessRig, pending, refusal, USER } from './harness-rig.ts'

const redemptions = (h: HarnessRig) => h.posted(`${DESK}/redeem/bearer`).length
const waitings = (h: HarnessRig) => h.progress.filter((event): event is { kind: 'waiting'; user: string } & Waiting => event.kind === 'waiting')

test('a person is told who decides for whom, where, and until when, if the link is one to follow', async () => {
  const h = harnessRig()
  const expiresAt = h.now() + 600
  const linked = (approval: string) => answer(pending({ expires_at: toRfc3339(expiresAt), links: { approval } }), 202)
  h.authority.issue = linked(`${ACME}/console/r1#here`)
  await h.acquire()
  for (const bad of ['javascript:alert(1)', 'http://authority.acme.example/', `${ACME}/\u001b[2J`, `${ACME}/\u202e`]) {
    h.authority.issue = linked(bad)
    await h.acquire()
  }
  expect(waitings(h).map(({ approvalUrl }) => approvalUrl)).toEqual([`${ACME}/console/r1#here`, undefined, undefined, undefined, `${ACME}/%E2%80%AE`])
  expect(waitings(h)[0]).toMatchObject({ authority: ACME, user: USER, expiresAt })
})

test('the number that a person is asked for is told them, if it is one', async () => {
  const h = harnessRig()
  for (const number of ['47', '4\u001b[2J7', '', '123456789', 47]) {
    h.authority.issue = answer(pending({ approval_number: number }), 202)
    await h.acquire()
  }
  expect([...new Set(waitings(h).map(({ approvalNumber }) => approvalNumber))]).toEqual(['47', undefined])
})

test('calling a trip off while somebody decides cancels the request, and is what the caller learns', async () => {
  const h = harnessRig()
  const off = new AbortController()
  h.authority.polls = [
    () => {
      off.abort(new Error('called off'))
      return answer(pending())()
    },
  ]
  await expect(h.acquire({ signal: off.signal })).rejects.toThrow('called off')
  expect(h.callsTo(ACME).slice(-2)).toEqual(['GET /some/where/requests/request-1', 'DELETE /some/where/requests/request-1'])
  expect(redemptions(h)).toBe(0)
})

test('calling a trip off ends a poll that hangs, and an authority that cannot cancel is no matter', async () => {
  const h = harnessRig()
  const off = new AbortController()
  h.authority.cancel = refusal(405)
  const fetch: typeof h.fetch = (url, init) => {
    if (!url.includes('/requests/') || init?.method === 'DELETE') return h.fetch(url, init)
    return new Promise((_, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
      off.abort(new Error('called off'))
    })
  }
  await expect(h.acquire({ signal: off.signal, fetch })).rejects.toThrow('called off')
  expect(h.callsTo(ACME).at(-1)).toBe('DELETE /some/where/requests/request-1')
})
