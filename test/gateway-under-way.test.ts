/** An answer that takes its time, through the gateway: what ends or narrows the delegation counts for it too. */
import { expect, test } from 'vitest'
import { type Changes, DESK } from './fake-authority.ts'
import { desk } from './service-rig.ts'

/** An answer under way to an agent that may read tickets; `next` has the app say more, and reads it as the agent does. */
async function underWay(settings: Changes = {}) {
  const d = await desk({ settings })
  d.enterprise.publish('acme.example')
  const token = await d.token()
  const source = new TransformStream<string, string>()
  const [writer, body] = [source.writable.getWriter(), source.readable.pipeThrough(new TextEncoderStream())]
  const { app } = await d.another({ forward: async () => new Response(body) })
  const call = (path: string, init: RequestInit = {}) =>
    app.request(DESK + path, { ...init, headers: { authorization: `Bearer ${token}`, ...Object.fromEntries(new Headers(init.headers)) } })
  const answered = await call('/api/tickets')
  const reader = answered.body!.pipeThrough(new TextDecoderStream()).getReader()
  const next = async (text: string) => {
    const said = writer.write(text)
    const { value } = await reader.read()
    await said
    return value
  }
  return { d, token, call, next, closed: writer.closed, end: () => writer.close(), read: () => reader.read() }
}

const ENDS: Record<string, (d: Awaited<ReturnType<typeof desk>>) => void> = {
  'the Authority has ended it': (d) => {
    d.enterprise.answers.check = async () => new Response(null, { status: 404 })
  },
  'its scope no more allows the act': (d) => {
    d.enterprise.answers.check = async () => Response.json({ scope: ['tickets:write'] })
  },
  'the Authority cannot be asked': (d) => {
    d.enterprise.answers.check = async () => new Response(null, { status: 500 })
  },
}

test.each(Object.entries(ENDS))('no more of an answer under way is passed on when %s, and the app is told', async (_, end) => {
  const { d, next, closed } = await underWay()
  expect(await next('first')).toBe('first')
  d.pass(60)
  expect(await next('second')).toBe('second') // it was asked, and it stands
  end(d)
  d.pass(60)
  await expect(next('third')).rejects.toThrow()
  await expect(closed).rejects.toThrow()
})

test('what is under way ends with the end of the task, within a second', async () => {
  const { d, token, call, next } = await underWay({ lifetimes: { check_seconds: 30 } })
  expect(await next('first')).toBe('first')
  const form = { method: 'POST', body: new URLSearchParams({ token }).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  expect((await call('/agentpass/revoke', form)).status).toBe(200)
  d.pass(1)
  await expect(next('second')).rejects.toThrow()
})

test('an answer goes on to its end for as long as the delegation does, which is asked no more often than for requests', async () => {
  const { d, next, end, read } = await underWay()
  for (let i = 0; i < 5; i++) {
    expect(await next(`part ${i}`)).toBe(`part ${i}`)
    d.pass(1)
  }
  expect(d.enterprise.asked('check')).toHaveLength(1)
  const ended = end()
  expect(await read()).toEqual({ done: true, value: undefined })
  await ended
})
