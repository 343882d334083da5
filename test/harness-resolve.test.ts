import { expect, test } from 'vitest'
import type { AuthorityReference } from '../spec/wire/configuration.ts'
import { ACME, answer, authorityDocument, DESK, harnessRig, referenceTo, refusal, serviceDocument, USER } from './harness-rig.ts'

const OTHER = 'https://other.example'
const THIRD = 'https://third.example'

const choosing = (index: number) => async (offered: AuthorityReference[]) => offered[index]!

test('resolution is asked with the address of the user, and nothing else [HAR-RES-01]', async () => {
  const h = harnessRig()
  await h.acquire()
  expect(h.posted(`${DESK}/resolve`)).toEqual([{ user: { email: USER } }])
})

test('a second authority is never asked where the enterprise has one, and nobody is asked to choose [HAR-RES-02]', async () => {
  const h = harnessRig()
  h.addAuthority(OTHER)
  expect(await h.acquire()).toMatchObject({ authority: ACME })
  expect(h.callsTo(OTHER)).toEqual([])
})

test('a service authority that is offered alone is used [HAR-RES-03]', async () => {
  const h = harnessRig()
  h.addAuthority(OTHER)
  h.service.resolve = answer({ service_authority: referenceTo(OTHER) })
  expect(await h.acquire()).toMatchObject({ authority: OTHER })
  expect(h.callsTo(ACME)).toEqual([])
})

test('of a federated list the chosen one alone is asked [HAR-RES-04]', async () => {
  const h = harnessRig()
  h.addAuthority(OTHER)
  h.service.resolve = answer({ trusted_federated_authorities: [referenceTo(ACME), referenceTo(OTHER)] })
  expect(await h.acquire({ chooseAuthority: choosing(1) })).toMatchObject({ authority: OTHER })
  expect(h.callsTo(ACME)).toEqual([])
})

test('of a service authority beside a federated list exactly one is asked [HAR-RES-06]', async () => {
  const h = harnessRig()
  h.addAuthority(OTHER)
  h.service.resolve = answer({ service_authority: referenceTo(ACME), trusted_federated_authorities: [referenceTo(OTHER)] })
  expect(await h.acquire({ chooseAuthority: choosing(0) })).toMatchObject({ authority: ACME })
  expect(h.callsTo(OTHER)).toEqual([])
})

test('a choice that was not offered ends the trip, also at another address [HAR-RES-05]', async () => {
  const h = harnessRig()
  h.addAuthority(THIRD)
  h.service.resolve = answer({ trusted_federated_authorities: [referenceTo(ACME), referenceTo(OTHER)] })
  expect(await h.failure({ chooseAuthority: async () => referenceTo(THIRD) })).toMatchObject({ step: 'resolve' })
  const elsewhere = { ...referenceTo(ACME), authority_configuration_url: `${THIRD}/configuration` }
  expect(await h.failure({ chooseAuthority: async () => elsewhere })).toMatchObject({ step: 'resolve' })
  const renamed = { ...referenceTo(ACME), authority: THIRD }
  expect(await h.failure({ chooseAuthority: async () => renamed })).toMatchObject({ step: 'resolve' })
  expect([...h.callsTo(THIRD), ...h.callsTo(ACME)]).toEqual([])
})

test('an authority named beforehand is used where it is offered, and nobody is asked to choose [HAR-RES-04]', async () => {
  const h = harnessRig()
  h.service.resolve = answer({ trusted_federated_authorities: [referenceTo(OTHER), referenceTo(ACME)] })
  expect(await h.acquire({ authority: ACME })).toMatchObject({ authority: ACME })
})

test.each([
  ['an enterprise authority', { enterprise_authority: referenceTo(ACME) }],
  ['a service authority', { service_authority: referenceTo(ACME) }],
  ['a list', { trusted_federated_authorities: [referenceTo(ACME), referenceTo(OTHER)] }],
])('an authority named beforehand that is not offered by %s ends the trip [HAR-RES-05]', async (_, offer) => {
  const h = harnessRig()
  h.addAuthority(THIRD)
  h.service.resolve = answer(offer)
  const failure = await h.failure({ authority: THIRD })
  expect(failure.hint).toContain(ACME)
  expect([...h.callsTo(THIRD), ...h.callsTo(ACME)]).toEqual([])
})

test.each([
  ['an enterprise authority beside a service authority', { enterprise_authority: referenceTo(ACME), service_authority: referenceTo(ACME) }],
  ['an enterprise authority beside a list', { enterprise_authority: referenceTo(ACME), trusted_federated_authorities: [referenceTo(ACME)] }],
  ['nothing', {}],
  ['an empty list', { trusted_federated_authorities: [] }],
  ['an empty list beside a service authority', { service_authority: referenceTo(ACME), trusted_federated_authorities: [] }],
  ['a reference without its configuration', { enterprise_authority: { authority: ACME } }],
  ['no object', []],
])('an answer with %s ends the trip [HAR-RES-07]', async (_, body) => {
  const h = harnessRig()
  h.service.resolve = answer(body)
  expect(await h.failure({ chooseAuthority: choosing(0) })).toMatchObject({ step: 'resolve', peer: DESK })
  expect(h.callsTo(ACME)).toEqual([])
})

test('a configuration that names another authority than the answer did ends the trip [HAR-RES-08]', async () => {
  const h = harnessRig()
  for (const other of [OTHER, `${ACME}/`]) {
    h.authority.configuration = answer(authorityDocument(other, { endpoints: authorityDocument(ACME).endpoints }))
    expect(await h.failure()).toMatchObject({ step: 'resolve', peer: ACME })
  }
  expect(h.callsTo(ACME)).toEqual(['GET /configuration', 'GET /configuration'])
})

test.each([
  ['resolve_authorities', 'discover'],
  ['redeem_bearer_token', 'discover'],
])('a service whose %s is http is refused [HAR-RES-09]', async (endpoint, step) => {
  const h = harnessRig()
  h.service.configuration = answer(serviceDocument({ endpoints: { ...serviceDocument().endpoints, [endpoint]: 'http://desk.example/x' } }))
  expect(await h.failure()).toMatchObject({ step })
  expect(h.callsTo(DESK)).toEqual(['GET /configuration'])
})

test('an authority whose configuration, issuance or status is http is refused [HAR-RES-09]', async () => {
  const h = harnessRig()
  h.service.resolve = answer({
    enterprise_authority: { authority: ACME, authority_configuration_url: 'http://authority.acme.example/configuration' },
  })
  expect(await h.failure()).toMatchObject({ step: 'resolve' })
  h.service.resolve = answer({ enterprise_authority: referenceTo(ACME) })
  for (const endpoint of ['issuance', 'issuance_status']) {
    const endpoints = { ...authorityDocument(ACME).endpoints, [endpoint]: 'http://authority.acme.example/{id}' }
    h.authority.configuration = answer(authorityDocument(ACME, { endpoints }))
    expect(await h.failure()).toMatchObject({ step: 'resolve' })
  }
  expect(h.callsTo(ACME)).toEqual(['GET /configuration', 'GET /configuration'])
})

test('no step follows a redirect, whatever fetch was handed in [HAR-RES-09, HAR-RED-08]', async () => {
  const modes: (RequestRedirect | undefined)[] = []
  const h = harnessRig()
  h.authority.polls = [refusal(503), ...h.authority.polls]
  await h.acquire({
    fetch: (url, init) => {
      modes.push(init?.redirect)
      return h.fetch(url, init)
    },
  })
  expect(modes).toEqual(Array(7).fill('manual'))
})

test('the service’s own words and what to do about them come with a refusal', async () => {
  const h = harnessRig()
  h.service.resolve = refusal(403, 'delegation_disabled', 'switched off \u001b[31m\u009b for\u202e you\nnow')
  const failure = await h.failure()
  expect(failure).toMatchObject({ step: 'resolve', peer: DESK, message: 'switched off ·[31m· for· you·now (403 delegation_disabled)' })
  expect(failure.hint).toContain('administrators')
})
