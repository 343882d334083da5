/** Whoever uses the console without a browser: keeps cookies, follows where it is led, and sends the forms that it finds on pages. */
import { expect } from 'vitest'
import type { Fetch } from '../spec/effects.ts'
import { type AuthorityWorld, authorityWorld, message } from './authority-rig.ts'
import { type Claims, type FakeProvider, fakeProvider, signInThere } from './fake-provider.ts'
import { AUTHORITY } from './parties.ts'

export const CONSOLE = `${AUTHORITY}/console`
/** How a browser sends a form. */
export const FORM = 'application/x-www-form-urlencoded'
export const COOKIE = '__Host-agentpass-console'
export const ERRAND = '__Host-agentpass-sign-in'

type Fields = Record<string, string>
/** A page as it came, and where from. */
export type Page = { url: URL; status: number; headers: Headers; html: string }
type Visit = { form?: Fields | string; headers?: Fields; method?: string; follow?: boolean }
/** A form of a page: where it leads, and all that it sends unless somebody changes it. */
export type Form = { action: string; fields: Fields }

/** A browser that knows nobody yet. */
export function createBrowser(fetch: Fetch) {
  const jars = new Map<string, Map<string, string>>()
  const jarOf = ({ origin }: URL) => {
    const jar = jars.get(origin) ?? new Map<string, string>()
    jars.set(origin, jar)
    return jar
  }
  const keep = (url: URL, response: Response) => {
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /; *max-age=0/i.test(line)) jarOf(url).delete(name)
      else jarOf(url).set(name, value)
    }
  }
  const ask = async (url: URL, { form, headers = {}, method }: Visit): Promise<Response> => {
    const cookie = [...jarOf(url)].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(url.href, {
      redirect: 'manual',
      method: method ?? (form === undefined ? 'GET' : 'POST'),
      headers: {
        accept: 'text/html',
        ...(cookie !== '' && { cookie }),
        ...(form !== undefined && { 'content-type': FORM }),
        ...headers,
      },
      ...(form !== undefined && { body: typeof form === 'string' ? form : String(new URLSearchParams(form)) }),
    })
    keep(url, response)
    return response
  }
  const visit = async (address: string | URL, want: Visit = {}): Promise<Page> => {
    const url = new URL(address)
    const response = await ask(url, want)
    const next = response.headers.get('location')
    if (next === null || want.follow === false) return { url, status: response.status, headers: response.headers, html: await response.text() }
    return visit(new URL(next, url))
  }
  return {
    visit,
    jar: (origin: string = AUTHORITY) => jarOf(new URL(origin)),
    /** Sends a form as its own page does, with some of it changed; what is undefined is left out. */
    submit: (page: Page, action: string, changed: Record<string, string | undefined> = {}, want: Omit<Visit, 'form'> = {}): Promise<Page> => {
      const form = formOf(page, action)
      const fields = Object.entries({ ...form.fields, ...changed }).filter((pair): pair is [string, string] => pair[1] !== undefined)
      const own = { origin: page.url.origin, 'sec-fetch-site': 'same-origin' }
      return visit(new URL(form.action, page.url), { follow: false, ...want, form: Object.fromEntries(fields), headers: { ...own, ...want.headers } })
    },
  }
}
export type Browser = ReturnType<typeof createBrowser>

const decoded = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
const attribute = (tag: string, name: string): string | undefined => {
  const [, value] = new RegExp(` ${name}="([^"]*)"`).exec(tag) ?? []
  return value === undefined ? undefined : decoded(value)
}

/** The forms of a page that are sent by POST, boxes as they are checked. */
export const formsOf = ({ html }: Page): Form[] =>
  [...html.matchAll(/<form method="post"[^>]*>(.*?)<\/form>/gs)].map(([form, body = '']) => ({
    action: attribute(form, 'action') ?? '',
    fields: Object.fromEntries(
      [...body.matchAll(/<input [^>]*>/g)].flatMap(([tag]) => {
        const [name, value] = [attribute(tag, 'name'), attribute(tag, 'value')]
        return name === undefined || value === undefined || (tag.includes('type="checkbox"') && !tag.includes(' checked')) ? [] : [[name, value]]
      }),
    ),
  }))

/** The form of a page that leads to an address which ends so. */
export function formOf(page: Page, action: string): Form {
  const form = formsOf(page).find((one) => one.action.endsWith(action))
  if (!form) throw new Error(`no form on ${page.url.pathname} (${page.status}) leads to …${action}`)
  return form
}

/** What a page says, without its tags. */
export const textOf = ({ html }: Page): string => decoded(html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '))

/** The enterprise's people, as its provider knows them. */
export const PEOPLE = {
  ada: { sub: 'employee-1', email: 'ada@acme.example', name: 'Ada', groups: ['support'] },
  ben: { sub: 'employee-2', email: 'ben@acme.example', name: 'Ben', groups: ['support'] },
  cleo: { sub: 'employee-3', email: 'cleo@acme.example', name: 'Cleo', groups: ['desk-leads'] },
  dan: { sub: 'employee-4', email: 'dan@acme.example', name: 'Dan', groups: ['finance'] },
  eve: { sub: 'employee-5', email: 'eve@acme.example', name: 'Eve', groups: ['finance-leads'] },
  audrey: { sub: 'employee-6', email: 'audrey@acme.example', name: 'Audrey', groups: ['security'] },
  ida: { sub: 'employee-7', email: 'ida@acme.example', name: 'Ida', groups: ['it'] },
} satisfies Record<string, Claims>

export const ROLES = [
  { role: 'approver', groups: ['desk-leads'], for: { groups: ['support'] } },
  { role: 'approver', groups: ['finance-leads'], for: { groups: ['finance'] } },
  { role: 'auditor', groups: ['security'] },
  { role: 'admin', groups: ['it'] },
]

/** One Authority with a console, in this process, and the provider that its people sign in with. Its clock is right when it begins, and moves as the test says. */
export async function consoleOffice({ console: pages = {}, ...changed }: { console?: object; [member: string]: unknown } = {}) {
  const w = await authorityWorld({ ...changed, console: { sign_in: signInThere, roles: ROLES, ...pages } })
  w.pass(Math.floor(Date.now() / 1000) - w.now())
  const provider = fakeProvider(w.net)
  /** Somebody at a browser of their own, signed in. */
  const signedIn = async (who: Claims, browser: Browser = createBrowser(w.fetch), path = '/sign-in') => {
    provider.is(who)
    const page = await browser.visit(`${CONSOLE}${path}`)
    expect([page.status, browser.jar().has(COOKIE)]).toEqual([200, true])
    return {
      ...browser,
      open: (path: string, want?: Visit) => browser.visit(CONSOLE + path, want),
      /** Opens a page and sends its form. */
      send: async (path: string, action: string, changed?: Record<string, string | undefined>, want?: Omit<Visit, 'form'>) =>
        browser.submit(await browser.visit(CONSOLE + path), action, changed, want),
    }
  }
  const messageOf = (email: string) => message({ user: { email } })
  /** What an agent asks for, and the reference that people know it by. */
  const asked = async (user: string = PEOPLE.ada.email, more: object = {}) => {
    const { id } = await w.requested({ user: { email: user }, ...more })
    return { id, ...(await w.show(id)) }
  }
  return {
    ...w,
    provider,
    signedIn,
    browser: () => createBrowser(w.fetch),
    asked,
    messageOf,
    standsAt: async (ref: string) => (await w.show(ref)).status,
    /** The audit trail, numbered and indexed. */
    trail: async () => (await settled(w)).map(({ event }) => JSON.parse(event)),
  }
}
export type Office = Awaited<ReturnType<typeof consoleOffice>> & { provider: FakeProvider }
export type Insider = Awaited<ReturnType<Office['signedIn']>>

/** Has the audit trail written: health is told only then. */
async function settled(w: AuthorityWorld) {
  await w.manage('/ready')
  return w.database().read.selectFrom('audit').select('event').where('seq', 'is not', null).orderBy('seq').execute()
}
