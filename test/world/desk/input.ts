import type { HonoRequest } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { z } from 'zod'

const text = (limit: number) => z.string().trim().min(1).max(limit)

/** A ticket as somebody sends it. */
export const NewTicket = z.object({ title: text(200), body: text(10_000) })
export type NewTicket = z.infer<typeof NewTicket>
/** A comment as somebody sends it. */
export const NewComment = z.object({ body: text(10_000) })
/** The query of a list: without a status, all tickets. */
export const TicketFilter = z.object({ status: z.enum(['open', 'closed']).optional() })

/** Reads a JSON body. Throws 415 for another media type, 400 for what is not JSON or not of the schema. */
export async function readJson<S extends z.ZodType>(request: HonoRequest, schema: S): Promise<z.infer<S>> {
  const [mediaType = ''] = (request.header('content-type') ?? '').split(';')
  if (mediaType.trim().toLowerCase() !== 'application/json') throw new HTTPException(415, { message: 'the body must be application/json' })
  return requireValid(schema, parseJson(await request.text()))
}

/** Reads what a page's form sends. Throws 400 when it is not of the schema. */
export async function readForm<S extends z.ZodType>(request: HonoRequest, schema: S): Promise<z.infer<S>> {
  return requireValid(schema, Object.fromEntries(new URLSearchParams(await request.text())))
}

/** Throws 400 naming the first member that is missing or invalid. */
export function requireValid<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new HTTPException(400, { message: `${parsed.error.issues[0]?.path.join('.') || 'body'} is missing or invalid` })
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw new HTTPException(400, { message: 'the body is not JSON', cause })
  }
}
