/** The MCP tools: what a model asks for, what it is told, and that it is never told a secret. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js'
import { expect, onTestFinished, test } from 'vitest'
import { createMcpServer } from '../harness/mcp/server.ts'
import { endBegun } from '../harness/mcp/sessions.ts'
import { brokerRig } from './broker-rig.ts'
import { gate } from './gate.ts'
import { ACME, answer, approved, approvedSession, DESK, ONE_TIME, pending, refusal, TASK, TOKEN, USER } from './harness-rig.ts'

const ASKED = { service: DESK, user: USER, task: TASK }

async function tools(changed: Parameters<typeof brokerRig>[0] = {}) {
  const b = await brokerRig(changed)
  const agent = { name: 'builder', credentialDigest: '' }
  const begun = { agent, begun: new Set<string>(), shown: new Set<string>() }
  const server = createMcpServer(b.broker.deps, begun, '0')
  const client = new Client({ name: 'test', version: '0' })
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const frames: string[] = []
  await server.connect(ours)
  const send = ours.send.bind(ours)
  ours.send = async (message, options) => {
    frames.push(JSON.stringify(message))
    await send(message, options)
  }
  await client.connect(theirs)
  onTestFinished(() => client.close())
  const use = async (name: string, args: object, options: RequestOptions = {}): Promise<any> => {
    const { content, structuredContent, isError } = (await client.callTool({ name, arguments: { ...args } }, undefined, options)) as any
    return { text: content[0].text, isError: isError ?? false, ...structuredContent }
  }
  return { ...b, client, use, frames, begun }
}

test('a model gets access, uses it and finishes, and no frame has a pass, a token or a proof in it', async () => {
  const t = await tools()
  const ready = await t.use('request_access', { ...ASKED, scopes: ['tickets:read', 'tickets:write'] })
  expect(ready.text).toMatch(
    new RegExp(
      `^Access at ${DESK} for ${USER} is ready until 20.* UTC, with the scopes tickets:read tickets:write. Use it with call_service, task ${ready.id}`,
    ),
  )
  const called = await t.use('call_service', { task: ready.id, path: '/api/tickets/17' })
  expect([called.status, JSON.parse(called.body), called.truncated, called.isError]).toEqual([
    200,
    { id: 17, subject: 'The door sticks' },
    false,
    false,
  ])
  await t.use('call_service', { task: ready.id, method: 'post', path: `${DESK}/api/tickets/17/replies`, body: { text: 'Try oil.' } })
  expect(t.calls.at(-1)).toMatchObject({ method: 'POST', url: `${DESK}/api/tickets/17/replies` })
  expect(t.calls.at(-1)?.headers.get('content-type')).toBe('application/json')
  expect((await t.use('finish_task', { task: ready.id })).text).toContain(`the task ${ready.id} is over`.replace('the', 'The'))
  expect(t.callsTo(DESK).at(-1)).toBe('POST /revoke')
  const { harness_proof: proof, agentpass } = t.posted(`${DESK}/redeem/bearer`)[0]
  for (const secret of [TOKEN, proof.jwt, agentpass.value, 'request-1']) expect(t.frames.join('\n')).not.toContain(secret)
})

test('while a person decides, the model is told who, where and until when, as progress and as the answer when it has waited enough', async () => {
  const t = await tools()
  const until = new Date((t.now() + 900) * 1000).toISOString()
  const decided = gate()
  t.authority.issue = answer(pending({ links: { approval: `${ACME}/console/1` }, approval_number: '42', expires_at: until }), 202)
  t.authority.polls = [() => decided.passed.then(answer(approved()))]
  const news: string[] = []
  const seen = gate()
  const waited = t.use(
    'request_access',
    { ...ASKED, wait_seconds: 900 },
    { onprogress: ({ message = '' }) => void (news.push(message) && message.includes('42') && seen.open()) },
  )
  await seen.passed
  const { id } = (await t.use('access_status', { wait_seconds: 0 })).tasks[0]
  const status = await t.use('access_status', { task: id, wait_seconds: 0 })
  expect(status.text).toBe(
    `Waiting for approval by ${USER}, or whoever may approve for them at ${ACME} at ${ACME}/console/1, who is asked there for the number 42, ` +
      `until ${until.slice(0, 16).replace('T', ' ')} UTC. Tell the person. Ask again with access_status, task ${id}; finish_task calls it off.`,
  )
  decided.open()
  expect((await waited).status).toBe('ready')
  expect(news.join('\n')).toContain(`${ACME}/console/1`)
})

test('a call that is canceled while a person decides calls the request off', async () => {
  const t = await tools()
  const decided = gate()
  t.authority.polls = [() => decided.passed.then(answer(approved()))]
  const leaving = new AbortController()
  const seen = gate()
  const onprogress = ({ message = '' }) => void (message.includes('Waiting for approval') && seen.open())
  const waited = t.use('request_access', { ...ASKED, wait_seconds: 900 }, { signal: leaving.signal, onprogress }).catch((failure) => failure)
  await seen.passed
  leaving.abort('enough')
  expect(String(await waited)).toContain('enough')
  const { id } = [...t.begun.begun].map((id) => ({ id }))[0]!
  await t.until(id, 'ended')
  decided.open()
  await t.broker.stop()
  expect(t.callsTo(ACME)).toContain('DELETE /some/where/requests/request-1')
  expect(t.callsTo(DESK).filter((call) => call.includes('redeem'))).toEqual([])
})

test('a client that goes away leaves no request waiting and no access behind', async () => {
  const t = await tools()
  const held = await t.use('request_access', ASKED)
  const decided = gate()
  t.authority.polls = [() => decided.passed.then(answer(approved()))]
  const waiting = await t.use('request_access', { ...ASKED, wait_seconds: 0 })
  await t.showWhen(waiting.id, ({ waiting: on }) => on !== undefined)
  await t.client.close()
  await endBegun(t.broker.deps, t.begun)
  expect([(await t.show(held.id)).status, (await t.show(waiting.id)).status]).toEqual(['ended', 'ended'])
  decided.open()
  await t.broker.stop()
  expect(t.callsTo(DESK).at(-1)).toBe('POST /revoke')
  expect(t.callsTo(ACME)).toContain('DELETE /some/where/requests/request-1')
})

test('a refusal says at which step, with whom and what to do; so does a scope that is missing', async () => {
  const t = await tools()
  t.authority.polls = [answer(pending({ status: 'denied', reason: 'not on Sundays' }))]
  const denied = await t.use('request_access', ASKED)
  expect([denied.isError, denied.text]).toEqual([
    true,
    expect.stringMatching(
      /^There is no access\. At step approve, with https:\/\/authority.acme.example: the request was denied: not on Sundays\. What to do: /,
    ),
  ])
  t.authority.polls = [answer(approved())]
  const { id } = await t.use('request_access', ASKED)
  t.service.api = async () =>
    new Response((await refusal(403, 'insufficient_scope', 'this needs tickets:close')()).body, {
      status: 403,
      headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="tickets:close"' },
    })
  const refused = await t.use('call_service', { task: id, path: '/api/tickets/17', method: 'DELETE' })
  expect([refused.isError, refused.status, refused.missing]).toEqual([
    true,
    403,
    'scope tickets:close is missing: ask for it with request_access, scopes ["tickets:read","tickets:write","tickets:close"]',
  ])
})

test('of a long answer the beginning is told, and the rest is not fetched', async () => {
  const t = await tools()
  let sent = 0
  t.service.api = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => {
          sent += 64 * 1024
          controller.enqueue(new Uint8Array(64 * 1024).fill(97))
        },
      }),
      { headers: { 'content-type': 'text/plain' } },
    )
  const { id } = await t.use('request_access', ASKED)
  const told = await t.use('call_service', { task: id, path: '/api/export' })
  expect([told.truncated, told.body.length, sent < 1_000_000]).toEqual([true, 256 * 1024, true])
})

test.each([`https://evil.example/api`, '//evil.example', 'http://desk.example/api', 'api/tickets', '\\evil'])(
  'a path that is none of the Service is refused, and nothing is sent: %s',
  async (path) => {
    const t = await tools()
    const { id } = await t.use('request_access', ASKED)
    const before = t.calls.length
    const refused = await t.use('call_service', { task: id, path })
    expect(t.calls.slice(before).map(({ url }) => new URL(url).origin)).toEqual(path === '//evil.example' ? [DESK] : [])
    if (path !== '//evil.example') expect([refused.isError, refused.text]).toEqual([true, expect.stringContaining('no path')])
  },
)

test('a token that the Service quotes where it is given back is told to nobody, and is in the database under seal alone', async () => {
  const t = await tools()
  const { id } = await t.use('request_access', ASKED)
  t.service.revoke = refusal(503, 'overloaded', `not now: ${TOKEN}`)
  const finished = await t.use('finish_task', { task: id })
  expect(finished).toMatchObject({ status: 'ending', failure: { step: 'revoke', message: 'answered 503' } })
  const told = [await t.use('access_status', { task: id }), await (await t.call('builder', 'DELETE', `/tasks/${id}`)).text(), await t.show(id)]
  const rows = await t.broker.deps.db.read.selectFrom('task').selectAll().execute()
  const seen = JSON.stringify([finished, told, t.frames, rows, await t.trail(), t.lines])
  expect([seen.includes('answered 503'), seen.includes(TOKEN)]).toEqual([true, false])
})

test.each(['call_service', 'access_status', 'finish_task'])("another agent's task is none: %s", async (name) => {
  const t = await tools()
  const { id } = await t.start('clerk')
  await t.until(id, 'ready', 'clerk')
  const told = await t.use(name, { task: id, path: '/api' })
  expect([told.isError, told.text]).toEqual([true, 'this agent has no such task (not_found)'])
})

test('what cannot be asked is refused with the member that is wrong', async () => {
  const t = await tools()
  expect(await t.use('request_access', { ...ASKED, service: 'desk' })).toMatchObject({ isError: true, text: expect.stringMatching(/^service/) })
  expect(await t.use('request_access', { service: DESK, task: TASK })).toMatchObject({
    isError: true,
    text: expect.stringContaining('user is missing'),
  })
  expect(await t.use('request_access', { ...ASKED, task: ' ' })).toMatchObject({ isError: true, text: expect.stringContaining('say in a sentence') })
  expect(t.calls).toEqual([])
})

test("a browser session is opened in the person's browser, and the model sees neither its address nor its token", async () => {
  const shown: string[] = []
  const t = await tools({ showPage: async (url) => void shown.push(url) })
  t.authority.polls = [answer(approvedSession())]
  const opened = await t.use('open_browser_session', { ...ASKED, destination: `${DESK}/tickets/17` })
  expect(opened.text).toContain('was opened in a browser of this machine')
  await t.use('access_status', { task: opened.id })
  expect(shown).toHaveLength(1)
  const page = await (await t.call(undefined, 'GET', new URL(shown[0]!).pathname)).text()
  expect(page).toContain(ONE_TIME)
  for (const secret of [ONE_TIME, new URL(shown[0]!).pathname]) expect(t.frames.join('\n')).not.toContain(secret)
})

test('where there is no browser, the address of the page is told, for a person to load', async () => {
  const t = await tools({ showPage: async () => Promise.reject(new Error('no display')) })
  t.authority.polls = [answer(approvedSession())]
  const opened = await t.use('open_browser_session', ASKED)
  expect(opened.text).toMatch(/is to be opened by a person, .* once: https:\/\/broker\.example\/open\/[\w-]{43} /)
  expect(t.frames.join('\n')).not.toContain(ONE_TIME)
})
