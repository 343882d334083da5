/** A report as a page: all of it is there before any script runs, and it asks for nothing. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { reportHtml } from '../conformance/report/html.tsx'
import { exchange, mixed, report, result } from './conformance-report-rig.ts'

/** The page as text, without markup, style and script. */
const textOf = (html: string): string =>
  html
    .replace(/<(style|script)>.*?<\/\1>/gs, '')
    .replace(/<[^>]*>/g, '')
    .replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name] ?? '')
const count = (text: string, part: string): number => text.split(part).length - 1

test('every result is on the page, and so is what was demanded, what came, and what was said', () => {
  const text = textOf(reportHtml(mixed()))
  for (const { id, about, requirement, expected = '', actual = '', remarks, exchanges } of mixed().results)
    for (const said of [id, about, requirement.statement, expected, actual, ...remarks, ...exchanges.map(({ request }) => request.line)])
      expect(text).toContain(said)
})

test('the verdict stands in the heading and in the title; what failed stands before everything else', () => {
  const html = reportHtml(mixed())
  expect(html).toContain('<title>Not conforming: 2 requirements failed · the Authority</title>')
  const order = [
    'Not conforming: 2',
    'What failed',
    'What is recommended and was not met',
    'What could not be judged',
    'By section',
    'Every case',
  ].map((part) => textOf(html).indexOf(part))
  expect(order).not.toContain(-1)
  expect(order.slice(1)).toEqual(order.slice(1).toSorted((a, b) => a - b))
})

test('the first exchange is open, the others wait', () => {
  expect(count(reportHtml(mixed()), '<details open')).toBe(1)
  expect(count(reportHtml(report([result('PASS'), result('WARN')])), '<details open')).toBe(0)
})

test('what is not the text of the draft stands under headings of its own, failed or not', () => {
  const text = textOf(reportHtml(mixed()))
  expect(count(text, "Derived from the draft and from the JWT, OAuth and DNS standards; not the draft's own text")).toBe(3)
  expect(count(text, 'Hardening of a later revision of the draft; not the text of 0.1')).toBe(2)
})

test('each link leads to a place that is there, and no two places have one name', () => {
  const html = reportHtml(report([...mixed().results, ...mixed().results.map((one) => ({ ...one, party: 'service' as const }))]))
  const places = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
  expect(new Set(places).size).toBe(places.length)
  for (const [, target] of html.matchAll(/ href="#([^"]*)"/g)) expect(places).toContain(target)
})

test('nothing is asked of anybody: its policy admits its own style and script alone, by their hashes', () => {
  const html = reportHtml(mixed())
  const [, policy = ''] = /Content-Security-Policy" content="([^"]*)"/.exec(html) ?? []
  for (const kind of ['style', 'script']) {
    const [, source = ''] = new RegExp(`<${kind}>(.*?)</${kind}>`, 's').exec(html) ?? []
    const hash = createHash('sha256').update(source).digest('base64')
    expect(policy.replaceAll('&#39;', "'")).toContain(`${kind}-src 'sha256-${hash}'`)
  }
  expect(policy).toContain('default-src')
  expect(html).not.toMatch(/ (?:style|on\w+)=/)
  expect(html).not.toMatch(/ (?:src|href)="(?!#|data:)|url\(|@import/)
})

test('a report of nothing, of one party, and of many is a page', () => {
  expect(textOf(reportHtml(report([], { subjects: [] })))).toContain('No verdict: not one case passed')
  const many = Array.from({ length: 7 }, (_, i) => result('FAIL', { id: `AUTH-VAL-0${i}` }))
  expect(count(reportHtml(report(many)), '<ol class="index">')).toBe(1)
})

test('JSON that stands on one line is spread, unless that would change what came', () => {
  const said = (body: string) =>
    textOf(reportHtml(report([result('FAIL', { exchanges: [exchange({ response: { status: 200, headers: {}, body } })] })])))
  expect(said('{"a":1}')).toContain('{\n  "a": 1\n}')
  for (const body of ['{"a":1,"a":2}', '{"a":1e400}', '{"a" :1}', '{"a":']) expect(said(body)).toContain(body)
})
