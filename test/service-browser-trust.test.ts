/** What a browser redemption refuses (protocol 3, 8): the same as one for a token, and destinations off the allow list. */
import { expect, test } from 'vitest'
import { browserDesk, REDEEM_BROWSER, START } from './browser-rig.ts'
import { type Changes, DESK, USER } from './fake-authority.ts'
import { desk, holder, refusal } from './service-rig.ts'

const redeemBrowser = (d: Awaited<ReturnType<typeof desk>>, authority: string) =>
  d.post(REDEEM_BROWSER, { agentpass: { type: 'browser_session', value: 'pass-1' }, authority, user: { email: USER } })

test('who may speak for a user is decided as for a token, row by row [SVC-TOK-05]', async () => {
  const situations: [Parameters<typeof desk>[0], (d: Awaited<ReturnType<typeof desk>>) => void][] = [
    [{}, (d) => d.enterprise.publish('acme.example')],
    [{ trust: ['own'], policy: { own: 'prefer' } }, (d) => d.enterprise.publish('acme.example')],
    [{ trust: ['own'], policy: { own: 'require' } }, (d) => d.enterprise.publish('acme.example')],
    [{ trust: ['own', 'federated'] }, (d) => d.net.publish('_agentpass.acme.example', 'none')],
    [{ trust: ['own', 'federated'] }, (d) => d.net.breakDns('_agentpass.acme.example')],
    [{ trust: ['own', 'federated'] }, () => {}],
    [{ trust: ['own', 'federated'], policy: { offer_both: true } }, () => {}],
    [{ trust: ['federated'] }, () => {}],
    [{}, () => {}],
  ]
  for (const [want, arrange] of situations) {
    const d = await desk(want)
    arrange(d)
    for (const authority of [
      d.enterprise,
      d.own,
      d.federated,
      { identifier: 'https://stranger.example', answers: d.own.answers, validation: d.own.validation },
    ]) {
      const answerAs = (type: string) => {
        authority.answers.validate = async () => Response.json(authority.validation({ type }))
      }
      answerAs('bearer_token')
      const bearer = await d.redeem({ authority: authority.identifier })
      answerAs('browser_session')
      const browser = await redeemBrowser(d, authority.identifier)
      const told = async (response: Response) => (response.status === 200 ? [200] : await refusal(response))
      expect(await told(browser)).toEqual(await told(bearer))
    }
  }
})

test.each([
  ['another user', { user: { email: 'ceo@acme.example' } }, [403, 'user_mismatch']],
  ['a pass for a token', { type: 'bearer_token' }, [422, 'invalid_agentpass']],
  ['nothing that the user holds here', { scope: ['tickets:burn'] }, [403, 'insufficient_scope']],
  ['a holder key, and no proof came', 'cnf', [401, 'proof_required']],
  ['a destination elsewhere', { destination_url: 'https://evil.example/' }, [403, 'destination_not_allowed']],
])('a validation that answers %s opens nothing, and the authorization is closed [SVC-BRW-03 SVC-BRW-04 SVC-RED-02]', async (_, changes, expected) => {
  const d = await browserDesk()
  d.approve(changes === 'cnf' ? { cnf: (await holder()).cnf } : (changes as Changes))
  expect(await refusal(await d.redeemBrowser())).toEqual(expected)
  expect(d.enterprise.asked('close')).toEqual([{ authorization_id: 'authorization-1', action: 'revoke', reason: expect.any(String) }])
  const db = d.database().read
  expect([await db.selectFrom('initialization').selectAll().execute(), await db.selectFrom('credential').selectAll().execute()]).toEqual([[], []])
  d.approve()
  expect((await d.submit(await d.oneTimeToken())).status).toBe(303)
})

test('a proof is spent with the redemption: with the same one no second session [SVC-BRW-04]', async () => {
  const d = await browserDesk()
  const key = await holder()
  d.approve({ cnf: key.cnf })
  const proof = await key.proof(d.now(), { htu: DESK + REDEEM_BROWSER })
  expect((await d.redeemBrowser(proof)).status).toBe(200)
  expect(await refusal(await d.redeemBrowser(proof))).toEqual([409, 'replay'])
  expect((await d.redeemBrowser(await key.proof(d.now(), { htu: DESK + REDEEM_BROWSER }))).status).toBe(200)
})

const OPEN_REDIRECTS = [
  '//evil.example',
  '/\\evil.example',
  'https:\\\\evil.example',
  'https://desk.example@evil.example/',
  'https://desk.example\\@evil.example/',
  'https:/evil.example',
  'https:evil.example',
  'https://evil.example%2f.desk.example/',
  'https://desk.example.evil.example/',
  'https://evil.example/https://desk.example/',
  'http://desk.example/',
  'https://desk.example:8443/',
  'https://desk。example.evil.example/',
  'data:text/html,hello',
  'javascript:alert(1)',
  'https://desk.example\t.evil.example/',
  ' https://evil.example/',
]
test('a destination that leads anywhere else, in whatever spelling, is never a Location [SVC-BRW-10]', async () => {
  const d = await browserDesk()
  for (const destination_url of OPEN_REDIRECTS) {
    d.approve({ destination_url })
    const response = await d.redeemBrowser()
    expect([destination_url, response.status]).toEqual([destination_url, expect.toSatisfy((status) => status === 403 || status === 502)])
  }
  d.approve({ destination_url: 'https://DESK.example/tickets/17?tab=all#last' })
  expect((await d.submit(await d.oneTimeToken())).headers.get('location')).toBe('https://desk.example/tickets/17?tab=all#last')
  d.approve()
  expect((await d.submit(await d.oneTimeToken())).headers.get('location')).toBe(START)
})

test('an origin on the allow list is a destination, and the start page is a setting', async () => {
  const d = await browserDesk({ settings: { browser: { start: '/tickets', destinations: ['https://help.example'] } } })
  d.approve({ destination_url: 'https://help.example/how' })
  expect((await d.submit(await d.oneTimeToken())).headers.get('location')).toBe('https://help.example/how')
  d.approve()
  expect((await d.submit(await d.oneTimeToken())).headers.get('location')).toBe(`${DESK}/tickets`)
})

test('a destination that is off the list by then spends the token all the same, and closes the authorization [SVC-BRW-08 SVC-BRW-10]', async () => {
  const d = await browserDesk({ settings: { browser: { destinations: ['https://help.example'] } } })
  d.approve({ destination_url: 'https://help.example/how' })
  const token = await d.oneTimeToken()
  const json = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
  const settings = { ...d.service.opening.settings, browser: { ...d.service.opening.settings.browser, destinations: [] } }
  const { app } = await d.another({ settings })
  const load = () => Promise.resolve(app.request(`${DESK}/agentpass/initialize`, { method: 'POST', body: `token=${token}`, headers: json }))
  expect(await refusal(await load())).toEqual([403, 'destination_not_allowed'])
  expect(await refusal(await load())).toEqual([410, 'initialization_gone'])
  expect((await d.submit(token)).status).toBe(410)
  expect(d.enterprise.asked('close')).toEqual([{ authorization_id: 'authorization-1', action: 'revoke', reason: expect.any(String) }])
})
