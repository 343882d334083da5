import { raw } from 'hono/html'
import { Diagram } from './diagram.tsx'
import type { PlayState } from './player.ts'
import type { Group } from './record.ts'

/** Whom a task can be played for. */
export type Choice = { email: string; says: string }
type Props = { groups: Group[]; seq: number; state: PlayState; choices: Choice[]; service: string }

/** The world's page: what the parties have said so far, without any script; with it, what they say from now on. */
export const Page = ({ groups, seq, state, choices, service }: Props) => (
  <>
    {raw('<!doctype html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>AgentPass, as it happens</title>
        <link rel="stylesheet" href="/page.css" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <script src="/follow.js" defer />
      </head>
      <body>
        <header class="top">
          <h1>AgentPass, as it happens</h1>
          <p class="lead">
            A person lets an agent do one task at <code>{service}</code>. Below is all that the parties say to each other, over real DNS and TLS on
            this machine. <strong>Open a message</strong> to read it, why it is sent, and what the protocol demands of it. Passes, tokens, request ids
            and signatures are not shown.
          </p>
          <Controls state={state} choices={choices} />
          <p class="legend" aria-hidden="true">
            <span class="sample ask">a question</span> <span class="sample answer">its answer</span>
          </p>
        </header>
        <main id="tasks" data-seq={seq} tabindex={-1}>
          {groups.map((group) => (
            <Diagram group={group} />
          ))}
        </main>
        <noscript>
          <p class="hint">Reload this page to see what has happened since: without script it does not follow by itself.</p>
        </noscript>
      </body>
    </html>
  </>
)

const Controls = ({ state, choices }: Pick<Props, 'state' | 'choices'>) => (
  <div class="controls">
    <form class="play" method="post" action="/play">
      <label for="user">Play a task for</label>
      <select id="user" name="user">
        {choices.map(({ email, says }) => (
          <option value={email}>
            {email}, whose domain {says}
          </option>
        ))}
      </select>
      <button type="submit" data-needs="rest" aria-disabled={state.isPlaying ? 'true' : 'false'}>
        Play a task
      </button>
    </form>
    <form method="post" action="/revoke">
      <button type="submit" class="quiet" data-needs="token" aria-disabled={state.isRevocable ? 'false' : 'true'}>
        Revoke what was approved
      </button>
    </form>
    <p class="status" id="status" role="status">
      {state.says}
    </p>
  </div>
)
