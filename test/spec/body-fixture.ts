/** A body that is posted, and what is said of it. */
import type { z } from 'zod'
import { readBody } from '../../spec/body.ts'
import { ProtocolError } from '../../spec/error.ts'

export const JSON_TYPE = { 'content-type': 'application/json' }

export const post = (body: BodyInit | null, headers: Record<string, string> = JSON_TYPE) => {
  const streamed = body instanceof ReadableStream ? { duplex: 'half' } : {}
  const request = new Request('https://desk.example/resolve', { method: 'POST', body, ...streamed })
  request.headers.delete('content-type')
  for (const [name, value] of Object.entries(headers)) request.headers.set(name, value)
  return request
}
export async function refusal(call: Promise<unknown>): Promise<ProtocolError | undefined> {
  try {
    await call
    return undefined
  } catch (failure) {
    if (failure instanceof ProtocolError) return failure
    throw failure
  }
}

/** The code a body is refused with, and the member its message names. */
export async function verdict(schema: z.ZodType, body: unknown): Promise<(string | undefined)[]> {
  const refused = await refusal(readBody(post(JSON.stringify(body)), schema))
  return refused ? [refused.code, refused.message.split(' ')[0]] : ['read']
}
