import { z } from 'zod'
import { table } from '../../spec/node/cli.ts'
import { Shown } from '../approve/shown.ts'
import { visible, visibleParagraphs } from '../approve/visible.ts'

/** A request as the management door lists it. */
export const Summary = z.looseObject({
  ref: z.string(),
  status: z.string(),
  type: z.string(),
  service: z.string(),
  user: z.string(),
  agent: z.string(),
  task: z.string(),
  created_at: z.string(),
  expires_at: z.string(),
  decided_at: z.string().optional(),
  decided_by: z.string().optional(),
  reason: z.string().optional(),
})
export type Summary = z.infer<typeof Summary>

const Authorization = z.looseObject({
  id: z.string(),
  state: z.string(),
  scope: z.array(z.string()),
  opened_at: z.string(),
  expires_at: z.string(),
  closed_at: z.string().optional(),
  reason: z.string().optional(),
})

/** All there is to see of a request. Decisions name `digest`. */
export const Details = Summary.extend({ digest: z.string(), shown: Shown, authorization: Authorization.optional() })
export type Details = z.infer<typeof Details>

const NAME_COLUMNS = 14
const CELL_CHARS = 40
const MOST_EMPTY_LINES = 2

/** Requests as a table. Whatever others wrote is made visible, and cut to its column. */
export const inTable = (requests: Summary[]): string =>
  table(
    ['REF', 'STATUS', 'UNTIL', 'USER', 'SERVICE', 'AGENT', 'TASK'],
    requests.map((r) => [r.ref, r.status, r.expires_at, r.user, r.service, r.agent, r.task].map((cell) => cut(visible(cell)))),
  )

const cut = (text: string): string => (text.length > CELL_CHARS ? `${text.slice(0, CELL_CHARS - 1)}…` : text)

/** All an approver must see of a request, for a terminal so many columns wide. What the agent says of its task stands apart from what is known, line by line behind a bar that it cannot write. */
export function inFull(request: Details, terminalColumns: number): string {
  const { shown, authorization } = request
  const columns = Math.max(terminalColumns, 40) - NAME_COLUMNS
  const rows: [string, string][] = [
    ['request', `${request.ref}, ${statusLine(request)}`],
    ['service', shown.service.name === undefined ? shown.service.origin : `${shown.service.origin}, which calls itself "${shown.service.name}"`],
    ['user', shown.user.email],
    ['agent', shown.agent.id],
    ['harness', shown.harness.id],
    ['trust tier', tierOf(shown.harness)], // in a row of its own: the harness chose its name
    ['holder key', shown.harness.key_thumbprint ?? 'none'],
    ['task', `${shown.task.id}, ${shown.task.attested ? 'attested by the holder key' : 'not attested'}`],
    ['flow', `${shown.type === 'browser_session' ? 'a browser session' : 'a bearer token'}, for ${shown.authorization_seconds} s from redemption on`],
    ...(shown.destination ? [destinationRow(shown.destination)] : []),
    ...shown.scopes.map(({ name, description }): [string, string] => ['scope', description === undefined ? name : `${name}: ${description}`]),
    ...shown.reasons.map((reason): [string, string] => ['why', reason]),
    ...(authorization ? authorizationRows(authorization) : []),
    ['digest', request.digest],
  ]
  const table = rows.flatMap(([name, text]) => wrap(visible(text), columns).map((line, i) => `${(i === 0 ? name : '').padEnd(NAME_COLUMNS)}${line}`))
  return [
    ...table,
    '',
    'what the agent says of its task, in its own words, which nobody has checked:',
    ...barred(shown.task.description, columns),
  ].join('\n')
}

/** How much is known of the Harness, by whose word, and since when. */
function tierOf({ tier, vouched }: Details['shown']['harness']): string {
  if (!vouched) return `${tier}: nobody vouches for it`
  return tier === 'attested' ? `attested by ${vouched.by} at ${vouched.since}` : `${tier} as "${vouched.by}" since ${vouched.since}`
}

function statusLine({ status, expires_at, decided_at, decided_by, reason }: Details): string {
  if (status === 'pending') return `pending until ${expires_at}`
  const decided = decided_at === undefined ? '' : ` at ${decided_at}${decided_by === undefined ? '' : ` by ${decided_by}`}`
  return `${status}${decided}${reason === undefined ? '' : `: ${reason}`}`
}

const destinationRow = ({ url, on_service_origin }: { url: string; on_service_origin: boolean }): [string, string] => [
  'destination',
  on_service_origin ? url : `${url}, WHICH IS NOT ON THE SERVICE'S ORIGIN`,
]

const authorizationRows = ({ id, state, scope, expires_at, reason }: z.infer<typeof Authorization>): [string, string][] => [
  ['authorization', `${id}, ${state}, until ${expires_at}${reason === undefined ? '' : `: ${reason}`}`],
  ['holds now', scope.join(', ')],
]

/** Lines behind a bar, and no flood of empty ones. */
const barred = (text: string, columns: number): string[] =>
  visibleParagraphs(text, MOST_EMPTY_LINES)
    .flatMap((line) => wrap(line, columns))
    .map((line) => `  │ ${line}`)

/** Breaks a line before the terminal does: what it broke would begin where our own words do. A character outside ASCII counts as two columns. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  let taken = 0
  for (const char of text) {
    const wide = char > '~' ? 2 : 1
    if (taken + wide > columns) {
      lines.push(line)
      line = ''
      taken = 0
    }
    line += char
    taken += wide
  }
  return [...lines, line]
}
