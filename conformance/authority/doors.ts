import { expectThat } from '../case.ts'
import { need } from '../stage.ts'
import type { AuthorityStage } from './stage.ts'

/** Credentials that are none. */
export const NO_CREDENTIALS: [string, string, Record<string, string>][] = [
  ['none', 'without credentials', {}],
  ['junk', 'with a bearer token that is a guess', { authorization: 'Bearer suite-guess-0123456789abcdef' }],
  ['basic', 'with a user and password that are a guess', { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` }],
]

/** Statuses by which a door turns somebody away: refused, hidden, or sent to log in. */
const TURNED_AWAY = [401, 403, 404, 302, 303, 307]

/** Knocks at every door that decides or revokes, about a request. That it turned whoever knocks away is asked of each. Skips where the adapter names none. */
export async function expectTurnedAway(s: AuthorityStage, id: string, headers: Record<string, string>): Promise<void> {
  const doors = s.adapter.decision_doors
  need(doors[0], 'the adapter names no door that decides (authority.decision_doors)')
  for (const { method, url, json } of doors) {
    const place = url.replaceAll('{id}', encodeURIComponent(id))
    const reply = await s.client.send(place, { method, headers, hook: true, ...(json !== undefined && { body: json }) })
    expectThat(
      TURNED_AWAY.includes(reply.status),
      `${method} ${url} to turn a stranger away (401 or 403)`,
      `${reply.status} ${reply.text.slice(0, 200)}`,
    )
  }
}
