import { z } from 'zod'
import type { Now } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { parseJson } from '../../spec/json.ts'
import type { Secrets } from '../../spec/node/secrets.ts'
import type { Errand, Provider } from './provider.ts'
import type { SignedIn } from './session.ts'

export type SignInDeps = { now: Now; secrets: Secrets; provider: Provider }

/** How long somebody may take at the provider. */
export const ERRAND_SECONDS = 900
const PURPOSE = 'sign-ins'

const Taken = z.object({
  errand: z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), maxAgeSeconds: z.number().optional() }),
  to: z.string(),
  at: z.number(),
})

/** Sends somebody to the provider. What proves the answer to be theirs travels sealed in their browser, so that any instance can take it. */
export async function beginSignIn(
  d: SignInDeps,
  { to, maxAgeSeconds }: { to: string; maxAgeSeconds?: number | undefined },
): Promise<{ url: URL; sealed: string }> {
  const { url, errand } = await d.provider.signInUrl(maxAgeSeconds)
  return { url, sealed: d.secrets.seal(PURPOSE, JSON.stringify({ errand, to, at: d.now() })) }
}

/** Takes somebody back from the provider. Throws unauthenticated for an answer to another browser's question, or one that came too late; forbidden as the provider does. */
export async function finishSignIn(d: SignInDeps, search: string, sealed: string | undefined): Promise<{ signedIn: SignedIn; to: string }> {
  const { errand, to, at } = opened(d, sealed)
  if (at + ERRAND_SECONDS <= d.now()) throw new ProtocolError('unauthenticated', 'signing in took too long: begin again')
  return { signedIn: await d.provider.finish(search, errand), to }
}

function opened({ secrets }: SignInDeps, sealed: string | undefined): { errand: Errand; to: string; at: number } {
  if (sealed === undefined)
    throw new ProtocolError('unauthenticated', 'this browser has not begun to sign in, or did so in another window: begin again')
  try {
    return Taken.parse(parseJson(secrets.unseal(PURPOSE, sealed)))
  } catch (cause) {
    throw new ProtocolError('unauthenticated', 'signing in was begun with something else: begin again', { cause })
  }
}
