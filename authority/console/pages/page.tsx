import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import { DOOR_HEADERS } from '../../../spec/node/doors.ts'
import { toRfc3339 } from '../../../spec/time.ts'
import { visible } from '../../approve/visible.ts'
import { CONSOLE, RENEWED } from '../door.ts'
import type { Session } from '../session.ts'

/** What every page needs: where it is, what is served beside it, and where a form may lead besides home. */
export type Frame = { origin: string; assets: { style: string; script: string }; formTargets: string[]; remembers: boolean }
/** What is told after an act, by the name that its address carries. */
export const NOTICES = {
  approved: 'Approved. The agent can use it now; revoke takes it back.',
  seconded: 'Your approval is kept. The request waits for somebody else’s.',
  remembered: 'Approved, and remembered. Requests like this one are not asked about again until then.',
  forgotten: 'Ended. Such requests are asked about again.',
  denied: 'Denied. The agent is told.',
  revoked: 'Ended. Whatever the agent held of this is void.',
  narrowed: 'Narrowed. The Service is told.',
  ended: 'Ended. Whatever was alive of it is void.',
  added: 'Added.',
  removed: 'Removed.',
  signed_out_there: 'Signed out there.',
  tried_again: 'It is tried again now.',
} as const
export type Notice = keyof typeof NOTICES
export type PageOf = {
  title: string
  /** Undefined where nobody is signed in. */
  session?: Session | undefined
  current?: 'requests' | 'authorizations' | 'remembered' | 'audit' | 'deliveries' | 'harness-keys' | 'settings' | 'account' | undefined
  notice?: Notice | undefined
  /** Renews itself while it is looked at: where its news come from. */
  live?: string | undefined
  children?: Child
}

const LINKS = [
  ['requests', 'Requests'],
  ['authorizations', 'Authorizations'],
] as const
const REMEMBERED_LINK = ['remembered', 'Remembered'] as const
const READERS_LINKS = [
  ['audit', 'Audit'],
  ['deliveries', 'Deliveries'],
  ['harness-keys', 'Harness keys'],
  ['settings', 'Settings'],
] as const

/** A page of the console, as an answer: with the headers of all of them (B-07, B-15), and its forms sent home or to the provider. */
export async function respond(frame: Frame, page: PageOf, status = 200): Promise<Response> {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    ["form-action 'self'", ...frame.formTargets].join(' '),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  const body = await (<Page frame={frame} {...page} />)
  return new Response(String(body), { status, headers: { ...PAGE_HEADERS, 'content-security-policy': policy } })
}

export const PAGE_HEADERS = {
  ...DOOR_HEADERS,
  'content-type': 'text/html; charset=utf-8',
  'x-frame-options': 'DENY',
  'strict-transport-security': 'max-age=31536000',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
  'referrer-policy': 'same-origin', // a form names where it comes from
}

const Page = ({ frame, title, session, current, notice, live, children }: PageOf & { frame: Frame }) => (
  <>
    {raw('<!doctype html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${title} · AgentPass`}</title>
        <link rel="stylesheet" href={frame.assets.style} />
        <link rel="icon" href={`${CONSOLE}/assets/icon.svg`} type="image/svg+xml" />
        <script src={frame.assets.script} type="module"></script>
        {live && (
          <noscript>
            <meta http-equiv="refresh" content={`30; url=?${RENEWED}`} />
          </noscript>
        )}
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <header class="top">
          <a class="brand" href={CONSOLE}>
            <span class="mark" aria-hidden="true"></span>
            AgentPass <span class="host">{new URL(frame.origin).host}</span>
          </a>
          {session && <Navigation session={session} current={current} remembers={frame.remembers} />}
        </header>
        <main id="main" tabindex={-1} data-live={live}>
          {notice && (
            <p class="notice" role="status">
              {NOTICES[notice]}
            </p>
          )}
          {children}
        </main>
        {live && <p id="news" class="unseen" aria-live="polite"></p>}
      </body>
    </html>
  </>
)

const Navigation = ({ session, current, remembers }: { session: Session; current: PageOf['current']; remembers: boolean }) => (
  <>
    <nav aria-label="Console">
      {[...LINKS, ...(remembers ? [REMEMBERED_LINK] : []), ...(session.person.reads ? READERS_LINKS : [])].map(([path, name]) => (
        <a href={`${CONSOLE}/${path}`} aria-current={path === current ? 'page' : undefined}>
          {name}
        </a>
      ))}
    </nav>
    <div class="who">
      <a href={`${CONSOLE}/account`} aria-current={current === 'account' ? 'page' : undefined} title="Your sessions and passkeys">
        <bdi>{visible(session.person.name ?? session.person.email)}</bdi>
      </a>
      <OwnForm session={session} action={`${CONSOLE}/sign-out`}>
        <button type="submit" class="plain">
          Sign out
        </button>
      </OwnForm>
    </div>
  </>
)

/** A form that only the page of this session can send. */
export const OwnForm = ({
  session,
  action,
  children,
  ...more
}: {
  session: Session
  action: string
  children?: Child
  class?: string
  id?: string
  [data: `data-${string}`]: string | undefined
}) => (
  <form method="post" action={action} {...more}>
    <input type="hidden" name="form_token" value={session.formToken} />
    {children}
  </form>
)

/** Text that somebody else wrote, on one line, harmless; with `most`, no more of it than so many characters. */
export const Their = ({ children, most }: { children: string; most?: number }) => (
  <bdi class="their">{visible(most === undefined ? children : shortened(children, most))}</bdi>
)

/** No more than so many characters of a text. */
export function shortened(text: string, most: number): string {
  const chars = [...text]
  return chars.length > most ? `${chars.slice(0, most).join('')}…` : text
}

/** A scope by its name. */
export const ScopeName = ({ children }: { children: string }) => (
  <code class="scope">
    <Their>{children}</Their>
  </code>
)

/** The heads of a table's columns. */
export const Heads = ({ names }: { names: string[] }) => (
  <tr>
    {names.map((name) => (
      <th scope="col">{name}</th>
    ))}
  </tr>
)

/** An instant, for people; a script shows it in their own time. */
export const When = ({ at }: { at: number }) => <time datetime={toRfc3339(at)}>{`${toRfc3339(at).slice(0, 16).replace('T', ' ')} UTC`}</time>

export const Row = ({ name, children }: { name: string; children?: Child }) => (
  <div class="row">
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
)

/** A length of time in words: `1 h 30 min`. */
export function lengthOf(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  const parts = [hours > 0 && `${hours} h`, minutes > 0 && `${minutes} min`, rest > 0 && `${rest} s`]
  return parts.filter(Boolean).join(' ') || '0 s'
}
