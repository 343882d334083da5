/** The attacks on what a decision is about: B-13 and E-02. */
import { expect, test } from 'vitest'
import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { consoleOffice, FORM, formOf, type Office, PEOPLE } from '../console-client.ts'
import { AUTHORITY } from '../parties.ts'

test('B-13: a decision is about what was shown: the digest of another request or of none decides nothing, and the right one does', async () => {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  const [one, other] = [await o.asked(), await o.asked(PEOPLE.ada.email, { task: { id: 'other', description: 'Delete all' } })]
  for (const verb of ['/approve', '/deny', '/challenge'])
    for (const [digest, status] of [
      [other.digest, 409],
      ['x', 409],
      [undefined, 400],
    ] as const) {
      const page = await ada.open(`/requests/${one.ref}`)
      const { fields } = formOf(page, '/approve')
      const sent = Object.fromEntries(Object.entries({ ...fields, digest }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
      const answer = await ada.open(`/requests/${one.ref}${verb}`, { form: sent, headers: { origin: AUTHORITY }, follow: false })
      expect([verb, digest, answer.status]).toEqual([verb, digest, status])
    }
  expect([await o.standsAt(one.ref), await o.standsAt(other.ref)]).toEqual(['pending', 'pending'])
  await o
    .database<{ request: { ref: string; shown: string; shown_digest: string } }>()
    .write((tx) => tx.updateTable('request').set({ shown_digest: 'changed-since' }).where('ref', '=', other.ref).execute())
  const page = await ada.open(`/requests/${one.ref}`)
  expect((await ada.submit(page, '/approve')).status).toBe(303)
  expect((await ada.submit(page, '/approve')).status).toBe(409)
  expect((await ada.submit(page, '/deny')).status).toBe(409)
  expect(await o.standsAt(one.ref)).toBe('approved')
})

test('B-13: of decisions that race, at two instances, one holds', async () => {
  const o = await consoleOffice()
  const second = await o.another()
  const [ada, cleo] = [await o.signedIn(PEOPLE.ada), await o.signedIn(PEOPLE.cleo)]
  for (let round = 0; round < 5; round++) {
    const { ref } = await o.asked()
    const sends = await Promise.all(
      [ada, cleo].map(async (who) => {
        const page = await who.open(`/requests/${ref}`)
        const headers = { 'content-type': FORM, origin: AUTHORITY, cookie: [...who.jar()].map((pair) => pair.join('=')).join('; ') }
        return ['/approve', '/deny'].map((verb) => {
          const { action, fields } = formOf(page, verb)
          return (at: typeof second | Office) => at.call('POST', action, { body: String(new URLSearchParams(fields)), headers })
        })
      }),
    )
    const answers = await Promise.all(sends.flat().flatMap((send) => [send(o), send(second)]))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, ...Array(7).fill(409)])
    const decided = (await o.trail()).filter((event) => event.event === 'decision' && event.request_ref === ref && event.outcome !== 'refused')
    expect(decided).toHaveLength(1)
  }
})

test('B-13, E-02: nobody approves a scope that was not offered, none at all, or leaves an authorization with more than it has', async () => {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  const { id, ref } = await o.asked()
  const page = await ada.open(`/requests/${ref}`)
  const none = { 'scope:tickets:read': undefined, 'scope:tickets:write': undefined }
  for (const more of [
    { 'scope:tickets:admin': 'on' },
    { 'scope:*': 'on' },
    { 'scope:': 'on' },
    { 'scope:TICKETS:READ': 'on' },
    { ...none, 'scope:admin': 'on' },
    none,
  ]) {
    const answer = await ada.submit(page, '/approve', more)
    expect([more, answer.status, await o.standsAt(ref)]).toEqual([more, 422, 'pending'])
  }
  expect((await ada.submit(page, '/approve', { 'scope:tickets:write': undefined })).status).toBe(303)
  const { agentpass } = IssuanceStatus.parse(await (await o.status(id)).json())
  expect(await (await o.validate(agentpass?.value, o.desk.bearer())).json()).toMatchObject({ scope: ['tickets:read'] })
  const held = await o.redeemed({ user: { email: PEOPLE.ada.email } })
  const { ref: heldRef } = await o.show(held.id)
  const holding = await ada.open(`/requests/${heldRef}`)
  for (const more of [{ 'scope:tickets:admin': 'on' }, none, { 'scope:*': 'on' }])
    expect((await ada.submit(holding, '/narrow', more)).status).toBe(422)
  expect((await ada.submit(holding, '/narrow', { 'scope:tickets:write': undefined })).status).toBe(303)
  expect((await ada.submit(holding, '/narrow')).status).toBe(422) // it does not get back what was taken
  expect((await o.show(heldRef)).authorization?.scope).toEqual(['tickets:read'])
})
