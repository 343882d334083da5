import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeProtectedHeader } from 'jose'
import { expect, test } from 'vitest'
import { commandLine, TOKEN_LINE } from './harness-cli-rig.ts'
import { ACME, answer, DESK, HARNESS, pending, referenceTo, refusal, TASK, TOKEN, USER } from './harness-rig.ts'

const OTHER = 'https://other.example'

test('token gets a token and keeps it; only --print shows it', async () => {
  const c = commandLine()
  const kept = await c.run(...TOKEN_LINE)
  expect(kept.code).toBe(0)
  expect(kept.out).toContain(USER)
  expect(kept.out).toContain(TASK)
  expect(kept.out + kept.err).not.toContain(TOKEN)
  expect(JSON.parse(c.file(c.files()[0]!))).toMatchObject({ format: 1, service: DESK, user: USER, authority: ACME, token: TOKEN })
  expect(await c.run(...TOKEN_LINE, '--print')).toMatchObject({ code: 0, out: `${TOKEN}\n` })
  expect(c.leftOpen()).toBe(0)
})

test('token --json is for programs, and shows the token only with --print', async () => {
  const c = commandLine()
  const { json, code } = await c.run(...TOKEN_LINE, '--json')
  const task = { id: expect.stringMatching(/^task-[\w-]{22}$/), description: TASK }
  const expires_at = new Date((c.now() + 600) * 1000).toISOString().replace('.000', '')
  expect([code, json]).toEqual([0, { service: DESK, user: USER, authority: ACME, task, scope: ['tickets:read', 'tickets:write'], expires_at }])
  expect((await c.run(...TOKEN_LINE, '--json', '--print')).json.token).toBe(TOKEN)
})

test('the scope is narrowed at redemption, and the harness names its machine', async () => {
  const c = commandLine()
  await c.run(...TOKEN_LINE, '--scope', 'tickets:read', '--scope', 'tickets:read', '--scope', 'b')
  expect(c.posted(`${DESK}/redeem/bearer`)[0].requested_scope).toEqual(['tickets:read', 'b'])
  expect(c.posted(`${ACME}/some/where/issue`)[0].harness.id).toMatch(/^agentpass-cli@[\w.-]+$/)
})

test('progress is told line by line on standard error, with who decides, where and how long', async () => {
  const c = commandLine()
  const waiting = {
    expires_at: new Date((c.now() + 90) * 1000).toISOString(),
    poll_after_ms: 20_000,
    links: { approval: `${ACME}/console` },
    approval_number: '47',
  }
  c.authority.issue = answer(pending(waiting), 202)
  const { err } = await c.run(...TOKEN_LINE)
  expect(err.split('\n')).toEqual([
    `discover ${DESK} …`,
    `resolve  ${DESK} …`,
    `issue    ${ACME} …`,
    `approve  ${ACME} must decide for ${USER} by ${waiting.expires_at.replace('.000', '')} …`,
    `         ${USER}, or who may decide for them, can do so at ${ACME}/console`,
    '         and is asked there for this number: 47',
    'waiting for the decision, 1 min 15 s left',
    `redeem   ${DESK} …`,
    '',
  ])
})

test('where an authority names no page to decide at, a person is told whom to ask', async () => {
  const c = commandLine()
  expect((await c.run(...TOKEN_LINE)).err).toContain(
    `         it names no page for that: ask its administrators where ${USER}, or who may decide for them, does so\n`,
  )
})

test('on a terminal the time left is one line that is written over', async () => {
  const c = commandLine()
  c.authority.issue = answer(pending({ expires_at: new Date((c.now() + 3700) * 1000).toISOString(), poll_after_ms: 2000 }), 202)
  const { err } = await c.runAs({ isTerminal: true }, ...TOKEN_LINE)
  const line = (left: string) => `\r\u001b[Kwaiting for the decision, ${left} left`
  expect(err).toContain(` does so\n${line('1 h 1 min')}${line('1 h 1 min')}${line('1 h 1 min')}\r\u001b[Kredeem `)
  c.authority.polls = [answer(pending({ status: 'denied' }))]
  expect((await c.runAs({ isTerminal: true }, ...TOKEN_LINE)).err).toContain(`left\r\u001b[Kagentpass: error: at step approve`)
})

test('a failure names step, peer and hint on standard error, and in JSON on standard output', async () => {
  const c = commandLine()
  c.authority.polls = [answer(pending({ status: 'denied', reason: 'too\u001b much' }))]
  const { code, err, json } = await c.run(...TOKEN_LINE, '--json')
  expect(code).toBe(1)
  expect(err).toContain(`agentpass: error: at step approve, ${ACME}: the request was denied: too· much\nagentpass: hint: `)
  expect(json).toEqual({ error: { step: 'approve', peer: ACME, message: 'the request was denied: too· much', hint: expect.any(String) } })
  expect(c.leftOpen()).toBe(0)
  expect(c.files()).toEqual([])
})

test('a refusal of any peer is exit 1, and nothing is held', async () => {
  const c = commandLine()
  c.service.redeem = refusal(403, 'untrusted_authority')
  expect(await c.run(...TOKEN_LINE)).toMatchObject({ code: 1, out: '' })
  expect(c.files()).toEqual([])
})

test('canceling calls the request off, and is exit 130', async () => {
  const c = commandLine()
  const off = new AbortController()
  c.authority.polls = [
    () => {
      off.abort()
      return answer(pending())()
    },
  ]
  const { code, err, json } = await c.runAs({ signal: off.signal }, ...TOKEN_LINE, '--json')
  expect([code, json.error.message]).toEqual([130, 'canceled'])
  expect(err).toMatch(/agentpass: canceled\n$/)
  expect(c.callsTo(ACME).at(-1)).toBe('DELETE /some/where/requests/request-1')
})

test('several authorities: without a person the offer is listed, and --authority chooses', async () => {
  const c = commandLine()
  c.service.resolve = answer({ trusted_federated_authorities: [referenceTo(OTHER), referenceTo(ACME)] })
  const { code, err } = await c.run(...TOKEN_LINE)
  expect(code).toBe(1)
  expect(err).toContain(`agentpass: hint: choose one: --authority ${OTHER} or --authority ${ACME}\n`)
  expect((await c.run(...TOKEN_LINE, '--authority', ACME)).code).toBe(0)
  expect((await c.run(...TOKEN_LINE, '--authority', `${ACME}/`)).code).toBe(1)
})

test('several authorities: a person is asked once for a domain, until all is forgotten', async () => {
  const c = commandLine()
  c.addAuthority(OTHER)
  c.service.resolve = answer({ trusted_federated_authorities: [referenceTo(OTHER), referenceTo(ACME)] })
  const asked = await c.runAs({ answers: ['0', 'x', '3', ' 2 '] }, ...TOKEN_LINE, '--json')
  expect(asked.json.authority).toBe(ACME)
  expect(asked.err).toContain(`  1  ${OTHER}\n  2  ${ACME}\n`)
  expect(c.questions).toEqual(Array(4).fill('which one? [1-2] '))
  expect(await c.runAs({ answers: [] }, ...TOKEN_LINE, '--json')).toMatchObject({
    json: { authority: ACME },
    err: expect.not.stringContaining('warning'),
  })
  expect((await c.run('status', '--json')).json.ignored).toEqual([])
  expect((await c.run('token', '--service', DESK, '--user', 'bob@other.example', '--task', TASK)).code).toBe(1)
  await c.run('forget', '--all')
  expect((await c.runAs({ answers: ['1'] }, ...TOKEN_LINE, '--json')).json.authority).toBe(OTHER)
})

test('several authorities: a remembered one that is no longer offered is not used', async () => {
  const c = commandLine()
  c.service.resolve = answer({ trusted_federated_authorities: [referenceTo(OTHER), referenceTo(ACME)] })
  await c.runAs({ answers: ['2'] }, ...TOKEN_LINE)
  c.service.resolve = answer({ trusted_federated_authorities: [referenceTo(OTHER), referenceTo('https://third.example')] })
  expect((await c.run(...TOKEN_LINE)).code).toBe(1)
  expect(c.callsTo(OTHER)).toEqual([])
})

test.each(['garbled', '{"format":1,"domain":"other.example","authority":"https://authority.acme.example"}'])(
  'several authorities: a remembered choice that is %s is reported and not used',
  async (content) => {
    const c = commandLine()
    c.service.resolve = answer({ trusted_federated_authorities: [referenceTo(OTHER), referenceTo(ACME)] })
    await c.runAs({ answers: ['2'] }, ...TOKEN_LINE)
    writeFileSync(join(c.state, 'authority-acme.example.json'), content)
    const { code, err } = await c.run(...TOKEN_LINE)
    expect(code).toBe(1)
    expect(err).toContain(`agentpass: warning: ignored ${c.state}/authority-acme.example.json: `)
  },
)

test('several authorities: the one of the settings is used, and nothing else', async () => {
  const c = commandLine()
  c.settings(`authorities: { acme.example: "${ACME}" }`)
  c.service.resolve = answer({ trusted_federated_authorities: [referenceTo(OTHER), referenceTo(ACME)] })
  expect((await c.run(...TOKEN_LINE)).code).toBe(0)
  c.service.resolve = answer({ trusted_federated_authorities: [referenceTo(OTHER), referenceTo('https://third.example')] })
  expect((await c.runAs({ answers: ['1'] }, ...TOKEN_LINE)).code).toBe(1)
  expect(c.questions).toEqual([])
})

test('settings: where DNSSEC is required, an answer that is not authenticated fails', async () => {
  const c = commandLine()
  c.settings('network: { dnssec: required }')
  expect(await c.run(...TOKEN_LINE)).toMatchObject({
    code: 1,
    err: expect.stringContaining(`at step discover, ${DESK}: the DNS answer is not authenticated`),
  })
})

test('settings: the file is read, the environment is stronger, the command line strongest', async () => {
  const c = commandLine()
  c.settings(`user: bob@acme.example\nharness_id: ${HARNESS}\nprofile: hardened\nnetwork: { dns_servers: [192.0.2.53], ca_file: own.pem }\n`)
  const line = ['token', '--service', DESK, '--task', TASK, '--json']
  expect((await c.run(...line)).json.user).toBe('bob@acme.example')
  const { harness, task } = c.posted(`${ACME}/some/where/issue`)[0]
  expect(harness.id).toBe(HARNESS)
  expect(decodeProtectedHeader(task.attestation.jwt).typ).toBe('agentpass-task-attestation+jwt')
  expect(c.networks[0]).toEqual({ dns_servers: ['192.0.2.53'], dnssec: 'off', allow_private: [], ca_file: `${c.home}/.config/agentpass/own.pem` })
  const environment = {
    AGENTPASS_USER: USER,
    AGENTPASS_RESOLVER: '127.0.0.1:5353, [::1]:53',
    AGENTPASS_CA: '/ca.pem',
    AGENTPASS_ALLOW_PRIVATE: '127.0.0.0/8,::1/128',
  }
  expect((await c.runAs({ environment }, ...line)).json.user).toBe(USER)
  expect(c.networks[1]).toEqual({
    ...{ dns_servers: ['127.0.0.1:5353', '[::1]:53'], dnssec: 'off', allow_private: ['127.0.0.0/8', '::1/128'], ca_file: '/ca.pem' },
  })
  expect((await c.runAs({ environment }, ...line, '--user', 'eve@acme.example')).json.user).toBe('eve@acme.example')
})
