import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import type { ErrorCode, ProtocolError } from '../../spec/error.ts'
import { DOOR_HEADERS } from '../../spec/node/doors.ts'
import { toRfc3339 } from '../../spec/time.ts'
import { SESSION_PATH } from '../discover/route.ts'
import type { Session } from './session.ts'

/** What is wrong, in the fewest words; where the code has none of its own, its status class does. */
const TITLES: Partial<Record<ErrorCode, string>> = {
  invalid_token: 'Access ended',
  insufficient_scope: 'Not allowed to this agent',
  forbidden: 'Not allowed from there',
  unknown_initialization: 'Nothing begins here',
  initialization_gone: 'This link is used up',
  destination_not_allowed: 'Not allowed to go there',
  authority_unavailable: 'Cannot be checked now',
  service_unavailable: 'The application does not answer',
  rate_limited: 'Too many requests',
}

/** What a reader of the page can do. */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  invalid_token: 'Nothing more can be done in this browser session. If the task is not done, the agent asks for access again.',
  insufficient_scope: 'What was approved does not cover it. The agent can ask for more.',
  unknown_initialization: 'A browser session begins once, at the address that the agent was given. The agent asks for access again.',
  initialization_gone: 'It works once, within a minute. The agent asks for access again.',
  authority_unavailable: 'Whoever stands for this delegation does not answer, so nothing is let through. Try again in a moment.',
  service_unavailable: 'Try again in a moment.',
  rate_limited: 'Try again in a moment.',
}

/** A refusal as a page (protocol 11): its status, its sentence, and what can be done. */
export const pageOfRefusal = (origin: string, refusal: ProtocolError): Promise<Response> =>
  respond(
    refusal.status,
    <Page origin={origin} title={TITLES[refusal.code] ?? (refusal.status < 500 ? 'Not possible' : 'Something went wrong')}>
      <p>{sentence(refusal.message)}</p>
      {ADVICE[refusal.code] && <p class="quiet">{ADVICE[refusal.code]}</p>}
    </Page>,
  )

/** Who acts in this browser, and the way to end it. */
export const pageOfSession = (origin: string, { user, agent, task, scope, expiresAt }: Session): Promise<Response> =>
  respond(
    200,
    <Page origin={origin} title="An agent's session">
      <dl>
        <Row name="Agent">{agent}</Row>
        <Row name="Acts for">{user}</Row>
        {task && <Row name="Task">{task.description ?? task.id}</Row>}
        <Row name="May use">{scope.length > 0 ? scope.join(', ') : 'nothing any more'}</Row>
        <Row name="Until">
          <time datetime={toRfc3339(expiresAt)}>{toRfc3339(expiresAt).replace('T', ' ').replace('.000Z', ' UTC')}</time>
        </Row>
      </dl>
      <form method="post" action={`${SESSION_PATH}/end`}>
        <button type="submit">End this session</button>
      </form>
    </Page>,
  )

/** The session was ended from its own page. */
export const pageOfEnd = (origin: string): Promise<Response> =>
  respond(
    200,
    <Page origin={origin} title="Access ended">
      <p>The session has ended, and with it all that this agent could do here for its task.</p>
    </Page>,
  )

const Row = ({ name, children }: { name: string; children?: Child }) => (
  <>
    <dt>{name}</dt>
    <dd>
      <bdi>{children}</bdi>
    </dd>
  </>
)

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

const Page = ({ origin, title, children }: { origin: string; title: string; children?: Child }) => (
  <>
    {raw('<!doctype html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${title} · ${new URL(origin).host}`}</title>
        <style>{raw(STYLE)}</style>
      </head>
      <body>
        <main>
          <p class="quiet">{new URL(origin).host}</p>
          <h1>{title}</h1>
          {children}
        </main>
      </body>
    </html>
  </>
)

const STYLE = `:root{color-scheme:light dark;--ink:#1b1f24;--quiet:#57606a;--paper:#fff;--ground:#f3f4f6;--line:#d0d7de;--act:#0b57d0}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--quiet:#9aa4af;--paper:#161b22;--ground:#0d1117;--line:#30363d;--act:#6ea8fe}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}
main{width:100%;max-width:34rem;padding:2rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem}
h1{margin:.25rem 0 1rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1rem;overflow-wrap:anywhere}p:last-child{margin:0}.quiet{color:var(--quiet)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.5rem 1.25rem;margin:0 0 1.5rem}dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere;white-space:pre-line}
button{font:inherit;font-weight:600;padding:.6rem 1.1rem;color:var(--paper);background:var(--act);border:0;border-radius:.5rem;cursor:pointer}
button:focus-visible{outline:3px solid var(--ink);outline-offset:2px}`

/** A page stands by itself: no script, nothing fetched, its one style named by its hash, its forms sent home. */
async function respond(status: number, body: Child): Promise<Response> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(STYLE))
  const style = btoa(String.fromCharCode(...new Uint8Array(hash)))
  const policy = `default-src 'none'; style-src 'sha256-${style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`
  const headers = { ...DOOR_HEADERS, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy, 'x-frame-options': 'DENY' }
  return new Response(String(body), { status, headers })
}
