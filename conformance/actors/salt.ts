import type { Chance } from './seed.ts'

/** Adds members nobody knows at every level (protocol 1: they are ignored everywhere). Texts of keys and of what is passed on byte for byte stay as they are. */
export function salt(value: unknown, chance: Chance): unknown {
  if (Array.isArray(value)) return value.map((item) => salt(item, chance))
  if (typeof value !== 'object' || value === null) return value
  const salted = Object.entries(value).map(([name, inner]) => [name, AS_IT_IS.has(name) ? inner : salt(inner, chance)])
  return { ...Object.fromEntries(salted), [`x_${chance.name().slice(0, 6)}`]: chance.pick<unknown>([true, 17, 'unknown', null, [1], { deep: {} }]) }
}

/** A map of names to texts, and what is compared whole. */
const AS_IT_IS = new Set(['form_fields', 'keys', 'cnf', 'jwk'])
