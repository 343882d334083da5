/** Attacks M-01 to M-09: one party is made to take another for whom it was told of, by an Authority, a Service, a document or a resolution that lies. */
import { expect, test } from 'vitest'
import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { APPROVING, authorityWorld, HARNESS, message, refusal } from '../authority-rig.ts'
import { ACME, type Changes, fakeAuthority, json } from '../fake-authority.ts'
import { configurationOf, fakeService } from '../fake-service.ts'
import * as rig from '../harness-rig.ts'
import { AUTHORITY, SERVICE, USER, world } from '../parties.ts'
import { type Desk, desk, FEDERATED, holder, OWN, okay, REDEEM } from '../service-rig.ts'

const minted = async (d: Desk) =>
  (await d.database().read.selectFrom('credential').select('user_email').execute()).map(({ user_email }) => user_email)
const evilOf = (d: Desk) => fakeAuthority(d.net, 'https://authority.evil.example')

/** The same person, in the eyes of one who reads addresses carelessly. */
const OTHERS = [
  USER,
  'ADA@acme.example',
  'ada@ACME.example',
  'eve@evil.example.acme.example',
  'eve@evil',
  'ada@acme.example@evil.example',
  'eve+ada@evil.example',
]
test.each(OTHERS)(
  'M-01: the Authority of evil.example, asked for its own user, answers for %s: nothing is minted, and what was opened is closed [SVC-RED-13]',
  async (victim) => {
    const d = await desk()
    d.enterprise.publish('acme.example')
    const evil = await evilOf(d)
    evil.publish('evil.example')
    const eve = { user: { email: 'eve@evil.example' }, authority: evil.identifier }
    evil.answers.validate = async () => json(evil.validation({ user: { email: victim }, scope: ['*'] }))
    expect([403, 502]).toContain((await d.redeem(eve)).status) // 502 where it is no address at all
    expect(await minted(d)).toEqual([])
    expect(await refusal(await d.redeem({ ...eve, user: { email: USER } }))).toEqual([403, 'untrusted_authority'])
    expect(await refusal(await d.scopes(await evil.sign()))).toEqual([403, 'untrusted_authority'])
    expect(evil.asked('jwks.json')).toEqual([])
    evil.answers.validate = async () => json(evil.validation(eve))
    await okay(await d.redeem(eve))
    await okay(await d.redeem())
    expect(await minted(d)).toEqual(['eve@evil.example', USER])
  },
)

test.each([FEDERATED, OWN])(
  'M-02: %s says nothing of a user whose domain has an Authority of its own, under whatever name it is asked [SVC-RED-13 SVC-SCD-06]',
  async (identifier) => {
    const d = await desk({ trust: ['own', 'federated'], policy: { offer_both: true } })
    d.enterprise.publish('acme.example')
    d.enterprise.configuration.policy = { allow_service_authorities: false }
    const other = identifier === OWN ? d.own : d.federated
    expect(await refusal(await d.redeem({ authority: identifier }))).toEqual([403, 'untrusted_authority'])
    expect(await refusal(await d.scopes(await other.sign()))).toEqual([403, 'untrusted_authority'])
    expect(other.calls).toEqual([])
    const bob = { user: { email: 'bob@free.example' }, authority: identifier } // whom it may speak for
    expect(await refusal(await d.redeem(bob))).toEqual([403, 'user_mismatch']) // it answers for ada
    expect(other.asked('close')).toHaveLength(1)
    expect(await minted(d)).toEqual([])
    other.answers.validate = async () => json(other.validation(bob))
    await okay(await d.redeem(bob))
    await okay(await d.redeem())
  },
)

const FREE = { user: { email: 'bob@free.example' } }
/** Two federated Authorities, a real one and a bad one; the real Service trusts both. Bob's domain has none of its own. */
async function relay() {
  const bad = 'https://bad.example'
  const reference = (authority: string) => ({ authority, authority_configuration_url: `${authority}/.well-known/agentpass-authority` })
  const w = await world({
    authority: { ...APPROVING, trust_mode: 'federated', domains: undefined },
    service: { trust: { federated: [reference(AUTHORITY), reference(bad)] } },
  })
  const key = await holder()
  const relaying = await fakeAuthority(w, bad, 'federated')
  const post = (url: string, body: object) =>
    w.fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const issue = async (more: object = {}) =>
    IssuanceStatus.parse(await (await post(`${AUTHORITY}/issuance`, message({ ...FREE, harness: { id: HARNESS, cnf: key.cnf }, ...more }))).json())
  const redeem = (value: string, authority: string, proof: object = {}) =>
    post(SERVICE + REDEEM, { agentpass: { type: 'bearer_token', value }, authority, ...FREE, ...proof })
  const status = async (id: string) => (await w.fetch(`${AUTHORITY}/issuance/${id}`)).status
  return { w, key, relaying, issue, redeem, status }
}
const proofFor = async (key: Awaited<ReturnType<typeof holder>>, now: number, value: string) => {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(value))
  return key.proof(now, { iss: HARNESS, aph: Buffer.from(digest).toString('base64url') })
}

test('M-03: a pass of one Authority, relayed by another, is asked of the one that is named, and there it is unknown [SVC-RED-08]', async () => {
  const { w, key, relaying, issue, redeem, status } = await relay()
  const { id, agentpass } = await issue()
  relaying.answers.validate = async () => json({ error: { code: 'unknown_agentpass', message: 'no' } }, 404)
  const before = w.calls.length
  expect(await refusal(await redeem(agentpass!.value, relaying.identifier, await proofFor(key, w.now(), agentpass!.value)))).toEqual([
    422,
    'invalid_agentpass',
  ])
  expect(w.calls.slice(before).filter(({ url }) => url.startsWith(AUTHORITY))).toEqual([])
  expect(await status(id)).toBe(200) // not spent
  expect((await redeem(agentpass!.value, AUTHORITY, await proofFor(key, w.now(), agentpass!.value))).status).toBe(200)
})

test('M-03: whoever relayed a pass cannot spend it: it is bound to the key of the Harness that asked [SVC-HB-01 SVC-HB-02]', async () => {
  const { w, key, issue, redeem } = await relay()
  const thief = await holder()
  for (const [proof, outcome] of [
    [{}, [401, 'proof_required']],
    [thief, [401, 'invalid_proof']],
  ] as const) {
    const { agentpass } = await issue()
    const shown = proof === thief ? await proofFor(thief, w.now(), agentpass!.value) : {}
    expect(await refusal(await redeem(agentpass!.value, AUTHORITY, shown))).toEqual(outcome)
    expect((await w.newest()).authorization).toMatchObject({ state: 'revoked' })
  }
  const { agentpass } = await issue()
  expect((await redeem(agentpass!.value, AUTHORITY, await proofFor(key, w.now(), agentpass!.value))).status).toBe(200)
})

test('M-04: a pass that a bad Service was shown buys nothing at another, and is not spent there [AUTH-VAL-06 AUTH-VAL-07 SVC-RED-09]', async () => {
  const w = await world({ authority: APPROVING })
  const shop = fakeService(w, 'https://shop.example')
  const post = (url: string, body: object, headers = {}) =>
    w.fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
  const passFor = async (origin: string) =>
    IssuanceStatus.parse(await (await post(`${AUTHORITY}/issuance`, message({ service: { origin } }))).json()).agentpass!.value
  const redeem = (value: string) =>
    post(SERVICE + REDEEM, { agentpass: { type: 'bearer_token', value }, authority: AUTHORITY, user: { email: USER } })
  const atTheShop = (value: string) => post(`${AUTHORITY}/validate`, { agentpass: { value } }, { authorization: shop.bearer() })
  const [ofTheShop, ofTheDesk] = [await passFor(shop.origin), await passFor(SERVICE)]
  for (let i = 0; i < 3; i++) {
    expect(await refusal(await redeem(ofTheShop))).toEqual([403, 'wrong_service'])
    expect(await refusal(await atTheShop(ofTheDesk))).toEqual([403, 'wrong_service'])
  }
  expect([(await atTheShop(ofTheShop)).status, (await redeem(ofTheDesk)).status]).toEqual([200, 200])
})

test('M-05: a Service that shows every pass it can get hold of burns none of them [AUTH-VAL-07]', async () => {
  const w = await authorityWorld(APPROVING)
  const passes = await Promise.all(Array.from({ length: 10 }, () => w.approved()))
  for (const origin of ['https://shop.example', 'https://desk.example.evil.example', 'https://desk.evil.example']) {
    const shop = fakeService(w.net, origin)
    const answers = await Promise.all(passes.map(({ value }) => w.validate(value, shop.bearer())))
    for (const answer of answers) expect(await refusal(answer), origin).toEqual([403, 'wrong_service'])
  }
  for (const { value } of passes) expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
})

const EVIL = 'https://authority.evil.example'
const [ACME_PAGE, EVIL_PAGE] = [`${ACME}/configuration`, `${EVIL}/configuration`]
test.each<[string, Changes, (h: rig.HarnessRig) => void]>([
  ["its own name with another's configuration", { authority: EVIL, authority_configuration_url: ACME_PAGE }, () => {}],
  ["another's name with its own configuration", { authority: ACME, authority_configuration_url: EVIL_PAGE }, () => {}],
  ["another's name with a slash", { authority: `${ACME}/`, authority_configuration_url: ACME_PAGE }, () => {}],
  [
    'a configuration that has changed its name since',
    { authority: ACME, authority_configuration_url: ACME_PAGE },
    (h) => {
      h.authority.configuration = rig.answer(rig.authorityDocument(EVIL))
    },
  ],
])('M-06: a resolution that pairs %s ends the trip before anybody is asked for a pass [HAR-RES-08]', async (_, reference, spoil) => {
  const h = rig.harnessRig()
  h.addAuthority(EVIL)
  h.service.resolve = rig.answer({ enterprise_authority: reference })
  spoil(h)
  expect(await h.failure()).toMatchObject({ step: 'resolve' })
  expect(h.calls.filter(({ method, url }) => method === 'POST' && !url.startsWith(rig.DESK))).toEqual([])
  h.service.resolve = rig.answer({ enterprise_authority: rig.referenceTo(ACME) })
  h.authority.configuration = rig.answer(rig.authorityDocument(ACME))
  expect(await h.acquire()).toMatchObject({ authority: ACME })
})

test('M-06: what resolution said first holds to the end of the trip, whatever the Service and its documents say meanwhile [HAR-RES-08]', async () => {
  const h = rig.harnessRig()
  h.addAuthority(EVIL)
  const first = h.service.resolve
  let asked = 0
  h.service.resolve = () => (asked++ === 0 ? first() : rig.answer({ enterprise_authority: rig.referenceTo(EVIL) })())
  h.authority.issue = () => {
    h.authority.configuration = rig.answer(rig.authorityDocument(EVIL))
    h.service.configuration = rig.answer(rig.serviceDocument({ service: { origin: EVIL } }))
    return rig.answer(rig.pending(), 202)()
  }
  expect(await h.acquire()).toMatchObject({ authority: ACME, service: rig.DESK })
  expect(h.callsTo(EVIL)).toEqual([])
  expect(h.posted(`${rig.DESK}/redeem/bearer`)).toMatchObject([{ authority: ACME }])
})

test('M-07: an Authority that DNS names and that calls itself another is neither, at any door [DISC-ENT-15]', async () => {
  for (const authority of ['https://bank.example', `${ACME}.evil.example`, `${ACME}:8443`, FEDERATED, OWN]) {
    const d = await desk({ trust: ['own', 'federated'] })
    d.enterprise.publish('acme.example')
    d.enterprise.configuration.authority = authority
    const claim = await d.enterprise.sign({ iss: authority })
    for (const answer of [await d.resolve(), await d.redeem({ authority }), await d.redeem(), await d.scopes(claim)])
      expect(await refusal(answer), authority).toEqual([502, 'configuration_invalid'])
    expect([...d.own.calls, ...d.federated.calls, ...d.enterprise.asked('validate')]).toEqual([])
    d.enterprise.configuration.authority = ACME
    d.pass(301) // the document was good JSON, and is kept as such
    await okay(await d.redeem())
  }
})

test.each(['core-0.1', 'hardened'])(
  'M-08: in %s an endpoint or key set on another public host is used or refused as the profile says, at every door [SVC-RED-21]',
  async (profile) => {
    const elsewhere = 'https://elsewhere.example'
    const good = { validate: `${ACME}/validate`, authorization_check: `${ACME}/check`, authorization_close: `${ACME}/close` }
    const documents: Changes[] = [{ jwks_uri: `${elsewhere}/jwks.json` }]
    for (const name of Object.keys(good)) documents.push({ endpoints: { ...good, [name]: `${elsewhere}/${name.replace('authorization_', '')}` } })
    for (const changes of documents) {
      const d = await desk({ profile })
      const key = await holder()
      d.enterprise.publish('acme.example')
      Object.assign(d.enterprise.configuration, {
        endpoints: { issuance: `${ACME}/issuance`, issuance_status: `${ACME}/issuance/{id}`, ...good, ...(changes.endpoints as object) },
        ...(changes.jwks_uri !== undefined && { jwks_uri: changes.jwks_uri }),
      })
      const other = await fakeAuthority(d.net, elsewhere)
      other.jwks.keys = [d.enterprise.key]
      for (const who of [d.enterprise, other]) who.answers.validate = async () => json(d.enterprise.validation({ cnf: key.cnf }))
      const proof = await key.proof(d.now(), {}, { typ: profile === 'hardened' ? 'agentpass-holder-proof+jwt' : 'JWT' })
      const assertion = await d.enterprise.sign({}, { typ: profile === 'hardened' ? 'agentpass-authority-assertion+jwt' : 'JWT' })
      const answers = [await d.resolve(), await d.redeem(proof), await d.scopes(assertion)]
      if (profile === 'core-0.1') expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
      else {
        for (const answer of answers) expect(await refusal(answer)).toEqual([502, 'configuration_invalid'])
        expect(other.calls).toEqual([])
      }
    }
  },
)

test('M-09: a configuration found for one Service that names another authenticates neither, and no pass is got for it [DISC-SVC-05 DISC-SVC-06]', async () => {
  for (const origin of ['https://bank.example', `${SERVICE}:8443`, `${SERVICE}.evil.example`]) {
    const w = await authorityWorld(APPROVING)
    const { value } = await w.approved()
    w.pass(301) // what was read of the desk is read again
    w.desk.pages.configuration = () => Response.json({ ...configurationOf(SERVICE), service: { origin } })
    for (const answer of [await w.validate(value, w.desk.bearer()), await w.check('x', w.desk.bearer()), await w.close('x', w.desk.bearer())])
      expect(await refusal(answer)).toEqual([401, 'invalid_assertion'])
    expect(await refusal(await w.issue())).toEqual([502, 'configuration_invalid'])
    w.desk.pages.configuration = () => Response.json(configurationOf(SERVICE))
    w.pass(301)
    expect((await w.validate((await w.approved()).value, w.desk.bearer())).status).toBe(200)
    const h = rig.harnessRig()
    h.service.configuration = rig.answer(rig.serviceDocument({ service: { origin } }))
    expect(await h.failure()).toMatchObject({ step: 'discover' })
    expect(h.calls).toHaveLength(1)
    h.service.configuration = rig.answer(rig.serviceDocument())
    expect(await h.acquire()).toMatchObject({ service: rig.DESK })
  }
})
