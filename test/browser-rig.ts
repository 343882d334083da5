/** A browser session at the real Service among Authorities that the test plays, and a browser that keeps cookies as the web says. */
import { parse } from 'hono/utils/cookie'
import { BrowserSessionGrant } from '../spec/wire/redemption.ts'
import type { Changes } from './fake-authority.ts'
import { DESK } from './fake-authority.ts'
import { desk, okay } from './service-rig.ts'

export const REDEEM_BROWSER = '/agentpass/redeem/browser-session'
export const INITIALIZE = '/agentpass/initialize'
export const COOKIE = '__Host-agentpass'
export const START = `${DESK}/`
const FORM = 'application/x-www-form-urlencoded'
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

type Want = Parameters<typeof desk>[0]

/** The Service with its enterprise Authority, whose passes are for browser sessions. */
export async function browserDesk(want: Want = {}) {
  const d = await desk(want)
  d.enterprise.publish('acme.example')
  const approve = (changes: Changes = {}) => {
    d.enterprise.answers.validate = async () => Response.json(d.enterprise.validation({ type: 'browser_session', ...changes }))
  }
  approve()
  const browserRedemption = (changes: Changes = {}) =>
    d.redemption({ agentpass: { type: 'browser_session', value: 'pass-1' }, initialization_methods: ['POST'], ...changes })
  const redeemBrowser = (changes: Changes = {}) => d.post(REDEEM_BROWSER, browserRedemption(changes))
  const granted = async (changes: Changes = {}) => BrowserSessionGrant.parse(await okay(await redeemBrowser(changes)))
  /** Submits the form that begins a session, as a browser does from somebody else's page. */
  const submit = (token: string, headers: Record<string, string> = {}) =>
    d.request(INITIALIZE, {
      method: 'POST',
      body: new URLSearchParams({ token }).toString(),
      headers: { 'content-type': FORM, origin: 'null', 'sec-fetch-site': 'cross-site', ...HTML, ...headers },
    })
  const oneTimeToken = async (changes: Changes = {}) => tokenOf(await granted(changes))
  const begun = async (changes: Changes = {}) => {
    const response = await submit(await oneTimeToken(changes))
    if (response.status !== 303) throw new Error(`answered ${response.status} ${await response.text()}`)
    return cookieOf(response)
  }
  /** A request of a browser that holds a session, by default a click on a link. */
  const click = (path: string, secret: string, init: RequestInit = {}) =>
    d.request(path, {
      ...init,
      headers: { ...HTML, 'sec-fetch-site': 'same-origin', ...Object.fromEntries(new Headers(init.headers)), cookie: `${COOKIE}=${secret}` },
    })
  return { ...d, approve, browserRedemption, redeemBrowser, granted, submit, oneTimeToken, begun, click }
}

/** The one-time token of a grant, which must be in the form alone. */
export function tokenOf({ initialization_request: form, initialization_url: url }: BrowserSessionGrant): string {
  const token = form?.form_fields?.token
  if (token === undefined || url.includes(token)) throw new Error('there is no one-time token in the form alone')
  return token
}

/** The secret of the session that an answer began. */
export function cookieOf(response: Response): string {
  const [cookie = ''] = response.headers.getSetCookie()
  const secret = parse(cookie.split(';')[0] ?? '')[COOKIE]
  if (!secret) throw new Error('no session was begun')
  return secret
}
