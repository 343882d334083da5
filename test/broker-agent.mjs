// An agent of a broker, as one command: starts a task, waits for it, makes one call, ends the task. Prints JSON; 0 where the Service answered 2xx.
// node broker-agent.mjs BROKER TOKEN-FILE --user EMAIL --task TEXT --call URL [--scope S …] [--authority ID]
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const text = { type: 'string' }
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { user: text, task: text, call: text, authority: text, scope: { type: 'string', multiple: true } },
})
const [broker, tokenFile] = positionals
const authorization = `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`

const ask = async (method, path, { json, accept } = {}) =>
  fetch(broker + path, {
    method,
    headers: { authorization, ...(json && { 'content-type': 'application/json' }), ...(accept && { accept }) },
    ...(json && { body: JSON.stringify(json) }),
  })

/** The task when its trip has an end, as its events tell. */
async function untilOver(id) {
  const response = await ask('GET', `/tasks/${id}/events`, { accept: 'text/event-stream' })
  let told = ''
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    told += part
    const events = told.split('\n\n').filter((event) => event.startsWith('data: '))
    const last = events.length > 0 ? JSON.parse(events.at(-1).slice(6)) : undefined
    if (last && !['asking', 'redeeming'].includes(last.status)) return last
  }
  throw new Error('the broker ended its events early')
}

const { origin, pathname, search } = new URL(values.call)
const { scope, authority, user, task } = values
const begun = await ask('POST', '/tasks', {
  json: { service: origin, user, description: task, ...(scope && { scope }), ...(authority && { authority }) },
})
const started = await begun.json()
if (begun.status !== 201) {
  console.log(JSON.stringify(started))
  process.exit(1)
}
process.on('SIGTERM', () => void ask('DELETE', `/tasks/${started.id}`).finally(() => process.exit(1)))
const over = await untilOver(started.id)
if (over.status !== 'ready') {
  console.log(JSON.stringify(over))
  process.exit(1)
}
const called = await ask('GET', `/tasks/${started.id}/http${pathname}${search}`)
const body = await called.text()
console.log(JSON.stringify({ status: called.status, body }))
await ask('DELETE', `/tasks/${started.id}`)
process.exit(called.ok ? 0 : 1)
