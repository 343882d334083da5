import type { Shown } from '../../approve/shown.ts'
import { visibleParagraphs } from '../../approve/visible.ts'
import { Their } from './page.tsx'

const MOST_LINES = 12
const MOST_CHARS = 900
const MOST_EMPTY = 1

/** What the agent says of its task: its own words, as they are, harmless and marked (B-08, B-09, B-10). What is long folds. */
export const TaskText = ({ task }: { task: Shown['task'] }) => {
  const lines = visibleParagraphs(task.description, MOST_EMPTY)
  const { first, rest } = folded(lines)
  return (
    <figure class="task">
      <figcaption>
        <strong>Text written by the agent.</strong> Nobody has checked it. Task <Their>{task.id}</Their>
        {task.attested ? ', signed with the holder key' : ''}.
      </figcaption>
      <Text label="Text written by the agent" lines={first} />
      {rest.length > 0 && (
        <details>
          <summary>{`The rest of it: ${rest.join('').length} characters`}</summary>
          <Text label="The rest of the text written by the agent" lines={rest} scrolls />
        </details>
      )}
    </figure>
  )
}

/** What scrolls is reached by keyboard. A browser leaves out the first line feed of a `pre`. */
const Text = ({ label, lines, scrolls }: { label: string; lines: string[]; scrolls?: boolean }) => (
  <section class="text" aria-label={label} tabindex={scrolls ? 0 : undefined}>
    <pre class="their" dir="ltr">
      {`\n${lines.join('\n')}`}
    </pre>
  </section>
)

function folded(lines: string[]): { first: string[]; rest: string[] } {
  const first: string[] = []
  let chars = 0
  for (const [i, line] of lines.entries()) {
    const left = cutOf(line, MOST_CHARS - chars)
    if (i >= MOST_LINES || chars >= MOST_CHARS || (left === 0 && line !== '')) return { first, rest: lines.slice(i) }
    if (left < line.length) return { first: [...first, line.slice(0, left)], rest: [line.slice(left), ...lines.slice(i + 1)] }
    first.push(line)
    chars += line.length
  }
  return { first, rest: [] }
}

/** Where a line is cut, so that it has no more than so many characters: not within a character, nor within the name of one that is unseen. */
function cutOf(line: string, most: number): number {
  if (line.length <= most) return line.length
  const named = line.lastIndexOf('⟦', most - 1)
  if (named >= 0 && line.indexOf('⟧', named) >= most) return named
  return /[\udc00-\udfff]/.test(line.charAt(most)) ? most - 1 : most
}
