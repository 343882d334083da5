/** The mutants as a list: that each can be applied, and that none of the suite's cases is without one. Whether they are found is `npm run mutants`. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { HUMAN_CHECKED, listCases } from '../conformance/list.ts'
import { requirements } from '../conformance/requirements.ts'
import { compiled } from './compiled.ts'
import { mutants } from './mutants/all.ts'
import { groupOf } from './requirements/report.ts'

const cases = listCases({})
const failing = new Set(mutants.flatMap(({ fails }) => fails))

test('every case fails for a mutant', () => {
  expect(cases.map(({ id }) => id).filter((id) => !failing.has(id))).toEqual([])
})

test('there are 120 mutants at least, and one for each group of MUSTs that the wire can show', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(120)
  const shown = requirements.filter(({ id, level }) => level === 'MUST' && !(id in HUMAN_CHECKED))
  const caught = new Set([...failing].map((id) => groupOf(id.split('/')[0] ?? id)))
  expect([...new Set(shown.map(({ id }) => groupOf(id)))].filter((group) => !caught.has(group))).toEqual([])
})

test('a mutant has a name of its own, and names cases that there are', () => {
  const ids = mutants.map(({ id }) => id)
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
  const known = new Set(cases.map(({ id }) => id))
  expect([...failing].filter((id) => !known.has(id))).toEqual([])
  expect(mutants.filter(({ fails, survives }) => fails.length === 0 && survives === undefined)).toEqual([])
})

test.each(mutants.map(({ id, ...mutant }) => [id, mutant] as const))('the text that %s changes is in its file once', (_, { file, find, replace }) => {
  const source = readFileSync(compiled(file), 'utf8')
  expect(source.split(find).length - 1).toBe(1)
  expect(replace).not.toBe(find)
})
