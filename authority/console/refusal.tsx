import type { ErrorCode, ProtocolError } from '../../spec/error.ts'
import { CONSOLE } from './door.ts'
import { type Frame, respond } from './pages/page.tsx'

const TITLES: Partial<Record<ErrorCode, string>> = {
  unauthenticated: 'You are not signed in',
  forbidden: 'Not allowed',
  not_found: 'There is nothing here',
  stale_decision: 'It has changed',
  already_decided: 'Decided already',
  rate_limited: 'Too many at once',
  service_unavailable: 'The identity provider does not answer',
  unprocessable: 'Not possible',
}
const ADVICE: Partial<Record<ErrorCode, string>> = {
  stale_decision: 'Nothing was decided. Look at the request again.',
  already_decided: 'A decision stands. What was approved can be revoked.',
  rate_limited: 'Wait a moment, then try again.',
  service_unavailable: 'Nothing was lost. Try again in a moment.',
}

/** A refusal of the console, for whoever asks: a page for a browser, and for somebody who is not signed in the way to sign in. Undefined where the caller is a script of ours: it reads JSON. */
export async function presentRefusal(frame: Frame, refusal: ProtocolError, request: Request): Promise<Response | undefined> {
  const { pathname, search } = new URL(request.url)
  if (pathname !== CONSOLE && !pathname.startsWith(`${CONSOLE}/`)) return undefined
  if (request.headers.get('accept')?.startsWith('application/json')) return undefined
  if (request.headers.get('accept')?.startsWith('text/event-stream')) return undefined
  const isPage = request.method === 'GET' && pathname !== `${CONSOLE}/callback`
  if (refusal.code === 'unauthenticated' && isPage) return toSignIn(`${pathname}${search}`)
  const page = await respond(
    frame,
    { title: TITLES[refusal.code] ?? 'Not possible', children: <Refusal refusal={refusal} back={backOf(request, frame.origin)} /> },
    refusal.status,
  )
  if (refusal.retryAfterSeconds !== undefined) page.headers.set('retry-after', String(refusal.retryAfterSeconds))
  return page
}

const toSignIn = (to: string): Response =>
  new Response(null, {
    status: 303,
    headers: { location: `${CONSOLE}/sign-in?to=${encodeURIComponent(to)}`, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  })

const Refusal = ({ refusal, back }: { refusal: ProtocolError; back: string }) => (
  <>
    <h1>{TITLES[refusal.code] ?? (refusal.status < 500 ? 'Not possible' : 'Something went wrong')}</h1>
    <p>{refusal.code === 'internal' ? 'The authority failed. Its log says why.' : sentence(refusal.message)}</p>
    {ADVICE[refusal.code] && <p class="quiet">{ADVICE[refusal.code]}</p>}
    <p>
      {refusal.code === 'unauthenticated' ? (
        <a class="button" href={`${CONSOLE}/sign-in`}>
          Sign in
        </a>
      ) : (
        <a class="button" href={back}>
          Back
        </a>
      )}
    </p>
  </>
)

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

/** Where a form came from: the page of its request, or the inbox. */
function backOf(request: Request, origin: string): string {
  const [, ref] = /^\/console\/requests\/([\w-]{12})\//.exec(new URL(request.url, origin).pathname) ?? []
  return ref === undefined ? CONSOLE : `${CONSOLE}/requests/${ref}`
}
