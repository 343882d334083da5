import type { Matrix, Played, Tried } from './matrix.ts'
import { PEOPLE } from './neighbours.ts'
import type { Outcome } from './observer.ts'
import type { Say } from './play.ts'
import { type Answered, SETTINGS } from './table.ts'

const HEADS = ['the user’s domain', 'Service', 'permitted', 'scopes, redemption', 'not permitted', 'scopes, redemption']

/** Prints a played matrix, its rows under what resolution answered. What is wrong stands at the end, a line each. */
export function printMatrix({ rows, unburnt, wrong }: Matrix, say: Say): void {
  say('Who may decide for whom (protocol 3), row by row over DNS and TLS: what resolution answers, which Authorities are permitted behind that,')
  say(
    'and what those and the others get when they ask the Service for its scopes, and when a pass of theirs is redeemed: one word where it is the same.',
  )
  say('\nthe Service, by its settings')
  for (const [name, { says }] of Object.entries(SETTINGS)) say(`  ${name.padEnd(9)}  ${says}`)
  say('\nthe user’s domain')
  for (const [name, { says }] of Object.entries(DOMAINS)) say(`  ${name.padEnd(9)}  ${says}`)
  const lines = rows.map((played) => ({ answer: nameOf(played.answer), cells: cellsOf(played) }))
  const widths = HEADS.map((head, i) => Math.max(head.length, ...lines.map(({ cells }) => cells[i]?.length ?? 0)))
  const format = (cells: string[]) => `  ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd()
  for (const answer of new Set(lines.map((line) => line.answer))) {
    say(`\n${answer}\n${format(HEADS)}`)
    for (const line of lines) if (line.answer === answer) say(format(line.cells))
  }
  const good = Object.values(unburnt).filter((outcome) => outcome === 'ok').length
  const right = rows.filter((played) => played.wrong.length === 0).length
  say(`\n${right} of ${rows.length} rows are as protocol 3 demands. Of the passes that were refused all the while, one of each Authority,`)
  say(`${good} of ${Object.keys(unburnt).length} were still good where they belong.`)
  for (const line of wrong) say(`wrong: ${line}`)
}

const DOMAINS = { acme: { says: 'names its Authority, which allows Service Authorities' }, ...PEOPLE }

const nameOf = (answer: Answered | Outcome): string => (typeof answer === 'string' ? answer : Object.keys(answer).join(' and '))

function cellsOf({ row, tried, wrong }: Played): string[] {
  const permitted = tried.filter(({ authority }) => row.permitted.includes(authority))
  const others = tried.filter(({ authority }) => !row.permitted.includes(authority))
  const domain = `${wrong.length > 0 ? '×' : '✓'} ${row.domain}.localhost`
  return [domain, row.settings, names(permitted), outcomes(permitted), names(others), outcomes(others)]
}

const names = (tried: Tried[]): string => tried.map(({ authority }) => authority).join(', ') || '–'
/** Said once where it is the same for all. */
const outcomes = (tried: Tried[]): string =>
  [...new Set(tried.map(({ scopes, redemption }) => (scopes === redemption ? scopes : `${scopes}, ${redemption}`)))].join(' | ') || '–'
