/** Single use is a property of the store: however many ask at once, at however many instances, one of them gets it. */
import { expect, test } from 'vitest'
import { APPROVING, authorityWorld, refusal } from './authority-rig.ts'

const ROUNDS = 50
const AT_ONCE = 100

test('of a hundred validations of one pass at once, at two instances, exactly one succeeds, fifty times over [AUTH-VAL-03]', async () => {
  const w = await authorityWorld(APPROVING)
  const instances = [w, await w.another()]
  const winners = new Set<number>()
  for (let round = 0; round < ROUNDS; round++) {
    const { value } = await w.approved()
    const assertions = Array.from({ length: AT_ONCE }, () => w.desk.bearer())
    const answers = await Promise.all(assertions.map((assertion, i) => instances[(i + round) % 2]!.validate(value, assertion)))
    const won = answers.findIndex(({ status }) => status === 200)
    const others = await Promise.all(answers.filter((_, i) => i !== won).map(refusal))
    expect(won).toBeGreaterThanOrEqual(0)
    expect(others).toEqual(Array.from({ length: AT_ONCE - 1 }, () => [409, 'already_consumed']))
    winners.add((won + round) % 2)
  }
  expect(winners.size).toBe(2) // both instances had their chance
})

test('passes at once do not stand in each other’s way: each of a hundred is spent once, at two instances [AUTH-VAL-03]', async () => {
  const w = await authorityWorld(APPROVING)
  const instances = [w, await w.another()]
  const passes = await Promise.all(Array.from({ length: AT_ONCE }, () => w.approved()))
  const answers = await Promise.all(passes.flatMap(({ value }) => instances.map((at) => at.validate(value, w.desk.bearer()))))
  const statuses = answers.map(({ status }) => status)
  for (let i = 0; i < passes.length; i++) expect(statuses.slice(i * 2, i * 2 + 2).sort()).toEqual([200, 409])
  const ids = await Promise.all(answers.filter(({ status }) => status === 200).map(async (answer) => JSON.stringify(await answer.json())))
  expect(new Set(ids).size).toBe(AT_ONCE)
})
