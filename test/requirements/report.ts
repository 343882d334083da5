import type { Row, State } from './account.ts'

const STATES: State[] = ['tested', 'human-checked', 'open']

/** The account for programs. */
export const summarise = (rows: Row[]) => ({
  total: rows.length,
  tested: rows.filter(({ state }) => state === 'tested').length,
  humanChecked: rows.filter(({ state }) => state === 'human-checked').map(({ id, reason }) => ({ id, reason })),
  open: rows.filter(({ state }) => state === 'open').map(({ id }) => id),
})

/** The group of a requirement: its id without the number. */
export const groupOf = (id: string): string => id.replace(/-\d+$/, '')

/** The account for people: a line for each group, the open rows, and what people checked. */
export function describeRows(rows: Row[]): string {
  const groups = [...new Set(rows.map(({ id }) => groupOf(id)))]
  const lines = [
    line('', ['total', ...STATES]),
    ...groups.map((group) => line(group, count(rows.filter(({ id }) => groupOf(id) === group)))),
    line('all', count(rows)),
  ]
  return [lines, list('open', rows), list('human-checked', rows)].map((part) => part.join('\n')).join('\n\n')
}

const line = (name: string, cells: (string | number)[]): string => name.padEnd(12) + cells.map((cell) => String(cell).padStart(15)).join('')
const count = (rows: Row[]): number[] => [rows.length, ...STATES.map((state) => rows.filter((row) => row.state === state).length)]

function list(state: State, rows: Row[]): string[] {
  const these = rows.filter((row) => row.state === state)
  return [these.length === 0 ? `${state}: none` : `${state}:`, ...these.map(tellRow)]
}

const tellRow = ({ id, level, statement, reason }: Row): string =>
  `  ${id.padEnd(12)} ${level.padEnd(6)} ${statement}${reason === undefined ? '' : `\n${' '.repeat(22)}${reason}`}`

/** The tests that claim each of some requirements, by file and name. */
export const describeClaims = (rows: Row[]): string =>
  rows
    .map((row) =>
      [
        `${row.id} ${row.level} (${row.state}): ${row.statement}`,
        ...(row.reason === undefined ? [] : [`  ${row.reason}`]),
        ...new Set(row.claims.map(({ file, name }) => `  ${file}: ${name}`)),
      ].join('\n'),
    )
    .join('\n\n')
