import type { IncomingMessage } from 'node:http'

/** Names the caller for rate limits: the socket's address, or, behind a proxy the settings trust, the last address in the header it sets. */
export type ClientOf = (request: Request, env: unknown) => string

export const createClientOf =
  (header: string | undefined): ClientOf =>
  (request, env) => {
    const forwarded = header === undefined ? undefined : request.headers.get(header)?.split(',').at(-1)?.trim()
    return forwarded || socketAddress(env) || 'unknown'
  }

const socketAddress = (env: unknown): string | undefined => (hasIncoming(env) ? env.incoming.socket.remoteAddress : undefined)

const hasIncoming = (env: unknown): env is { incoming: IncomingMessage } => typeof env === 'object' && env !== null && 'incoming' in env
