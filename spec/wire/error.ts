import { z } from 'zod'

/** Every error body (protocol 1, 11). From a foreign peer only the status class and this shape are relied on. */
export const ErrorResponse = z.looseObject({ error: z.looseObject({ code: z.string().min(1), message: z.string() }) })
export type ErrorResponse = z.infer<typeof ErrorResponse>
