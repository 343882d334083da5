import { expect, test } from 'vitest'
import { ACME, answer, authorityDocument, DESK, harnessRig, referenceTo, serviceDocument, TASK, TOKEN, USER } from './harness-rig.ts'

const BAD_VERSIONS: [unknown][] = [['1.0'], ['2.3'], [undefined], [0.1], ['0.1.0'], ['v0.1'], [' 0.1'], ['00.1']]

test('a trip goes from discovery to a token, each step once and in order [HAR-DISC-01]', async () => {
  const h = harnessRig()
  const acquired = await h.acquire()
  expect(acquired).toMatchObject({ token: TOKEN, service: DESK, user: USER, authority: ACME, task: { description: TASK }, expiresAt: h.now() + 600 })
  expect(h.lookups).toEqual(['_agentpass-service.desk.example'])
  expect(h.calls.map(({ method, url }) => `${method} ${url}`)).toEqual([
    `GET ${DESK}/configuration`,
    `POST ${DESK}/resolve`,
    `GET ${ACME}/configuration`,
    `POST ${ACME}/some/where/issue`,
    `GET ${ACME}/some/where/requests/request-1`,
    `POST ${DESK}/redeem/bearer`,
  ])
  expect(h.progress.map((event) => (event.kind === 'step' ? `${event.step} ${event.peer}` : event.kind))).toEqual([
    `discover ${DESK}`,
    `resolve ${DESK}`,
    `issue ${ACME}`,
    'waiting',
    `redeem ${DESK}`,
  ])
})

test('the document is fetched from the URL in the TXT record of the service host [DISC-SVC-01]', async () => {
  const h = harnessRig()
  h.publish('_agentpass-service.desk.example', `${DESK}/configuration?here`)
  await h.acquire()
  expect(h.callsTo(DESK)[0]).toBe('GET /configuration?here')
})

test('the domain of the user is never looked up, also when nobody can decide [HAR-DISC-02]', async () => {
  const h = harnessRig()
  h.publish('_agentpass.acme.example', `${ACME}/configuration`)
  h.service.resolve = answer({ error: { code: 'no_authority', message: 'nobody' } }, 404)
  await h.failure()
  expect(h.lookups).toEqual(['_agentpass-service.desk.example'])
})

test('a port is no part of the DNS name [DISC-SVC-07]', async () => {
  const h = harnessRig()
  const origin = `${DESK}:8443`
  h.publish('_agentpass-service.desk.example', `${DESK}/configuration`)
  h.service.configuration = answer(serviceDocument({ service: { origin } }))
  expect(await h.acquire({ service: origin })).toMatchObject({ service: origin })
  expect(h.lookups).toEqual(['_agentpass-service.desk.example'])
})

test.each([
  ['http', 'http://desk.example/configuration'],
  ['the word none', 'none'],
  ['text', 'v=spf1 -all'],
])('a service record that is %s is refused before anything is fetched [DISC-SVC-03, DISC-SVC-04]', async (_, record) => {
  const h = harnessRig()
  h.publish('_agentpass-service.desk.example', record)
  expect(await h.failure()).toMatchObject({ step: 'discover', peer: DESK })
  expect(h.calls).toEqual([])
})

test('no record, and a DNS outage, end the trip before anything is fetched [DISC-SVC-01]', async () => {
  const h = harnessRig()
  h.publish('_agentpass-service.desk.example')
  expect((await h.failure()).message).toContain('no AgentPass service record')
  h.breakDns('_agentpass-service.desk.example')
  expect((await h.failure()).message).toContain('look-up failed')
  expect(h.calls).toEqual([])
})

test('only authenticated answers are believed where DNSSEC is demanded [DISC-SVC-01]', async () => {
  const h = harnessRig()
  expect(await h.failure({ requireDnssec: true })).toMatchObject({ step: 'discover' })
  const resolveTxt = async (name: string) => ({ ...(await h.resolveTxt(name)), authenticated: true })
  expect(await h.acquire({ requireDnssec: true, resolveTxt })).toMatchObject({ token: TOKEN })
})

test('a document of another origin ends the trip before resolution [DISC-SVC-06]', async () => {
  const h = harnessRig()
  h.service.configuration = answer(serviceDocument({ service: { origin: 'https://other.example' } }))
  expect(await h.failure()).toMatchObject({ step: 'discover' })
  expect(h.callsTo(DESK)).toEqual(['GET /configuration'])
})

test.each(BAD_VERSIONS)('a service configuration of version %j stops everything and is named [VER-01, VER-05, VER-06]', async (version) => {
  const h = harnessRig()
  h.service.configuration = answer(serviceDocument({ version }))
  const failure = await h.failure()
  expect(failure).toMatchObject({ step: 'discover', peer: DESK })
  expect(failure.message).toContain(version === undefined ? 'missing' : JSON.stringify(version))
  expect(h.callsTo(DESK)).toEqual(['GET /configuration'])
})

test.each(BAD_VERSIONS)('an authority configuration of version %j stops everything and is named [VER-01, VER-05, VER-06]', async (version) => {
  const h = harnessRig()
  h.authority.configuration = answer(authorityDocument(ACME, { version }))
  const failure = await h.failure()
  expect(failure).toMatchObject({ step: 'resolve', peer: ACME })
  expect(failure.message).toContain(version === undefined ? 'missing' : JSON.stringify(version))
  expect(h.callsTo(ACME)).toEqual(['GET /configuration'])
})

test('a higher minor version, unknown members and members of others do not matter [VER-04, VER-07]', async () => {
  const h = harnessRig()
  const more = { version: '0.9', x_unknown: { deep: true }, jwks_uri: 7, trust: 'somebody else reads this', approval: null }
  h.service.configuration = answer(serviceDocument(more))
  h.authority.configuration = answer(authorityDocument(ACME, more))
  h.service.resolve = answer({ enterprise_authority: { ...referenceTo(ACME), x_unknown: 1 }, x_unknown: 1 })
  expect(await h.acquire()).toMatchObject({ token: TOKEN })
})

test('a trip that is called off asks nobody any more', async () => {
  const h = harnessRig()
  const signal = AbortSignal.abort(new Error('called off'))
  await expect(h.acquire({ signal })).rejects.toThrow('called off')
  expect(h.lookups).toEqual([])
})
