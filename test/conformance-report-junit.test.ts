/** A report as CI reads it. */
import { expect, test } from 'vitest'
import { reportJunit } from '../conformance/report/junit.ts'
import { element, xmlText } from '../conformance/report/xml.ts'
import { mixed, report, result } from './conformance-report-rig.ts'

type Element = { name: string; attributes: Record<string, string>; children: Element[]; text: string }

/** What readers take, element by element: attributes they require, those they also know, and what may stand within. */
const READERS: Record<string, { required: string[]; known?: string[]; within: string[] }> = {
  testsuites: { required: ['name', 'tests', 'failures', 'errors', 'time'], within: ['testsuite'] },
  testsuite: {
    required: ['name', 'tests', 'failures', 'errors', 'skipped', 'time', 'timestamp', 'hostname', 'id', 'package'],
    within: ['properties', 'testcase'],
  },
  properties: { required: [], within: ['property'] },
  property: { required: ['name', 'value'], within: [] },
  testcase: { required: ['name', 'classname', 'time'], within: ['failure', 'error', 'skipped', 'system-out'] },
  failure: { required: ['message', 'type'], within: [] },
  error: { required: ['message', 'type'], within: [] },
  skipped: { required: ['message'], within: [] },
  'system-out': { required: [], within: [] },
}
const FORMS: Record<string, RegExp> = {
  tests: /^\d+$/,
  failures: /^\d+$/,
  errors: /^\d+$/,
  skipped: /^\d+$/,
  id: /^\d+$/,
  time: /^\d+\.\d{3}$/,
  timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/,
  name: /^\S(.*\S)?$/s,
}

/** Reads XML 1.0 as strictly as this subset can be read: no DTD, no comments, no CDATA. Throws at the first thing that is not well-formed. */
function parseXml(xml: string): Element {
  if (/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(xml)) throw new Error('a character that XML does not have')
  const [declaration = ''] = /^<\?xml version="1.0" encoding="UTF-8"\?>\n/.exec(xml) ?? []
  if (!declaration) throw new Error('no declaration')
  const root: Element = { name: '', attributes: {}, children: [], text: '' }
  const open = [root]
  let at = declaration.length
  for (const token of xml.slice(at).matchAll(/<\/([\w-]+)>|<([\w-]+)((?: [\w-]+="[^"<]*")*)(\/?)>|([^<]+)/gy)) {
    const [whole, closed, opened, attributes = '', isEmpty, text] = token
    at += whole.length
    const inside = open.at(-1)!
    if (text !== undefined) inside.text += decoded(text)
    else if (closed !== undefined) {
      if (open.pop()!.name !== closed) throw new Error(`${closed} ends what is not open`)
    } else {
      const pairs = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name!, decoded(value!)] as const)
      if (new Set(pairs.map(([name]) => name)).size < pairs.length) throw new Error('an attribute twice')
      const element = { name: opened!, attributes: Object.fromEntries(pairs), children: [], text: '' }
      inside.children.push(element)
      if (!isEmpty) open.push(element)
    }
  }
  if (at !== xml.length || open.length > 1 || root.children.length !== 1 || root.text.trim() !== '') throw new Error(`not well-formed at ${at}`)
  return root.children[0]!
}

function decoded(text: string): string {
  if (text.includes(']]>')) throw new Error('the end of a CDATA section')
  return text.replace(/&(?:(amp|lt|gt|quot|apos)|#(\d+));|&/g, (whole, name?: 'amp' | 'lt' | 'gt' | 'quot' | 'apos', code?: string) => {
    if (whole === '&') throw new Error('a bare ampersand')
    return name ? { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[name] : String.fromCodePoint(Number(code))
  })
}

const all = (element: Element, name: string): Element[] => [
  ...(element.name === name ? [element] : []),
  ...element.children.flatMap((child) => all(child, name)),
]
const casesOf = (xml: string) => all(parseXml(xml), 'testcase')
const everyElement = (element: Element): Element[] => [element, ...element.children.flatMap(everyElement)]

test('it has what common readers require, and nothing that one of them does not know', () => {
  for (const run of [mixed(), report([]), report([result('PASS')], { aborted: 'it went away', notices: ['be careful'] })]) {
    for (const { name, attributes, children } of everyElement(parseXml(reportJunit(run)))) {
      const { required, within } = READERS[name] ?? { required: undefined, within: [] }
      expect(Object.keys(attributes), name).toEqual(required)
      for (const child of children) expect(within, `${child.name} in ${name}`).toContain(child.name)
      for (const [key, value] of Object.entries(attributes)) expect(value, `${name} ${key}`).toMatch(FORMS[key] ?? /(?:)/)
    }
  }
})

test('the counts of a suite, and of all, are those of their cases', () => {
  const root = parseXml(reportJunit(mixed()))
  for (const suite of [root, ...all(root, 'testsuite')]) {
    const { tests, failures, errors } = suite.attributes
    expect([tests, failures, errors].map(Number)).toEqual(['testcase', 'failure', 'error'].map((name) => all(suite, name).length))
  }
  expect(all(root, 'testcase')).toHaveLength(mixed().results.length)
})

test('each party and section has a suite of its own, and so has what is not the text of the draft', () => {
  const suites = all(parseXml(reportJunit(mixed())), 'testsuite').map(({ attributes, children }) => [
    attributes.name,
    children[1]?.attributes.classname,
  ])
  expect(suites).toEqual([
    ['Authority §5.3.1 Issuance Endpoint', 'agentpass.authority.5-3-1'],
    ['Authority §5.4.1 Validation Endpoint', 'agentpass.authority.5-4-1'],
    ['Authority §5.5.2 Authorization Close Endpoint (hardening)', 'agentpass.authority.hardening-5-5-2'],
    ['Authority §5.5 Authorization Management (derived)', 'agentpass.authority.derived-5-5'],
    ['Authority RFC 8725 JWT Best Current Practices (derived)', 'agentpass.authority.derived-RFC-8725'],
  ])
})

test('a FAIL is a failure, a WARN is passed and says why, what was not judged is skipped', () => {
  const cases = Object.fromEntries(casesOf(reportJunit(mixed())).map(({ attributes, children }) => [attributes.name!.split(' ')[0], children]))
  expect(cases['AUTH-VAL-01']).toEqual([])
  expect(cases['AUTH-VAL-03']).toMatchObject([
    { name: 'failure', attributes: { type: 'MUST', message: 'A pass is spent once: expected a status of 4xx, got 200 and a delegation' } },
  ])
  expect(cases['AUTH-VAL-03']![0]!.text).toContain('> POST https://authority.example/validate')
  expect(cases['AUTH-ISS-01']).toMatchObject([{ name: 'system-out', text: expect.stringContaining('actual:   200 and a delegation') }])
  expect(cases['AUTH-CHK-11']).toMatchObject([{ name: 'skipped', attributes: { message: 'the adapter names no second instance' } }])
  expect(cases['AUTH-CLS-01']).toMatchObject([{ name: 'skipped', attributes: { message: 'judged in the profile hardened alone' } }])
})

test('a run that ended early, or found nothing out, is an error, so that CI goes red', () => {
  const errorOf = (xml: string) => all(parseXml(xml), 'error').map(({ attributes }) => [attributes.type, attributes.message])
  expect(errorOf(reportJunit(report([result('PASS')], { aborted: 'it went away' })))).toEqual([['Aborted', 'it went away']])
  expect(errorOf(reportJunit(report([result('SKIP')])))).toEqual([['NoVerdict', 'No verdict: not one case passed']])
  expect(errorOf(reportJunit(report([result('PASS')])))).toEqual([])
  expect(errorOf(reportJunit(mixed()))).toEqual([])
})

test('what a peer says is read again as it was said, and what XML cannot say is named', () => {
  const actual = 'a]]>b <c d="e">&amp;\u001b[31m \u0000 \ud800 \ufffe \ufeff 😀'
  const [failed] = all(parseXml(reportJunit(report([result('FAIL', { actual })]))), 'failure')
  const shown = 'a]]>b <c d="e">&amp;⟦ESC⟧[31m ⟦NUL⟧ ⟦U+D800⟧ ⟦U+FFFE⟧ ⟦BOM⟧ 😀'
  expect(failed!.text).toContain(`actual:   ${shown}`)
  expect(failed!.attributes.message).toContain(shown)
})

test('whatever it is handed, it is well-formed, and a line in an attribute stays one', () => {
  const xml = element('a', { b: 'one\ntwo\t\u0000\ud800', c: undefined }, [xmlText('\ufffe\uffff\u001b ]]> \r')])
  expect(parseXml(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`)).toMatchObject({
    attributes: { b: 'one\ntwo\t⟦U+0000⟧⟦U+D800⟧' },
    text: '⟦U+FFFE⟧⟦U+FFFF⟧⟦U+001B⟧ ]]> \r',
  })
  expect(xml).toContain('b="one&#10;two&#9;')
})

test('a long message is cut, and the text beside it is not', () => {
  const [failed] = all(parseXml(reportJunit(report([result('FAIL', { actual: '😀'.repeat(900) })]))), 'failure')
  expect(failed!.attributes.message!.length).toBeLessThan(700)
  expect(failed!.text).toContain('😀'.repeat(900))
})
