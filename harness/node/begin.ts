import type { AcquiredSession } from '../acquire.ts'
import type { Cookie } from '../cookies.ts'
import { initialize } from '../initialize.ts'
import { dropToken, type HeldSession, keepSession } from './held.ts'
import type { Network } from './network.ts'
import { giveBack, type Opened, type Outside } from './trip.ts'

/** A session that began in this process: what is held of it, its cookies, and the page it is for. */
export type BegunHere = { held: HeldSession; cookies: Cookie[]; destination: string }

/**
 * Begins a session here (protocol 8), holds it, and has it handed over to a file or a browser; what cannot be handed over is dropped and given back. Its cookies are secrets.
 * Throws TripFailure, what the hand-over threw, or what ended the signal.
 */
export async function beginHere(
  o: Outside,
  { folder }: Opened,
  network: Network,
  { session, handOver }: { session: AcquiredSession; handOver: (begun: BegunHere) => Promise<void> },
): Promise<BegunHere> {
  const { cookies, destination } = await initialize({ fetch: network.fetch, now: o.now }, session.service, session.initialization)
  const cookie = sessionCookie(cookies)
  try {
    const expiresAt = cookie && cookie.expires !== -1 ? cookie.expires : undefined
    const held = await keepSession(folder, session, { token: cookie?.value, expiresAt }, o.now())
    o.signal.throwIfAborted()
    const begun = { held, cookies, destination }
    await handOver(begun)
    return begun
  } catch (failure) {
    await dropToken(folder, session.task.id).catch(() => undefined) // what cannot be written may not be removable either
    await giveBack(o, network, session.service, cookie && { ...session, token: cookie.value })
    throw failure
  }
}

/** The one cookie that can be the session: out of scripts' reach, and alone in that. */
function sessionCookie(cookies: Cookie[]): Cookie | undefined {
  const [only, ...others] = cookies.filter(({ httpOnly, value }) => httpOnly && /^[\x21-\x7e]+$/.test(value))
  return others.length === 0 ? only : undefined
}
