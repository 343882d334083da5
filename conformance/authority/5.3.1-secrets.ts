import { createHash } from 'node:crypto'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectAdmitted } from './admission.ts'
import type { AuthorityStage } from './stage.ts'

const SAMPLES = 150
/** 128 bits, less what an estimate from so few samples can be wrong by, and what a version 4 UUID lacks. */
const LEAST_BITS = 120
const HASHES = ['sha256', 'sha512', 'sha1', 'md5'] as const
const ENCODINGS = ['hex', 'base64url', 'base64'] as const

/** How many bits such names have, as far as so many of them tell: the entropy of their characters, position by position (with Miller and Madow's correction). */
export function estimateBits(names: readonly string[]): number {
  const longest = Math.max(...names.map(({ length }) => length))
  return Array.from({ length: longest }, (_, at) => entropyOf(names.map((name) => name[at] ?? ''))).reduce((sum, bits) => sum + bits, 0)
}

function entropyOf(characters: string[]): number {
  const counts = new Map<string, number>()
  for (const character of characters) counts.set(character, (counts.get(character) ?? 0) + 1)
  const total = characters.length
  const bits = [...counts.values()].reduce((sum, count) => sum - (count / total) * Math.log2(count / total), 0)
  return bits + (counts.size - 1) / (2 * total * Math.LN2)
}

function expectUnguessable(names: readonly string[], what: string): void {
  expectEqual(new Set(names).size, names.length, `the number of different ${what}`)
  const bits = estimateBits(names)
  expectThat(bits >= LEAST_BITS, `${what} of 128 bits or more`, `about ${Math.round(bits)} bits in ${names.length} of them`)
}

/** So many approved requests, with their passes; some at a time. */
async function approveMany(s: AuthorityStage): Promise<{ id: string; value: string }[]> {
  const automatic = s.adapter.variants.automatic ? await s.variant('automatic') : s
  const service = automatic.service()
  const done: { id: string; value: string }[] = []
  while (done.length < SAMPLES) done.push(...(await Promise.all(Array.from({ length: 10 }, () => automatic.approved({ service })))))
  return done
}

/** Everything that somebody who knows an id could compute from it. */
const derived = (id: string): string[] => HASHES.flatMap((hash) => ENCODINGS.map((encoding) => createHash(hash).update(id).digest(encoding)))

/** What nobody may guess: a pass, and the id of a request, which is a capability (§2.1, §5.3.2). */
export const issuanceSecrets: Case<AuthorityStage>[] = [
  {
    id: 'AUTH-ISS-16',
    about: `${SAMPLES} passes are looked at, which is fewer than a proof would take`,
    slow: true,
    run: async (s) =>
      expectUnguessable(
        (await approveMany(s)).map(({ value }) => value),
        'passes',
      ),
  },
  {
    id: 'AUTH-ISS-16/not-from-id',
    about: 'the pass of a request is compared with what its id gives',
    negative: true,
    run: async (s) => {
      const { id, value } = await s.approved()
      const guesses = [id, [...id].reverse().join(''), ...derived(id)]
      expectThat(
        !guesses.some((guess) => value.includes(guess) || guess.includes(value)),
        'a pass that cannot be computed from the id',
        'one that can',
      )
    },
  },
  {
    id: 'AUTH-STA-12',
    about: `the ids of ${SAMPLES} requests are looked at, which is fewer than a proof would take`,
    slow: true,
    run: async (s) => {
      const service = s.service()
      const ids: string[] = []
      const ask = async () => expectAdmitted(await s.issue(s.message(service))).id
      while (ids.length < SAMPLES) ids.push(...(await Promise.all(Array.from({ length: 10 }, ask))))
      expectUnguessable(ids, 'ids')
    },
  },
]
