import { generateCookie } from 'hono/cookie'

/** The cookie of an agent's browser session: host-only, over TLS alone, and no name that an app gives a person's session. */
export const SESSION_COOKIE = '__Host-agentpass'

const FLAGS = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax' } as const

/** The `Set-Cookie` of a session that has begun. */
export const sessionCookie = (secret: string, maxAgeSeconds: number): string =>
  generateCookie(SESSION_COOKIE, secret, { ...FLAGS, maxAge: maxAgeSeconds })

/** The `Set-Cookie` after a session has ended. */
export const noSessionCookie = (): string => generateCookie(SESSION_COOKIE, '', { ...FLAGS, maxAge: 0 })
