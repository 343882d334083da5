/** A receiver of webhooks, for the trail by HTTPS. */
import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { createGuardedFetch } from '../spec/node/fetch.ts'
import { toHttps } from './export-rig.ts'
import { createCa, listen } from './spec/tls-fixture.ts'

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
export const Batch = z.array(z.looseObject({ class_uid: z.int(), time: z.int(), metadata: z.looseObject({ uid: z.string(), sequence: z.int() }) }))
type Answer = { status: number; headers?: Record<string, string>; body?: Buffer }

/** A receiver with TLS on loopback, what it was sent, and the fetch that reaches it through the guard. */
export async function httpsReceiver(answer: (nth: number, asked: string) => Answer = () => ({ status: 204 })) {
  const ca = await createCa()
  const calls: { headers: Record<string, string>; body: string }[] = []
  const server = createServer(await ca.issue('lake.example'), async (request, response) => {
    const asked = await text(request)
    calls.push({
      body: asked,
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    })
    const { status, headers = {}, body } = answer(calls.length, asked)
    response.writeHead(status, headers).end(body)
  })
  const { port } = await listen(server, 0, '127.0.0.1')
  const guarded = createGuardedFetch({
    ...{ ca: ca.pem, allowPrivate: ['127.0.0.0/8'] },
    resolveAddresses: async () => [{ address: '127.0.0.1', family: 4 }],
  })
  onTestFinished(guarded.close)
  const batches = () => calls.map(({ body }) => Batch.parse(JSON.parse(body)))
  return { calls, batches, effects: { fetch: guarded.fetch }, exporter: toHttps(`https://lake.example:${port}/agentpass`, SECRET) }
}
