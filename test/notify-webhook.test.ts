/** A webhook is verified by code that is not ours, and reached only where any peer of ours may be. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { post } from '../authority/notify/post.ts'
import { slackMessage } from '../authority/notify/slack.ts'
import { createGuardedFetch } from '../spec/node/fetch.ts'
import { isWebhookSecret } from '../spec/node/webhook.ts'
import { findOnPath } from './installed.ts'
import { GENERIC, notifying, SECRET, SLACK } from './notify-rig.ts'
import { AUTHORITY } from './parties.ts'

const HOOKED = { email: false as const, roles: [], webhooks: [GENERIC], notifications: { remind_after_seconds: 'off' } }

/** One message to the generic webhook, at the real time. */
async function heard() {
  const w = await notifying(HOOKED)
  w.pass(Math.floor(Date.now() / 1000) - w.now())
  const { ref } = await w.asked()
  await w.settled()
  const { body, headers } = w.hooks.heard[0]!
  return { w, ref, body, headers: Object.fromEntries(headers) }
}

test('a message is verified by the Standard Webhooks library, and no other body, id or secret is', async () => {
  const { w, ref, body, headers } = await heard()
  expect(new Webhook(SECRET).verify(body, headers)).toMatchObject({
    type: 'request.created',
    timestamp: new Date(w.now() * 1000).toISOString(),
    data: {
      authority: AUTHORITY,
      request_ref: ref,
      url: w.link(ref),
      user: { email: 'ada@acme.example' },
      scopes: ['tickets:read', 'tickets:write'],
    },
  })
  const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  expect(() => new Webhook(SECRET).verify(`${body} `, headers)).toThrow()
  expect(() => new Webhook(SECRET).verify(body, { ...headers, 'webhook-id': 'other' })).toThrow()
  expect(() => new Webhook(other).verify(body, headers)).toThrow()
})

/** What the README tells a receiver to do, told of one message. */
const PYTHON = `${/```python\n(.*?)```/s.exec(readFileSync('authority/README.md', 'utf8'))?.[1]}
import json, sys
given = json.load(sys.stdin)
sys.exit(0 if verified(sys.argv[1], given["headers"], given["body"]) else 1)
`

test('and by the lines of plain HMAC that the README shows', async ({ skip }) => {
  const python = findOnPath('python3')
  if (python === undefined) return skip('python3 is not here')
  const { body, headers } = await heard()
  const verify = (changed: object) => spawnSync(python, ['-c', PYTHON, SECRET], { input: JSON.stringify({ headers, body, ...changed }) }).status
  const old = { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 600) }
  expect([verify({}), verify({ body: `${body} ` }), verify({ headers: old })]).toEqual([0, 1, 1])
})

test.each([0, 1])('a message to Slack that is cut ends with a whole character', (shift) => {
  const lines = [`${'x'.repeat(shift)}${'😀'.repeat(2000)}`]
  const told = { kind: 'requested' as const, ref: 'r', title: 't', heading: 't', rows: [{ name: 'Asks for', lines }], task: lines, link: undefined }
  const message = JSON.stringify(slackMessage(told))
  expect([message.includes('…'), /\\ud[89a-f]/.test(message)]).toEqual([true, false])
})

test('a message to Slack is what its incoming webhooks take, with a button that leads to the request', async () => {
  const w = await notifying({ ...HOOKED, webhooks: [SLACK] })
  const { ref } = await w.asked()
  await w.settled()
  const { body, headers } = w.hooks.heard[0]!
  expect([...headers.keys()].filter((name) => name.startsWith('webhook'))).toEqual([])
  const { text, blocks } = JSON.parse(body)
  expect(text).toBe('An agent asks for access at desk[.]example')
  expect(blocks.map(({ type }: { type: string }) => type)).toEqual(['section', 'section', 'section', 'actions'])
  expect(blocks.at(-1).elements).toEqual([{ type: 'button', text: { type: 'plain_text', text: 'Look at it and decide' }, url: w.link(ref) }])
})

test.each([
  ['whsec_ and 32 bytes', SECRET, true],
  ['whsec_ and 23 bytes', `whsec_${Buffer.alloc(23).toString('base64')}`, false],
  ['whsec_ and 65 bytes', `whsec_${Buffer.alloc(65).toString('base64')}`, false],
  ['no whsec_', Buffer.alloc(32).toString('base64'), false],
  ['no base64', `whsec_${'!'.repeat(44)}`, false],
  ['base64 of a length that there is not', 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', false],
])('a secret of %s is read as Standard Webhooks writes it, or not at all', (_, secret, is) => {
  expect(isWebhookSecret(secret)).toBe(is)
})

test.each([
  ['at a private address', 'https://127.0.0.1:1/hook', 'private address'],
  ['over plain HTTP', 'http://hooks.example/hook', 'refused to fetch over http:'],
])('a webhook %s is not reached', async (_, url, why) => {
  const { fetch, close } = createGuardedFetch()
  const delivery = await post(fetch, { name: 'x', url, secret: undefined, shape: 'slack' }, { id: 'x', at: 0, body: '{}' })
  await close()
  expect(delivery).toMatchObject({ failure: expect.stringContaining(why) })
  expect(JSON.stringify(delivery)).not.toContain('/hook')
})
