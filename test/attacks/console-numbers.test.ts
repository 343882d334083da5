/** The attacks by floods of requests and by guessing numbers: B-12. */
import { expect, test } from 'vitest'
import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { refusal } from '../authority-rig.ts'
import { consoleOffice, FORM, formOf, type Office, PEOPLE, textOf } from '../console-client.ts'
import { AUTHORITY } from '../parties.ts'

test('B-12: nobody floods a person with requests: so many wait and no more, others are still heard, and each says from where and by how well known a Harness', async () => {
  const o = await consoleOffice({ limits: { issuances_per_minute: 1000, pending_per_user: 5 }, client_address_header: 'x-client' })
  const ada = await o.signedIn(PEOPLE.ada)
  const from = (email: string) => o.issue(o.messageOf(email), { 'x-client': '203.0.113.7' })
  const answers = await Promise.all(Array.from({ length: 50 }, () => from(PEOPLE.ada.email)))
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(5)
  for (const late of answers.filter(({ status }) => status !== 202)) expect(await refusal(late)).toEqual([429, 'rate_limited'])
  expect((await from(PEOPLE.ben.email)).status).toBe(202)
  const inbox = await ada.open('/requests')
  expect(textOf(inbox)).toContain('5 requests wait for you')
  const [, ref = ''] = /href="\/console\/requests\/([\w-]{12})"/.exec(inbox.html) ?? []
  const page = await ada.open(`/requests/${ref}`)
  expect(textOf(page)).toContain('Asked from 203.0.113.7')
  expect(textOf(page)).toMatch(/unverified.* nobody vouches for it.* chose its name itself/)
  expect((await ada.submit(page, '/deny')).status).toBe(303)
  expect((await from(PEOPLE.ada.email)).status).toBe(202)
})

const MATCHING = { console: { number_matching: 'always' } }
/** The number that a Harness shows for a request. */
const numberOf = async (o: Office, id: string): Promise<string> => String(IssuanceStatus.parse(await (await o.status(id)).json()).approval_number)
const wrong = (number: string): string[] => Array.from({ length: 90 }, (_, i) => String(10 + i)).filter((one) => one !== number)

test('B-12: where numbers are matched, nothing is approved without the one that the Harness shows, and no page shows it', async () => {
  const o = await consoleOffice(MATCHING)
  const ada = await o.signedIn(PEOPLE.ada)
  const { id, ref } = await o.asked()
  const number = await numberOf(o, id)
  expect(number).toMatch(/^[1-9][0-9]$/)
  const page = await ada.open(`/requests/${ref}`)
  expect(page.html).toContain('name="number"')
  expect(page.html.match(/value="\d\d"/)).toBeNull()
  const [first, second] = wrong(number)
  for (const [guess, status] of [
    [undefined, 403],
    ['', 403],
    [first, 403],
    [` ${number}`, 403],
    [number, 303],
  ] as const)
    expect([guess, (await ada.submit(page, '/approve', { number: guess })).status]).toEqual([guess, status])
  expect([await o.standsAt(ref), second]).toEqual(['approved', second])
})

test('B-12: the third wrong number denies the request, and the right one comes too late', async () => {
  const o = await consoleOffice(MATCHING)
  const ada = await o.signedIn(PEOPLE.ada)
  const { id, ref } = await o.asked()
  const number = await numberOf(o, id)
  const page = await ada.open(`/requests/${ref}`)
  for (const guess of wrong(number).slice(0, 3)) {
    expect(await o.standsAt(ref)).toBe('pending')
    expect((await ada.submit(page, '/approve', { number: guess })).status).toBe(403)
  }
  expect(await o.standsAt(ref)).toBe('denied')
  expect((await ada.submit(page, '/approve', { number })).status).toBe(409)
  expect(await o.standsAt(ref)).toBe('denied')
  const another = await o.asked()
  const right = await numberOf(o, another.id)
  expect((await ada.send(`/requests/${another.ref}`, '/approve', { number: right })).status).toBe(303)
})

test('B-12: all ninety numbers at once, at two instances, approve nothing but by one of the first three', async () => {
  const o = await consoleOffice(MATCHING)
  const ada = await o.signedIn(PEOPLE.ada)
  const second = await o.another()
  for (let round = 0; round < 3; round++) {
    const { id, ref } = await o.asked()
    const number = await numberOf(o, id)
    const { action, fields } = formOf(await ada.open(`/requests/${ref}`), '/approve')
    const cookie = [...ada.jar()].map((pair) => pair.join('=')).join('; ')
    const guess = (value: string, i: number) =>
      (i % 2 ? o : second).call('POST', action, {
        body: String(new URLSearchParams({ ...fields, number: value })),
        headers: { 'content-type': FORM, origin: AUTHORITY, cookie },
      })
    const answers = await Promise.all([...wrong(number), number].map(guess))
    expect(answers.filter(({ status }) => status === 303)).toEqual([])
    expect(await o.standsAt(ref)).toBe('denied')
  }
  const { id, ref } = await o.asked()
  o.pass(60)
  const ben = await o.signedIn(PEOPLE.cleo)
  expect((await ben.send(`/requests/${ref}`, '/approve', { number: await numberOf(o, id) })).status).toBe(303)
})
