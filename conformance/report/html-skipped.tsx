import { placeOf } from './html-place.ts'
import type { Result } from './report.ts'
import { byId } from './section.ts'
import { plural } from './verdict.ts'

/** What could not be judged, by what stood in the way: the reasons tell what the adapter could still give. Nothing where there is none. */
export const Skipped = ({ results }: { results: Result[] }) => {
  const reasons = new Map<string, Result[]>()
  for (const result of results.filter(({ verdict }) => verdict === 'SKIP').toSorted(byId)) {
    const reason = result.remarks.join(' ') || 'No reason is known.'
    reasons.set(reason, [...(reasons.get(reason) ?? []), result])
  }
  if (reasons.size === 0) return null
  return (
    <section class="skipped" id="skipped" aria-labelledby="skipped-title">
      <h2 id="skipped-title">What could not be judged</h2>
      <p class="says">None of these was passed. Each says what stood in the way.</p>
      {[...reasons]
        .toSorted(([, a], [, b]) => b.length - a.length)
        .map(([reason, skipped]) => (
          <details>
            <summary>
              <b>{plural(skipped.length, 'case')}</b> {reason}
            </summary>
            <ul>
              {skipped.map((result) => (
                <li>
                  <a href={`#${placeOf(result)}`}>
                    <code>{result.id}</code>
                  </a>{' '}
                  {result.requirement.statement}
                </li>
              ))}
            </ul>
          </details>
        ))}
    </section>
  )
}
