/** Waiting by an Authority's events, with polling as the contract behind it. */
import { expect, test } from 'vitest'
import { createEventReader } from '../harness/events.ts'
import type { Wait } from '../spec/effects.ts'
import { toRfc3339 } from '../spec/time.ts'
import { commandLine, TOKEN_LINE } from './harness-cli-rig.ts'
import { ACME, type Answer, answer, approved, DESK, type HarnessRig, harnessRig, pending, refusal, TOKEN } from './harness-rig.ts'

const EVENTS = `${ACME}/events`
const listening = (changed: object = {}) => pending({ links: { events: EVENTS }, ...changed })
const event = (document: object) => `event: status\ndata: ${JSON.stringify(document)}\n\n`
const calls = (h: HarnessRig) => h.callsTo(ACME).slice(2)
const POLL = 'GET /some/where/requests/request-1'

/** A stream that says this and then stays open, until it is told more or let go. */
function stream(...texts: string[]) {
  const encoder = new TextEncoder()
  let more: ReadableStreamDefaultController | undefined
  const state = { isLetGo: false, say: (text: string) => more?.enqueue(encoder.encode(text)), end: () => more?.close(), page: refusal(500) as Answer }
  state.page = () => {
    const body = new ReadableStream({
      start: (controller) => {
        more = controller
        for (const text of texts) state.say(text)
      },
      cancel: () => {
        state.isLetGo = true
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
  }
  return state
}

/** Whether a wait is for a stream to be silent: pauses between polls are shorter here. */
const isForSilence = (h: HarnessRig, ms: number) => h.callsTo(ACME).at(-1) === 'GET /events' && ms > 10_000

/** An Authority with events. While they are listened to no time passes, unless `onQuiet` says so. */
function rig(page: Answer, onQuiet?: () => boolean) {
  const h = harnessRig()
  h.authority.issue = answer(listening(), 202)
  h.authority.events = page
  const wait: Wait = async (ms, signal) => {
    if (!isForSilence(h, ms) || onQuiet?.()) return h.deps.wait(ms, signal)
    signal?.throwIfAborted()
    return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
  }
  const acquire: HarnessRig['acquire'] = (changed) => h.acquire({ wait, fetchEvents: h.fetch, ...changed })
  return { ...h, acquire, h }
}

test('a decision is heard as an event, without a poll', async () => {
  const events = stream(event(listening()), ': beat\n\n', event(approved()))
  const { acquire, h } = rig(events.page)
  expect(await acquire()).toMatchObject({ token: TOKEN })
  expect([calls(h), events.isLetGo]).toEqual([['GET /events'], true])
  expect(h.calls.find(({ url }) => url === EVENTS)!.headers.get('accept')).toBe('text/event-stream')
})

test('what is heard passes the rules of what is polled', async () => {
  for (const [document, message] of [
    [pending({ status: 'denied', reason: 'no' }), 'the request was denied: no'],
    [pending({ status: 'expired' }), 'the request was expired'],
    [approved({ agentpass: undefined }), 'the request was approved without a usable pass'],
    [approved({ agentpass: { type: 'browser_session', value: 'x' } }), 'the request was approved without a usable pass'],
  ] as const) {
    const { acquire, h } = rig(stream(event(document)).page)
    await expect(acquire()).rejects.toMatchObject({ name: 'TripFailure', step: 'approve', message })
    expect(calls(h)).toEqual(['GET /events'])
  }
})

test('a new deadline and place to decide are told as they are heard', async () => {
  const expiresAt = 1_700_000_900
  const links = { events: EVENTS, approval: `${ACME}/console` }
  const { acquire, progress } = rig(stream(event(pending({ links, expires_at: toRfc3339(expiresAt) })), event(approved())).page)
  await acquire()
  expect(progress.filter(({ kind }) => kind === 'waiting').at(-1)).toMatchObject({ approvalUrl: `${ACME}/console`, expiresAt })
})

test.each<[string, Answer]>([
  ['another media type', answer(listening())],
  ['a failure', refusal(503)],
  ['a stream that is refused', () => new Response('', { status: 403, headers: { 'content-type': 'text/event-stream' } })],
  ['no body', () => new Response(null, { status: 204 })],
  ['a redirect', () => new Response(null, { status: 307, headers: { location: EVENTS } })],
  ['a stream that is over', () => new Response('', { headers: { 'content-type': 'text/event-stream' } })],
  ['an event that is no JSON', stream('data: {\n\n').page],
  ['an event that is no status', stream(event({ status: 'pending' })).page],
  ['an unknown status', stream(event(approved({ status: 'weird' }))).page],
  ['what is no UTF-8', () => new Response(new Uint8Array([0xff, 10, 10]), { headers: { 'content-type': 'text/event-stream' } })],
  ['an event without end', stream('data: '.padEnd(70_000, 'x')).page],
  ['an event of many lines', stream('data: x\n'.repeat(40_000)).page],
])('%s in place of events is polled, by the pauses of polling', async (_, page) => {
  const { acquire, h } = rig(page)
  h.authority.issue = answer(listening({ poll_after_ms: 3000 }), 202)
  h.authority.polls = [answer(listening({ poll_after_ms: 2000 })), answer(approved())]
  expect(await acquire()).toMatchObject({ token: TOKEN })
  expect([calls(h), h.waits.slice(-2)]).toEqual([
    ['GET /events', POLL, POLL],
    [3000, 2000],
  ])
})

test('a stream that breaks off is polled on, by the last pause that was heard', async () => {
  const events = stream(event(listening({ poll_after_ms: 7000 })))
  const { acquire, h } = rig(() => {
    const page = events.page()
    events.end()
    return page
  })
  expect(await acquire()).toMatchObject({ token: TOKEN })
  expect([calls(h), h.waits]).toEqual([['GET /events', POLL], [7000]])
})

test('45 seconds of silence break a stream: heartbeats keep it alive, but not one that never said how it stands', async () => {
  const beating = async (...texts: string[]) => {
    const quiet: number[] = []
    const events = stream(...texts)
    const { h, acquire } = rig(events.page, () => false)
    const wait: Wait = async (ms, signal) => {
      if (!isForSilence(h, ms)) return h.deps.wait(ms, signal)
      signal?.throwIfAborted()
      quiet.push(ms)
      for (const _ of 'abc') await new Promise(setImmediate) // what was said is heard
      if (quiet.length < 4) {
        h.pass(15)
        events.say(': beat\n\n')
        for (const _ of 'abc') await new Promise(setImmediate)
      } else h.pass(ms / 1000)
    }
    expect(await acquire({ wait })).toMatchObject({ token: TOKEN })
    expect(calls(h)).toEqual(['GET /events', POLL])
    return quiet
  }
  expect(await beating(event(listening()))).toEqual([45_000, 45_000, 45_000, 45_000])
  expect(await beating()).toEqual([45_000, 30_000, 15_000])
})

test('listening ends with the deadline: one more poll, then it gives up [HAR-POLL-08]', async () => {
  const { acquire, h } = rig(stream().page, () => true)
  const expires_at = toRfc3339(h.now() + 20)
  h.authority.issue = answer(listening({ expires_at }), 202)
  h.authority.polls = [answer(listening({ expires_at }))]
  await expect(acquire()).rejects.toMatchObject({ message: 'nobody decided in time' })
  expect([calls(h), h.waits]).toEqual([
    ['GET /events', POLL],
    [21_000, 1000],
  ])
})

test('calling a trip off while it listens cancels the request, and lets the stream go', async () => {
  const off = new AbortController()
  const events = stream(event(listening()))
  const { acquire, h } = rig(events.page, () => {
    off.abort(new Error('called off'))
    return false
  })
  await expect(acquire({ signal: off.signal })).rejects.toThrow('called off')
  expect(calls(h)).toEqual(['GET /events', 'DELETE /some/where/requests/request-1'])
})

test('without the means to listen, and for a link that is not https, it polls', async () => {
  const { acquire, h } = rig(stream(event(approved())).page)
  h.authority.issue = answer(listening(), 202)
  await h.acquire()
  for (const events of ['http://authority.acme.example/events', 'javascript:1', `${EVENTS}#x`]) {
    h.authority.issue = answer(pending({ links: { events } }), 202)
    await acquire()
  }
  expect(h.callsTo(ACME)).not.toContain('GET /events')
  expect(h.posted(`${DESK}/redeem/bearer`)).toHaveLength(4)
})

test('what was decided at once is not listened to', async () => {
  const { acquire, h } = rig(stream().page)
  h.authority.issue = answer(approved({ links: { events: EVENTS } }))
  expect(await acquire()).toMatchObject({ token: TOKEN })
  expect(calls(h)).toEqual([])
})

test('the command listens, and counts the time down meanwhile', async () => {
  const c = commandLine()
  const events = stream(event(listening()))
  c.authority.issue = answer(listening(), 202)
  c.authority.events = events.page
  const wait: Wait = async (ms, signal) => {
    await c.h.deps.wait(ms, signal)
    if (c.now() >= 1_700_000_020) events.say(event(approved()))
    await new Promise(setImmediate)
  }
  const { code, err } = await c.runAs({ wait }, ...TOKEN_LINE)
  expect([code, calls(c.h)]).toEqual([0, ['GET /events']])
  expect(err).toContain('waiting for the decision, 14 min 45 s left\n')
})

test.each([
  ['data: a\n\n', ['a']],
  ['data:a\n\ndata:  b\n\n', ['a', ' b']],
  ['data: a\r\ndata: b\r\n\r\n', ['a\nb']],
  ['data: a\rdata\r\rx', ['a\n']],
  [': beat\n\nid: 7\nevent: status\nretry: 1\ndata: a\n\n', ['a']],
  ['data: a\n', []],
  ['datax: a\n\n\n\n', []],
])('of the stream %j the events are %j, in whatever pieces it comes', (text, events) => {
  expect(createEventReader()(text)).toEqual(events)
  const read = createEventReader()
  expect([...text].flatMap((char) => read(char))).toEqual(events)
})
