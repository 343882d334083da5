/** Two instances of an Authority on one PostgreSQL database, of which one is killed again and again: a pass buys one authorization, whoever is asked. */
import { expect, test } from 'vitest'
import { servedAuthority } from '../../served-authority.ts'
import { isThorough } from '../../thorough.ts'

const ROUNDS = isThorough ? 50 : 10
const AT_ONCE = 100

test('of a hundred validations of one pass at once, at two instances of which one is killed amid them, none or one succeeds, again and again [AUTH-VAL-03 AUTH-VAL-17]', async () => {
  const { start, approved, validate } = await servedAuthority()
  const steady = await start()
  for (let round = 0; round < ROUNDS; round++) {
    const doomed = await start()
    const value = await approved(steady)
    let answers = 0
    let killed: Promise<unknown> | undefined
    const statusOf = async (i: number) => {
      const status = await validate(i % 2 ? steady : doomed, value).then(
        (response) => response.status,
        () => undefined, // the instance died before it answered
      )
      if (++answers === 1 + (round % 10) * 9) killed = doomed.stop('SIGKILL')
      return status
    }
    const statuses = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => statusOf(i)))
    await killed
    for (const status of statuses) expect([200, 409, undefined]).toContain(status)
    const won = statuses.filter((status) => status === 200).length
    expect(won).toBeLessThanOrEqual(1)
    // The winner may have died with its answer unsent: then the pass is spent, or still good once, and never twice.
    const later = [(await validate(steady, value)).status, (await validate(steady, value)).status]
    expect(
      won === 1
        ? [[409, 409]]
        : [
            [409, 409],
            [200, 409],
          ],
    ).toContainEqual(later)
  }
  await steady.stop()
}, 300_000)
