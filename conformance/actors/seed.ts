import { createHash } from 'node:crypto'

/** What the suite's parties choose at random, repeatable by its seed. Cases that run side by side each have a stream of their own. */
export type Chance = {
  /** A whole number from `least` to `most`. */
  between: (least: number, most: number) => number
  pick: <T>(list: readonly [T, ...T[]]) => T
  /** A name of lower-case letters and digits, of 80 random bits. */
  name: () => string
  /** The same seed's stream of that name. */
  stream: (name: string) => Chance
}

/** The chance of a seed. Not for secrets: it is printed. */
export function createChance(seed: string): Chance {
  let turn = 0
  const draw = (): Buffer => createHash('sha256').update(`${seed}#${turn++}`).digest()
  const between = (least: number, most: number): number => least + (draw().readUInt32BE(0) % (most - least + 1))
  return {
    between,
    pick: (list) => list[between(0, list.length - 1)] ?? list[0],
    name: () => draw().subarray(0, 10).toString('hex').replace(/^\d/, 'k'),
    stream: (name) => createChance(`${seed}/${name}`),
  }
}
