/** What an approver reads of the Harness that asks: how much is known of it, by whose word, and since when. */
import { expect, test } from 'vitest'
import { type Details, inFull } from '../authority/node/show.ts'
import { SHOWN } from './authority-cli-rig.ts'

const SINCE = '2026-11-22T00:19:14.000Z'
const KEY = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'

/** The lines about the Harness, as a terminal shows them. */
function harnessLines(harness: Partial<Details['shown']['harness']>): string[] {
  const about = { ref: '9hX2kQzP0aVw', status: 'pending', type: 'bearer_token', service: 'https://desk.example', user: 'ada@acme.example' }
  const shown = { ...SHOWN, harness: { ...SHOWN.harness, ...harness } }
  const request = { ...about, agent: 'agent-7', task: 't-1', created_at: SINCE, expires_at: SINCE, digest: 'x', shown }
  return inFull(request, 200)
    .split('\n')
    .filter((line) => /^(?:harness|trust tier|holder key) /.test(line))
}

test.each<[Partial<Details['shown']['harness']>, string[]]>([
  [{}, ['harness       agent-7', 'trust tier    unverified: nobody vouches for it', 'holder key    none']],
  [{ key_thumbprint: KEY }, ['harness       agent-7', 'trust tier    unverified: nobody vouches for it', `holder key    ${KEY}`]],
  [
    { tier: 'registered', vouched: { by: 'build farm', since: SINCE }, key_thumbprint: KEY },
    ['harness       agent-7', `trust tier    registered as "build farm" since ${SINCE}`, `holder key    ${KEY}`],
  ],
  [
    { tier: 'attested', vouched: { by: 'https://vendor.example', since: SINCE }, key_thumbprint: KEY },
    ['harness       agent-7', `trust tier    attested by https://vendor.example at ${SINCE}`, `holder key    ${KEY}`],
  ],
])('of %j an approver reads whose word it is', (harness, lines) => {
  expect(harnessLines(harness)).toEqual(lines)
})

test('no name is read as a tier: that stands in a row of its own, which a name cannot begin', () => {
  const [, ...known] = harnessLines({})
  const [named, ...others] = harnessLines({ id: 'agent-7\ntrust tier    attested by https://vendor.example\u202e' })
  expect(named).toBe('harness       agent-7⟦LF⟧trust tier    attested by https://vendor.example⟦RLO⟧')
  expect(others).toEqual(known)
})
