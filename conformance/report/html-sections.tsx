import type { Child } from 'hono/jsx'
import type { Result } from './report.ts'
import { byOrigin, bySection } from './section.ts'

/** Results by where their requirements come from, and then by section; `children` makes what is shown of one section's. */
export const Sections = ({ results, children }: { results: Result[]; children: (results: Result[]) => Child }) => (
  <>
    {byOrigin(results).map(({ title, says, results }) => (
      <section class="origin">
        <h3>
          {title} <small>{says}</small>
        </h3>
        {bySection(results).map(({ section, results }) => (
          <div class="row">
            <h4>
              <b>{section.label}</b> {section.title}
            </h4>
            {children(results)}
          </div>
        ))}
      </section>
    ))}
  </>
)
