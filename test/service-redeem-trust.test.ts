/** Who may decide is decided again at redemption, then and there (protocol 3, 8): what a Harness was told earlier counts for nothing. */
import { expect, test } from 'vitest'
import { ACME, fakeAuthority, json, USER } from './fake-authority.ts'
import { desk, FEDERATED, OWN, okay, refusal } from './service-rig.ts'

const MORE_THAN_TTL = 61

test('an Authority this Service does not trust is refused, never asked, and nothing of it is fetched [SVC-RED-03]', async () => {
  const d = await desk({ trust: ['own', 'federated'] })
  d.enterprise.publish('acme.example')
  const stranger = await fakeAuthority(d.net, 'https://stranger.example')
  for (const authority of [stranger.identifier, `${ACME}/`, `${ACME}/x`, `${OWN}/`, FEDERATED])
    expect(await refusal(await d.redeem({ authority })), authority).toEqual([403, 'untrusted_authority'])
  expect([...stranger.calls, ...d.own.calls, ...d.federated.calls]).toEqual([])
  expect(d.enterprise.asked('validate')).toEqual([])
  await okay(await d.redeem())
})

test('resolved without a record, redeemed with one: the federated Authority is refused [SVC-RED-04]', async () => {
  const d = await desk({ trust: ['federated'] })
  expect(await okay(await d.resolve())).toEqual({ trusted_federated_authorities: [d.federated.reference] })
  await okay(await d.redeem({ authority: FEDERATED }))
  d.enterprise.publish('acme.example')
  d.pass(MORE_THAN_TTL)
  expect(await refusal(await d.redeem({ authority: FEDERATED }))).toEqual([403, 'untrusted_authority'])
  expect(d.federated.asked('validate')).toHaveLength(1)
  await okay(await d.redeem())
})

test('resolved with a record, redeemed without one: the Enterprise Authority is refused [SVC-RED-04]', async () => {
  const d = await desk({ trust: ['federated'] })
  d.enterprise.publish('acme.example')
  await okay(await d.resolve())
  d.net.publish('_agentpass.acme.example')
  d.pass(MORE_THAN_TTL)
  expect(await refusal(await d.redeem())).toEqual([403, 'untrusted_authority'])
  expect(d.enterprise.asked('validate')).toEqual([])
})

test('a domain that switches delegation off refuses every Authority, our own too [SVC-RED-05]', async () => {
  const d = await desk({ trust: ['own', 'federated'], policy: { offer_both: true } })
  await okay(await d.redeem({ authority: OWN }))
  d.net.publish('_agentpass.acme.example', 'none')
  d.pass(MORE_THAN_TTL)
  for (const authority of [OWN, FEDERATED, ACME]) expect(await refusal(await d.redeem({ authority }))).toEqual([403, 'delegation_disabled'])
  expect(d.own.asked('validate')).toHaveLength(1)
})

test('an enterprise that withdraws its leave for our own Authority is obeyed [SVC-RED-06]', async () => {
  const d = await desk({ trust: ['own'] })
  d.enterprise.publish('acme.example')
  d.enterprise.configuration.policy = { allow_service_authorities: true }
  await okay(await d.redeem({ authority: OWN }))
  d.enterprise.configuration.policy = { allow_service_authorities: false }
  d.pass(301)
  expect(await refusal(await d.redeem({ authority: OWN }))).toEqual([403, 'untrusted_authority'])
  expect(d.own.asked('validate')).toHaveLength(1)
  await okay(await d.redeem())
})

test('where both may decide, passes of both are redeemed, whichever was answered [SVC-RED-07]', async () => {
  for (const own of ['accept', 'prefer']) {
    const d = await desk({ trust: ['own'], policy: { own } })
    d.enterprise.publish('acme.example')
    await okay(await d.redeem({ authority: ACME }))
    await okay(await d.redeem({ authority: OWN }))
  }
})

test('the document at the pin is read anew when its time has passed, and must still name the same Authority [CFG-X-05]', async () => {
  const d = await desk({ trust: ['own'] })
  await okay(await d.redeem({ authority: OWN }))
  d.own.configuration.authority = 'https://somebody.example'
  d.pass(301)
  expect(await refusal(await d.redeem({ authority: OWN }))).toEqual([502, 'configuration_invalid'])
  d.own.configuration.authority = OWN
  d.own.configuration.version = '1.0'
  d.pass(301)
  expect(await refusal(await d.redeem({ authority: OWN }))).toEqual([502, 'configuration_invalid'])
  expect(d.own.asked('validate')).toHaveLength(1)
})

test('a pin whose document cannot be had is 502, and the pass is not spent elsewhere [SVC-RED-11]', async () => {
  const d = await desk({ trust: ['own'] })
  d.own.unplug()
  expect(await refusal(await d.redeem({ authority: OWN }))).toEqual([502, 'discovery_failed'])
  d.own.host()
  d.pass(5)
  await okay(await d.redeem({ authority: OWN }))
})

test('the Authority of one domain says nothing for a user of another, whoever asks [SVC-RED-13]', async () => {
  const d = await desk()
  d.enterprise.publish('acme.example')
  const evil = await fakeAuthority(d.net, 'https://authority.evil.example')
  evil.publish('evil.example')
  const eve = { user: { email: 'eve@evil.example' }, authority: evil.identifier }
  expect(await refusal(await d.redeem({ ...eve, user: { email: USER } }))).toEqual([403, 'untrusted_authority'])
  expect(evil.asked('validate')).toEqual([])
  evil.answers.validate = async () => json(evil.validation({ user: { email: USER } })) // asked for eve, it answers for ada
  expect(await refusal(await d.redeem(eve))).toEqual([403, 'user_mismatch'])
  evil.answers.validate = async () => json(evil.validation({ user: { email: 'eve@evil.example' } }))
  await okay(await d.redeem(eve))
})
