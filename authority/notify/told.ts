import { toRfc3339 } from '../../spec/time.ts'
import { readShown, type Shown, TIER_WORDS } from '../approve/shown.ts'
import { visible, visibleParagraphs } from '../approve/visible.ts'
import { CONSOLE } from '../console/door.ts'
import { lengthOf, shortened } from '../console/pages/page.tsx'
import { isAsking } from '../store/notifications.ts'
import type { RequestRow } from '../store/schema.ts'
import type { Kind } from './settings.ts'

/** One thing that is told: what happened when to which request. `granted`: the scopes that an approval gave; undefined where there was none. */
export type Fact = { kind: Kind; at: number; request: RequestRow; granted: string[] | undefined }
/**
 * A fact in the words of every channel. Nothing in it acts on a reader's eye or screen: what others wrote is visible and cut.
 * `task` is what the agent says of its task, line by line; it stands apart, marked as its own words.
 */
export type Told = {
  kind: Kind
  ref: string
  /** In our own words and the Service's host alone, as it may stand in a header. */
  title: string
  /** The same for a page or a message, where a host would become a link. */
  heading: string
  rows: { name: string; lines: string[] }[]
  task: string[]
  /** The page of the request, where there is a console. It needs a sign-in, and decides nothing. */
  link: string | undefined
}

const MOST_TASK_CHARS = 500
const MOST_NAME_CHARS = 100
const MOST_TEXT_CHARS = 200
const MOST_SCOPES = 20
const MOST_EMPTY_LINES = 1

const TITLES: Record<Kind, string> = {
  requested: 'An agent asks for access',
  reminder: 'Still waiting: an agent asks for access',
  approved: 'Approved: access of an agent',
  denied: 'Denied: access of an agent',
  expired: 'Not decided in time: access of an agent',
  canceled: 'Taken back: access of an agent',
  revoked: 'Ended: access of an agent',
}

/** Says a fact. `origin` is where the console is, where there is one. */
export function tell(fact: Fact, origin: string | undefined): Told {
  const { kind, request } = fact
  const shown = readShown(request.shown)
  const { host } = new URL(shown.service.origin)
  return {
    kind,
    ref: request.ref,
    title: `${TITLES[kind]} at ${host}`,
    heading: `${TITLES[kind]} at ${unlinked(host)}`,
    rows: [...aboutAsker(shown), ...aboutAccess(shown, fact), ...aboutTime(shown, fact)],
    task: visibleParagraphs(shortened(shown.task.description, MOST_TASK_CHARS), MOST_EMPTY_LINES).map(unlinked),
    link: origin && `${origin}${CONSOLE}/requests/${request.ref}`,
  }
}

type Rows = Told['rows']
const SCOPES: Record<Kind, string> = {
  ...{ requested: 'Asks for', reminder: 'Asks for', approved: 'May do', revoked: 'Could do' },
  ...{ denied: 'Asked for', expired: 'Asked for', canceled: 'Asked for' },
}

function aboutAsker({ agent, harness }: Shown): Rows {
  const vouched = harness.vouched ? ` (${their(harness.vouched.by, MOST_NAME_CHARS)})` : ''
  return [
    { name: 'Agent', lines: [their(agent.id, MOST_NAME_CHARS)] },
    ...(harness.id === agent.id ? [] : [{ name: 'Harness', lines: [their(harness.id, MOST_NAME_CHARS)] }]),
    { name: 'How well known', lines: [`${harness.tier}: ${TIER_WORDS[harness.tier]}${vouched}`] },
  ]
}

function aboutAccess({ user, service, type, scopes }: Shown, { kind, granted }: Fact): Rows {
  const named = service.name === undefined ? '' : `, which calls itself “${their(service.name, MOST_NAME_CHARS)}”`
  const meant = granted ? scopes.filter(({ name }) => granted.includes(name)) : scopes
  const lines = meant.slice(0, MOST_SCOPES).map(({ name, description }) => {
    const words = description === undefined ? '' : `: ${their(description, MOST_TEXT_CHARS)}`
    return `${their(name, MOST_NAME_CHARS)}${words}`
  })
  const more = meant.length - lines.length
  return [
    { name: 'For', lines: [visible(user.email)] },
    { name: 'At', lines: [`${unlinked(new URL(service.origin).host)}${named}`] },
    { name: 'As', lines: [type === 'browser_session' ? 'a browser session: the agent sees and clicks what the user would' : 'a token for its API'] },
    { name: SCOPES[kind], lines: more > 0 ? [...lines, `and ${more} more`] : lines },
  ]
}

function aboutTime({ authorization_seconds }: Shown, { kind, at, request: { expires_at, decided_by, reason } }: Fact): Rows {
  const long = { name: 'For how long', lines: [`${lengthOf(authorization_seconds)}, from when the agent begins`] }
  if (isAsking(kind)) return [long, { name: 'Waits until', lines: [instant(expires_at)] }]
  const when = { name: 'When', lines: [instant(at)] }
  if (kind === 'revoked') return [when] // who approved it is not who ended it
  return [
    ...(kind === 'approved' ? [long] : []),
    when,
    ...(decided_by === null ? [] : [{ name: 'By', lines: [visible(decided_by)] }]),
    ...(reason === null ? [] : [{ name: 'Because', lines: [their(reason, MOST_TEXT_CHARS)] }]),
  ]
}

const instant = (at: number): string => `${toRfc3339(at).slice(0, 16).replace('T', ' ')} UTC`

/** Text that others wrote, on one line. */
export const their = (text: string, most: number): string => unlinked(visible(shortened(text, most)))

/** Mail programs make links of whatever looks like one: what others wrote, or chose, is to look like none. */
const unlinked = (text: string): string => text.replaceAll('://', '[:]//').replace(/\.(?=\p{L})/gu, '[.]')
