/** A clock that is wrong makes what this machine signs worthless: where a peer says what time it is, the Harness says so. */
import { expect, test } from 'vitest'
import { SKEW_SECONDS } from '../spec/profile.ts'
import { toRfc3339 } from '../spec/time.ts'
import { ACME, answer, DESK, type HarnessRig, harnessRig, pending, refusal } from './harness-rig.ts'

/** The time at a peer whose clock is this far from ours, as its answers have it. */
const date = (h: HarnessRig, seconds: number) => new Date((h.now() + seconds) * 1000).toUTCString()
const refused = (code: string, headers: Record<string, string>) => answer({ error: { code, message: 'no' } }, 401, headers)

test.each([
  [3600, 'behind'],
  [-3600, 'ahead of'],
  [SKEW_SECONDS + 1, 'behind'],
])('a refusal of what was signed by a peer whose clock is %i s off says how far ours is %s it', async (seconds, where) => {
  const h = harnessRig()
  h.service.redeem = refused('invalid_proof', { date: date(h, seconds + 1) }) // a second passes until then
  expect(await h.failure()).toMatchObject({
    step: 'redeem',
    hint: `this machine's clock is ${Math.abs(seconds)} s ${where} that of ${DESK}: set it, or have it set over the network (NTP), and start again`,
  })
  h.authority.issue = refused('invalid_attestation', { date: date(h, seconds) })
  expect(await h.failure()).toMatchObject({ step: 'issue', hint: expect.stringContaining(`${Math.abs(seconds)} s ${where} that of ${ACME}`) })
})

test('the clock is no reason where it differs by what signed objects bear, and the peer is not believed what is no date', async () => {
  const h = harnessRig()
  for (const said of [date(h, SKEW_SECONDS), date(h, -SKEW_SECONDS), 'yesterday', '2023-11-14T00:00:00Z', '1', '']) {
    h.authority.issue = refused('invalid_attestation', { date: said })
    expect((await h.failure()).hint).toBe(
      "check this machine's clock; where an attestation is set, the settings of the authority must pin who attests this harness, and as whom",
    )
  }
})

test('an answer that was kept on its way is as old as it says', async () => {
  const h = harnessRig()
  h.authority.issue = refused('invalid_attestation', { date: date(h, -3600), age: '3600' })
  expect((await h.failure()).hint).not.toContain('clock is')
  h.authority.issue = refused('invalid_attestation', { date: date(h, -3600), age: 'old' })
  expect((await h.failure()).hint).not.toContain('clock is')
})

test('a refusal that judges no clock says nothing of it', async () => {
  const h = harnessRig()
  h.authority.issue = answer({ error: { code: 'policy_denied', message: 'no' } }, 403, { date: date(h, 3600) })
  expect((await h.failure()).hint).toContain('policy')
  h.service.resolve = answer({ error: { code: 'invalid_token', message: 'no' } }, 401, { date: date(h, 3600) })
  expect((await h.failure()).hint).not.toContain('clock')
})

test('a foreign peer’s own code for it is not needed', async () => {
  const h = harnessRig()
  h.authority.issue = refused('jwt_expired', { date: date(h, 7200) })
  expect((await h.failure()).hint).toContain('7200 s behind')
  h.authority.issue = refusal(401, 'jwt_expired')
  expect((await h.failure()).hint).not.toContain('clock')
})

test('a decision that comes too late by our clock alone is told as that', async () => {
  const h = harnessRig()
  const late = pending({ expires_at: toRfc3339(h.now() - 2700) })
  h.authority.issue = answer(late, 202)
  h.authority.polls = [() => answer(late, 200, { date: date(h, -3600) })()]
  expect(await h.failure()).toMatchObject({ message: 'nobody decided in time', hint: expect.stringContaining(`3600 s ahead of that of ${ACME}`) })
})
