/** What a report comes to, and that nothing a peer says can hurt whoever reads it, in any form. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { reportJson } from '../conformance/report/json.ts'
import { createRedactor } from '../conformance/report/redact.ts'
import { count, isConforming } from '../conformance/report/report.ts'
import { failedRequirements, outcomeOf } from '../conformance/report/verdict.ts'
import { everyForm, exchange, mixed, report, result } from './conformance-report-rig.ts'

const CONTROLS = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe]/u
const HOSTILE =
  '\u001b[2Jgone\u009b31m \u202egpj.exe\u2028 ]]> <script>alert(1)</script><img src=x onerror=alert(2)> \ud800 \u0000 \ufffe "\'&amp; \u200b'
const Document = z.looseObject({
  conforming: z.boolean(),
  verdict: z.string(),
  summary: z.looseObject({}),
  results: z.array(z.looseObject({ id: z.string() })),
})
const parsed = (json: string) => Document.parse(JSON.parse(json))

/** A report in which a peer, or an adapter, has said the same thing wherever it can say anything. */
const saying = (words: string) =>
  report(
    [
      result('FAIL', {
        expected: words,
        actual: words,
        remarks: [`note: ${words}`],
        exchanges: [
          exchange({
            request: { line: `POST ${words}`, headers: { [words]: words }, body: words },
            response: { status: 200, headers: { [words]: words }, body: words },
          }),
          exchange({ between: words, response: undefined, failure: words }),
        ],
      }),
      result('SKIP', { id: 'AUTH-VAL-04', remarks: [words] }),
      result('WARN', { id: 'AUTH-VAL-05', actual: words }),
    ],
    { notices: [words], aborted: words, seed: words, subjects: [{ party: 'authority', name: words, url: words }] },
  )

test('verdicts are counted, and a requirement that fails in two cases is one that failed', () => {
  const run = mixed()
  expect(count(run.results)).toEqual({ PASS: 1, FAIL: 3, WARN: 1, SKIP: 1, 'N-A': 1 })
  expect(failedRequirements(run.results)).toEqual(['authority AUTH-VAL-03', 'authority AUTH-ASRT-11'])
  expect(outcomeOf(run)).toEqual({ is: 'failed', sentence: 'Not conforming: 2 requirements failed' })
})

test('what was skipped is no part of what is said to conform', () => {
  const run = report([result('PASS'), result('SKIP', { id: 'AUTH-VAL-04' })])
  expect(isConforming(run)).toBe(true)
  expect(outcomeOf(run)).toEqual({ is: 'conforming', sentence: 'Conforming to core-0.1: in all that was tested, but 1 case could not be judged' })
  expect(outcomeOf(report([result('PASS'), result('WARN')])).sentence).toBe('Conforming to core-0.1: 1 case passed, but 1 recommendation was not met')
})

test('a report in which nothing was passed is not conforming, whatever else is in it', () => {
  for (const results of [[], [result('SKIP')], [result('N-A')], [result('WARN')]]) {
    expect(outcomeOf(report(results)).is).toBe('open')
    expect(parsed(reportJson(report(results))).conforming).toBe(false)
  }
})

test('an aborted report is never conforming, in any form', () => {
  const forms = everyForm(report([result('PASS')], { aborted: 'the Authority no longer answers' }))
  for (const form of Object.values(forms)) expect(form).toContain('the Authority no longer answers')
  for (const form of [forms.terminal, forms.json, forms.html]) expect(form).toContain('Not finished: the run ended early')
  for (const form of Object.values(forms)) expect(form).not.toMatch(/[Cc]onforming to/)
  expect(parsed(forms.json).conforming).toBe(false)
  expect(forms.junit).toMatch(/errors="1".*<error /s)
})

test('as JSON a report has the counts of its verdicts and every result, in the order of their ids', () => {
  const { summary, results } = parsed(reportJson(mixed()))
  expect(summary).toEqual({
    cases: 7,
    PASS: 1,
    FAIL: 3,
    WARN: 1,
    SKIP: 1,
    'N-A': 1,
    failedRequirements: ['authority AUTH-VAL-03', 'authority AUTH-ASRT-11'],
  })
  expect(results.map(({ id }) => id)).toEqual(
    mixed()
      .results.map(({ id }) => id)
      .sort(),
  )
  expect(results.at(-1)).toMatchObject({
    requirement: { id: 'AUTH-VAL-03', level: 'MUST', section: '5.4.1' },
    verdict: 'FAIL',
    actual: '200 and a delegation',
  })
  expect(results[0]).toMatchObject({ exchanges: [{ failure: null }, { response: { status: 200 } }] })
})

test('what a peer says commands no terminal, hides nothing and turns no text around, in any form', () => {
  for (const [form, text] of Object.entries(everyForm(saying(HOSTILE)))) expect(text.match(CONTROLS)?.[0], form).toBe(undefined)
})

test('what a peer says is no markup', () => {
  const { html, junit } = everyForm(saying(HOSTILE))
  expect(html.match(/<script/g)).toHaveLength(1)
  expect(html).not.toContain('<img')
  expect(junit).not.toMatch(/]]>|<script|<img/)
})

test('as JSON it is what the peer said, to the character', () => {
  const [, second] = parsed(reportJson(saying(HOSTILE))).results
  expect(second).toMatchObject({ remarks: [HOSTILE] })
})

test('a secret that is known is in no form, wherever it was said', () => {
  const secret = 'öpen/sesame "2026"'
  const said = saying(`it is ${secret}, or ${JSON.stringify(secret)}, or ${encodeURIComponent(secret)}`)
  const forms = everyForm(createRedactor([secret]).report({ ...said, seed: 'seed-1' }))
  for (const [form, text] of Object.entries(forms)) expect(text, form).not.toMatch(/sesame/)
})
