import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { openService } from '../../service/node/open.ts'
import type { PartyTables } from '../../spec/node/party.ts'
import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { APPROVING, authorityWorld, type Callers, turns } from '../authority-rig.ts'
import { onPostgres } from '../databases.ts'
import { SERVICE } from '../parties.ts'
import { okay } from '../service-rig.ts'

import { count, dice, doubled } from './replay-parties.ts'

const INTERLEAVINGS = onPostgres ? 240 : 1000
const SIDE_BY_SIDE = 20
test('R-09: in hundreds of interleavings no validation or check succeeds after a revocation was answered [AUTH-CHK-11 AUTH-CLS-07 AUTH-REV-02]', {
  timeout: 120_000,
}, async () => {
  const w = await authorityWorld(APPROVING)
  const at: Callers[] = [w, await w.another()]
  const roll = dice(20_240_917)
  const outcomes = { validated: 0, died: 0 }
  const play = async (delays: number[], where: Callers[]) => {
    const { value, id } = await w.approved()
    const { digest } = await w.show(id)
    const later = async <T>(i: number, act: () => Promise<T>) => {
      await turns(delays[i] ?? 0)
      return act()
    }
    const validate = (i: number) => where[i]!.validate(value, w.desk.bearer())
    const revoke = async () => {
      const answer = await w.manage(`/requests/${id}/revoke`, { digest })
      return answer.status === 200 ? [answer, await validate(0), await validate(1)] : [answer]
    }
    const [[revoked, ...after], ...during] = await Promise.all([later(0, revoke), later(1, () => validate(0)), later(2, () => validate(1))])
    expect(revoked?.status).toBe(200)
    expect(after.map(({ status }) => status).filter((status) => status < 400)).toEqual([])
    const won = during.filter(({ status }) => status === 200)
    expect(won.length).toBeLessThan(2)
    outcomes[won.length ? 'validated' : 'died']++
    for (const answer of won) {
      const { authorization_id } = z.object({ authorization_id: z.string() }).parse(await answer.json())
      for (const { check } of where) expect((await check(authorization_id, w.desk.bearer())).status).toBe(404)
    }
  }
  for (let i = 0; i < INTERLEAVINGS; i += SIDE_BY_SIDE)
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => play([roll(8), roll(8), roll(8)], roll(2) ? at : at.toReversed())))
  expect(outcomes.validated + outcomes.died).toBe(INTERLEAVINGS)
  expect((await w.validate((await w.approved()).value, w.desk.bearer())).status).toBe(200)
})

test('R-10: however a revocation races the calls of a token, five seconds later the token is dead at every instance [SVC-CONT-02]', async () => {
  const w = await doubled()
  const other = await openService(w.service.opening)
  onTestFinished(other.stop)
  const roll = dice(7)
  for (let round = 0; round < 30; round++) {
    const { bearer_token: token } = z.object({ bearer_token: z.string() }).parse(await okay(await w.redeem(await w.approved())))
    const call = (app = w.service.app) => Promise.resolve(app.request(`${SERVICE}/api/tickets`, { headers: { authorization: `Bearer ${token}` } }))
    expect((await call()).status).toBe(200)
    w.pass(roll(7))
    const calls = Array.from({ length: 6 }, async (_, i) => {
      await turns(roll(6))
      return call(i % 2 ? other.app : w.service.app)
    })
    const [revoked] = await Promise.all([turns(roll(6)).then(() => w.revoke()), ...calls])
    expect(revoked.status).toBe(200)
    w.pass(5)
    expect([(await call()).status, (await call(other.app)).status]).toEqual([401, 401])
  }
})

test('R-12: of decisions at once, also by the Harness, one holds, and whoever asks sees that one [AUTH-DEC-01 AUTH-STA-03]', async () => {
  const w = await authorityWorld()
  const second = await w.another()
  const ENDS = ['approved', 'denied', 'canceled']
  for (let round = 0; round < 20; round++) {
    const { id } = await w.requested()
    const { digest } = await w.show(id)
    const decide = (at: Callers, verb: string) => at.manage(`/requests/${id}/${verb}`, { digest })
    const answers = await Promise.all([
      decide(w, 'approve'),
      decide(second, 'deny'),
      decide(second, 'approve'),
      decide(w, 'cancel'),
      second.cancel(id),
    ])
    expect(count(answers, 200)).toBe(1)
    expect(count(answers, 409)).toBe(4)
    const seen = await Promise.all([w.status(id), second.status(id)].map(async (answer) => IssuanceStatus.parse(await (await answer).json())))
    expect(seen[0]).toEqual(seen[1])
    expect(ENDS).toContain(seen[0]?.status)
    expect(seen[0]?.agentpass !== undefined).toBe(seen[0]?.status === 'approved')
  }
  const passes = await w.database<{ pass: { request_digest: string } } & PartyTables>().read.selectFrom('pass').select('request_digest').execute()
  expect(new Set(passes.map((row) => row.request_digest)).size).toBe(passes.length)
})

test('R-13: polls at once with the approval see it pending or with one and the same pass, which buys one authorization [AUTH-ISS-15]', async () => {
  const w = await authorityWorld()
  const second = await w.another()
  for (let round = 0; round < 20; round++) {
    const { id } = await w.requested()
    const polls = Array.from({ length: 10 }, async (_, i) => {
      await turns(i)
      return IssuanceStatus.parse(await (await (i % 2 ? second : w).status(id)).json())
    })
    await w.act('approve', id)
    const seen = [...(await Promise.all(polls)), IssuanceStatus.parse(await (await second.status(id)).json())]
    const values = new Set(seen.flatMap(({ agentpass }) => agentpass?.value ?? []))
    expect(values.size).toBe(1)
    const [value] = values
    const answers = await Promise.all([w.validate(value, w.desk.bearer()), second.validate(value, w.desk.bearer())])
    expect([count(answers, 200), count(answers, 409)]).toEqual([1, 1])
  }
})
