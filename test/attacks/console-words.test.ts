/** The attacks by words on the console’s pages: B-08 to B-10. */
import { expect, test } from 'vitest'
import { consoleOffice, PEOPLE } from '../console-client.ts'
import { configurationOf } from '../fake-service.ts'
import { SERVICE } from '../parties.ts'

const PAYLOADS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'><svg onload=alert(1)>",
  '</pre></figure><form action=https://evil.example method=post><button>Approve</button></form>',
  '<a href="javascript:alert(1)">x</a>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '<!--<img src="--><img src=x onerror=alert(1)>//">',
  '{{7*7}} <%= 7*7 %> <?= 7*7 ?>',
  '![](http://evil.example/x.png) [x](http://evil.example) http://evil.example/ <http://evil.example>',
  '<meta http-equiv=refresh content="0;url=//evil.example"><base href=//evil.example><link rel=stylesheet href=//evil.example>',
  '\u0000<script\u0000>alert(1)</script>',
]

/** The elements of a page with the names of their attributes: what text must never change. */
const shapeOf = (html: string): string[] => [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/="[^"]*"/g, '='))

/** Pages on which somebody else's text stands, where all of it is this text. */
async function written(text: string) {
  const o = await consoleOffice({ policy: { rules: [] } })
  const stored = text.replaceAll('\u0000', '')
  o.desk.pages.scopes = () =>
    Response.json({
      scopes: [
        { name: 'tickets:read', description: stored },
        { name: 'tickets:write', description: stored },
      ],
    })
  o.desk.pages.configuration = () => Response.json({ ...configurationOf(SERVICE), service: { origin: SERVICE, name: stored.slice(0, 200) } })
  const said = { agent: { id: stored }, harness: { id: stored }, task: { id: stored, description: text } }
  const audrey = await o.signedIn({ ...PEOPLE.audrey, name: stored, groups: ['security', stored] })
  const ada = await o.signedIn({ ...PEOPLE.ada, name: stored })
  const denied = await o.asked(PEOPLE.ada.email, said)
  o.pass(1)
  const withReason = await ada.send(`/requests/${denied.ref}`, '/deny', { reason: stored })
  expect(withReason.status).toBe(303)
  const held = await o.redeemed({ user: { email: PEOPLE.ada.email }, ...said })
  o.pass(1)
  const { ref } = await o.asked(PEOPLE.ada.email, said)
  const { ref: heldRef } = await o.show(held.id)
  await o.trail()
  const all = await Promise.all(
    [
      `/requests/${ref}`,
      '/requests',
      '/requests?status=all',
      `/requests/${denied.ref}`,
      `/requests/${heldRef}`,
      '/authorizations',
      '/account',
      '/audit',
    ].map((path) => audrey.open(path)),
  )
  const own = await ada.open(`/requests/${ref}`)
  const answered = await ada.submit(own, '/approve')
  expect([answered.status, await o.standsAt(ref)]).toEqual([303, 'approved'])
  return [...all, own, await audrey.open(`/audit?q=${encodeURIComponent(text)}`)].map(({ status, html, url }) => ({
    at: url.pathname.replace(/[\w-]{12}$/, ''),
    status,
    html,
  }))
}

test('B-08, B-10: markup, script, links and images in what an agent, a Harness, a Service, a person or the provider writes are text on every page, and change nothing of it', async () => {
  const benign = await written('benign')
  for (const payload of PAYLOADS) {
    const hostile = await written(payload)
    for (const [i, { at, status, html }] of hostile.entries()) {
      expect([payload, at, status]).toEqual([payload, at, 200])
      if (at !== '/console/audit') expect(shapeOf(html), `${payload} at ${at}`).toEqual(shapeOf(benign[i]!.html))
      expect(html).not.toMatch(/<(?:img|svg|form action=http|meta http-equiv="?refresh[^>]*evil|base|a href="(?:http|javascript))/)
    }
  }
})

const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
test.each<[string, string, string]>([
  ['turns text round', 'Answer \u202eedirevo\u202c \u2066x\u2069', '⟦RLO⟧'],
  ['is not seen', 'tick\u200bet \u00ad \ufeff \u{e0041}', '⟦ZWSP⟧'],
  ['moves a terminal', 'x\u001b[2J\u009b31m\u0007', '⟦ESC⟧'],
  ['ends a line in its own way', 'one\u2028two\u2029three', '⟦U+2028⟧'],
  ['pretends to be of the page', 'Approved by IT ✓\n\nNumber to type in: 42', 'Approved by IT ✓'],
])('B-09: text that %s is shown as what it is, and as written by the agent', async (_, text, seen) => {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  const { ref } = await o.asked(PEOPLE.ada.email, { task: { id: text.replaceAll('\u0000', ''), description: text }, harness: { id: text } })
  for (const page of [await ada.open(`/requests/${ref}`), await ada.open('/requests')]) {
    expect(page.html).not.toMatch(UNSEEN)
    expect(page.html).toContain(seen)
  }
  const page = await ada.open(`/requests/${ref}`)
  expect(page.html.slice(page.html.indexOf('ritten by the agent'))).toContain(seen)
  expect((await ada.submit(page, '/approve')).status).toBe(303)
})

test('B-09: a flood of lines or of text folds, so that the decision stays in sight, and one that is too long is not taken at all', async () => {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  for (const description of ['\n'.repeat(16_000), 'x'.repeat(16_384), 'line\n'.repeat(3000), `${'\n \t\r\n'.repeat(3000)}hidden`]) {
    const { ref } = await o.asked(PEOPLE.ada.email, { task: { id: 'flood', description } })
    const page = await ada.open(`/requests/${ref}`)
    const [, first = ''] = /<pre class="their" dir="ltr">(.*?)<\/pre>/s.exec(page.html) ?? []
    expect([first.length < 1000, first.split('\n').length < 15]).toEqual([true, true])
    expect((await ada.open('/requests')).html.length).toBeLessThan(10_000)
  }
  for (const [chars, status] of [
    [16_385, 400],
    [70_000, 413],
  ] as const)
    expect((await o.issue({ ...o.messageOf(PEOPLE.ada.email), task: { id: 't', description: 'x'.repeat(chars) } })).status).toBe(status)
})
