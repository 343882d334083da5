/** Who approves by the word of policy, and the two-person rule: the first approval waits for another's. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { refusal } from './authority-rig.ts'
import { consoleOffice, type Insider, PEOPLE, textOf } from './console-client.ts'
import { temporaryFolder } from './folders.ts'

const ASK = 'permit (principal, action == AgentPass::Action::"ask", resource);'
const BOTH = ['tickets:read', 'tickets:write']

async function office(annotations: string, more: object = {}) {
  const file = join(temporaryFolder(), 'policy.cedar')
  writeFileSync(file, `@id("rule") ${annotations} ${ASK}`)
  return consoleOffice({ policy: { file }, ...more })
}
const approve = async (who: Insider, ref: string, scope: string[] = BOTH) => {
  const page = await who.open(`/requests/${ref}`)
  const boxes = Object.fromEntries(BOTH.map((name) => [`scope:${name}`, scope.includes(name) ? 'on' : undefined]))
  return who.submit(page, '/approve', boxes)
}

test('two different people approve, and the agent has what both left; until then it waits', async () => {
  const o = await office('@approvals("2")')
  const [ada, cleo] = [await o.signedIn(PEOPLE.ada), await o.signedIn(PEOPLE.cleo)]
  const { id, ref } = await o.asked()
  expect((await approve(ada, ref)).headers.get('location')).toContain('done=seconded')
  expect(await o.standsAt(ref)).toBe('pending')
  expect(textOf(await ada.open(`/requests/${ref}`))).toMatch(
    /2 people must approve this.*ada@acme.example approved tickets:read tickets:write.*It waits for somebody else/,
  )
  expect((await approve(cleo, ref, ['tickets:read'])).headers.get('location')).toContain('done=approved')
  expect(await o.show(id)).toMatchObject({ status: 'approved', decided_by: 'ada@acme.example and cleo@acme.example' })
  const { value } = ((await (await o.status(id)).json()) as { agentpass: { value: string } }).agentpass
  expect(await (await o.validate(value, o.desk.bearer())).json()).toMatchObject({ scope: ['tickets:read'] })
  const told = (await o.trail()).filter(({ event }) => event === 'decision')
  expect(told.map(({ outcome, by, scope, approvers }) => [outcome, by, scope, approvers])).toEqual([
    ['approved by one', 'ada@acme.example', BOTH, undefined],
    ['approved by one', 'cleo@acme.example', ['tickets:read'], undefined],
    ['approved', 'cleo@acme.example', ['tickets:read'], ['ada@acme.example', 'cleo@acme.example']],
  ])
})

test('nobody is two people: a second approval of the same person is refused, and so is the admin token, whose holder may be one of them', async () => {
  const o = await office('@approvals("2")')
  const ada = await o.signedIn(PEOPLE.ada)
  const { id, ref } = await o.asked()
  const page = await ada.open(`/requests/${ref}`)
  expect((await ada.submit(page, '/approve')).status).toBe(303)
  expect((await ada.submit(page, '/approve')).status).toBe(409)
  expect(await o.standsAt(ref)).toBe('pending')
  expect(await refusal(await o.act('approve', id))).toEqual([403, 'forbidden'])
  expect(await o.show(id)).toMatchObject({ status: 'pending', approvals: [{ by: 'ada@acme.example', scope: BOTH }] })
  expect((await o.act('deny', id)).status).toBe(200)
})

test('where policy names the admin token, it is one of two, and not both', async () => {
  const o = await office('@approvals("2") @approvers("user, admin-token")')
  const ada = await o.signedIn(PEOPLE.ada)
  const { id, ref } = await o.asked()
  expect((await o.act('approve', id)).status).toBe(200)
  expect(await refusal(await o.act('approve', id))).toEqual([409, 'already_decided'])
  expect((await approve(ada, ref)).headers.get('location')).toContain('done=approved')
})

test('of two who approve at once both count: the request is approved, once', async () => {
  const o = await office('@approvals("2")')
  const [ada, cleo] = [await o.signedIn(PEOPLE.ada), await o.signedIn(PEOPLE.cleo)]
  for (let i = 0; i < 5; i++) {
    const { ref } = await o.asked()
    const pages = [await ada.open(`/requests/${ref}`), await cleo.open(`/requests/${ref}`)] as const
    const answers = await Promise.all([ada.submit(pages[0], '/approve'), cleo.submit(pages[1], '/approve')])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    expect(await o.standsAt(ref)).toBe('approved')
  }
})

test('whoever comes second can neither widen what the first left, nor approve what has nothing in common with it', async () => {
  const o = await office('@approvals("2")')
  const [ada, cleo] = [await o.signedIn(PEOPLE.ada), await o.signedIn(PEOPLE.cleo)]
  const { ref } = await o.asked()
  await approve(ada, ref, ['tickets:read'])
  const page = await cleo.open(`/requests/${ref}`)
  expect(page.html).not.toContain('name="scope:tickets:write"')
  expect((await cleo.submit(page, '/approve', { 'scope:tickets:read': undefined, 'scope:tickets:write': 'on' })).status).toBe(422)
  expect(await o.standsAt(ref)).toBe('pending')
  expect((await cleo.submit(page, '/approve', { 'scope:tickets:write': 'on' })).status).toBe(303)
  expect((await o.show(ref)).shown.scopes).toHaveLength(2)
  expect((await o.trail()).find(({ outcome }) => outcome === 'approved')).toMatchObject({ scope: ['tickets:read'] })
})

test('either of the two may deny, and an approval that waited is worth nothing then', async () => {
  const o = await office('@approvals("2")')
  const [ada, cleo] = [await o.signedIn(PEOPLE.ada), await o.signedIn(PEOPLE.cleo)]
  const { ref } = await o.asked()
  await approve(ada, ref)
  expect((await cleo.send(`/requests/${ref}`, '/deny')).status).toBe(303)
  expect(await o.standsAt(ref)).toBe('denied')
})

test('whom policy names sees the request and approves it, though no role of theirs says so; the user may deny it, and no more', async () => {
  const o = await office('@approvers("group:finance-leads")')
  const [ada, eve, cleo, dan] = [
    await o.signedIn(PEOPLE.ada),
    await o.signedIn(PEOPLE.eve),
    await o.signedIn(PEOPLE.cleo),
    await o.signedIn(PEOPLE.dan),
  ]
  const { ref } = await o.asked()
  const own = await ada.open(`/requests/${ref}`)
  expect(textOf(own)).toContain('Policy rule names who approves: the group finance-leads. You may deny it.')
  expect(own.html).not.toContain('>Approve</button>')
  const other = await o.asked()
  expect(textOf(await eve.open('/requests'))).toContain('2 requests wait for you')
  expect((await dan.open(`/requests/${ref}`)).status).toBe(403)
  expect((await cleo.send(`/requests/${ref}`, '/deny')).status).toBe(303) // an approver by role, who may deny it too
  expect(await o.standsAt(ref)).toBe('denied')
  expect((await approve(eve, other.ref)).headers.get('location')).toContain('done=approved')
  expect(await o.standsAt(other.ref)).toBe('approved')
})

test('nobody else approves, by whatever door: not the user, not an approver by role, not the admin token', async () => {
  const o = await office('@approvers("group:finance-leads")')
  const [ada, cleo, eve] = [await o.signedIn(PEOPLE.ada), await o.signedIn(PEOPLE.cleo), await o.signedIn(PEOPLE.eve)]
  const { id, ref } = await o.asked()
  const { digest } = await o.show(id)
  for (const who of [ada, cleo]) {
    const page = await who.open(`/requests/${ref}`)
    const token = /name="form_token" value="([^"]+)"/.exec(page.html)?.[1] ?? ''
    const form = { form_token: token, digest, 'scope:tickets:read': 'on' }
    const sent = await who.visit(new URL(`/console/requests/${ref}/approve`, page.url), {
      form,
      follow: false,
      headers: { origin: page.url.origin, 'sec-fetch-site': 'same-origin' },
    })
    expect(sent.status).toBe(403)
  }
  expect(await refusal(await o.act('approve', id))).toEqual([403, 'forbidden'])
  expect(await o.standsAt(ref)).toBe('pending')
  expect((await approve(eve, ref)).status).toBe(303)
})

test.each([
  ['the user', '@approvers("user")', PEOPLE.ada],
  ['an address', '@approvers("dan@ACME.example")', PEOPLE.dan],
])('policy may name %s', async (_, annotation, who) => {
  const o = await office(annotation)
  const person = await o.signedIn(who)
  const { ref } = await o.asked()
  expect((await approve(person, ref)).headers.get('location')).toContain('done=approved')
})

test('policy may name the admin token', async () => {
  const o = await office('@approvers("admin-token")')
  const { id } = await o.asked()
  expect((await o.act('approve', id)).status).toBe(200)
})

test('one person in two spellings of their address is one person', async () => {
  const o = await office('@approvals("2")')
  const [cleo, same] = [await o.signedIn(PEOPLE.cleo), await o.signedIn({ ...PEOPLE.cleo, sub: 'employee-3b', email: 'Cleo@acme.example' })]
  await o.signedIn(PEOPLE.ada) // in the group for which both decide
  const { ref } = await o.asked()
  const page = await same.open(`/requests/${ref}`)
  expect((await approve(cleo, ref)).status).toBe(303)
  expect((await same.submit(page, '/approve')).status).toBe(409)
  expect(await o.standsAt(ref)).toBe('pending')
})
