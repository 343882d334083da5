import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

type Requirement = { id: string; party: string; level: string; origin: string; statement: string }

const read = (path: string): string => readFileSync(new URL(`../../spec/${path}`, import.meta.url), 'utf8')
const requirements: Requirement[] = JSON.parse(read('requirements.json'))
const document = read('agentpass.md')
const [body = '', appendices = ''] = document.split(/^## Appendix A\..*$/m)
const [index = ''] = appendices.split(/^## Appendix B\..*$/m)

const families = [...new Set(requirements.map((r) => r.id.slice(0, r.id.indexOf('-'))))].join('|')
const mentions = [...document.matchAll(new RegExp(`\\b(${families})-[\\w-]*\\w`, 'g'))].map((match) => match[0])

/** Rows of the index by id. A cell may hold an escaped character, a pipe too. */
const rows = new Map(
  index
    .split('\n')
    .filter((line) => new RegExp(`^\\| (${families})-`).test(line))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\(.)/g, '$1')))
    .map(([, id = '', party, level, origin, statement, sections = '']) => [id, { party, level, origin, statement, sections }]),
)

/** The text under one numbered heading, up to the next numbered heading of any depth. */
function section(number: string): string {
  const parts = body.split(/^#{2,3} (?=\d)/m)
  return parts.find((part) => part.startsWith(`${number} `) || part.startsWith(`${number}. `)) ?? ''
}

test('there are 332 requirements and none twice', () => {
  expect(new Set(requirements.map((r) => r.id)).size).toBe(332)
})

test('every requirement stands in the body, before Appendix A', () => {
  const inBody = new Set(body.match(new RegExp(`\\b(${families})-[\\w-]*\\w`, 'g')))
  expect(requirements.map((r) => r.id).filter((id) => !inBody.has(id))).toEqual([])
})

test('every requirement stands once in the index, with its party, level, origin and statement', () => {
  const indexed = requirements.map(({ id }) => ({ id, ...rows.get(id), sections: undefined }))
  const wanted = requirements.map((r) => ({
    id: r.id,
    party: r.party.replaceAll(',', ', '),
    level: r.level,
    origin: r.origin,
    statement: r.statement,
    sections: undefined,
  }))
  expect(indexed).toEqual(wanted)
  expect(rows.size).toBe(requirements.length)
  expect(index.match(new RegExp(`^\\| (${families})-`, 'gm'))).toHaveLength(requirements.length)
})

test('every section that the index names for a requirement holds it', () => {
  const holds = (id: string, number: string) => new RegExp(`\\b${id}\\b`).test(section(number))
  const lost = requirements.filter(({ id }) => {
    const numbers = [...(rows.get(id)?.sections ?? '').matchAll(/\[([\d.]+)\]/g)].map((match) => match[1] ?? '')
    return numbers.length === 0 || !numbers.every((number) => holds(id, number))
  })
  expect(lost.map((r) => r.id)).toEqual([])
})

test('every mention of a requirement in the body says its level where that is not MUST', () => {
  const levels = new Map(requirements.map((r) => [r.id, r.level]))
  const said = [...body.matchAll(new RegExp(`\\b((?:${families})-[\\w-]*\\d)( SHOULD| MAY)?(?=[,)])`, 'g'))]
  expect(said.filter(([, id = '', word]) => (word?.trim() ?? 'MUST') !== levels.get(id)).map(([text]) => text)).toEqual([])
  expect(said).toHaveLength((body.match(new RegExp(`\\b(${families})-[\\w-]*\\w`, 'g')) ?? []).length)
})

test('the document names no requirement that does not exist', () => {
  const known = new Set(requirements.map((r) => r.id))
  expect(mentions.filter((id) => !known.has(id))).toEqual([])
})

test('the document keeps the sections 1 to 11', () => {
  const numbers = [...body.matchAll(/^## (\d+)\. /gm)].map((match) => Number(match[1]))
  expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
})

test('every JSON example parses', () => {
  const blocks = [...body.matchAll(/^```(json|http)\n([\s\S]*?)^```$/gm)]
  const texts = blocks.map(([, kind, text = '']) => (kind === 'json' ? text : text.slice(text.indexOf('\n\n') + 2)))
  const broken = texts.filter((text) => text.startsWith('{') && !parses(text))
  expect(texts.filter((text) => text.startsWith('{')).length).toBeGreaterThan(40)
  expect(broken).toEqual([])
})

test('every link inside the document leads to a heading', () => {
  const outsideCode = document.replace(/^```[\s\S]*?^```$/gm, '')
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
  const anchors = [...outsideCode.matchAll(/^#{1,4} (.*)$/gm)].map((match) => slug(match[1] ?? ''))
  const links = [...outsideCode.matchAll(/\]\(#([^)]+)\)/g)].map((match) => match[1] ?? '')
  expect(new Set(anchors).size).toBe(anchors.length)
  expect(links.filter((link) => !anchors.includes(link))).toEqual([])
})

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
