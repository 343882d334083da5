import type { BrowserSessionGrant } from '../../spec/wire/redemption.ts'
import type { Page } from '../actors/browser.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { until } from '../stage.ts'
import type { ServiceStage } from './stage.ts'

/** Browser sessions in a real browser (§4.5): begun from another site's page, as a Harness begins them. They run with `--browser` alone. */
export const inABrowser: Case<ServiceStage>[] = [
  {
    id: 'SVC-BRW-09/browser',
    about: 'a real browser submits the form of another site, and comes to a page of the agent’s session',
    run: async (s) => {
      const { page, pass } = await begun(s)
      const text = await page.read('document.documentElement.innerText')
      await page.open(s.adapter.whoami)
      await page.arrive(s.adapter.whoami)
      const who = await page.read('document.documentElement.innerText')
      expectThat(
        who.includes(pass.user) && who.includes('suite-agent'),
        `a page that names ${pass.user} and suite-agent`,
        `${who.slice(0, 200)} (after ${text.slice(0, 100)})`,
      )
    },
  },
  {
    id: 'SVC-BRW-12/browser',
    about: 'the cookie as a real browser keeps it',
    run: async (s) => {
      const { page } = await begun(s)
      const cookies = await page.cookies()
      expectThat(
        cookies.length > 0 && cookies.every(({ secure, httpOnly }) => secure && httpOnly),
        'cookies that are Secure and HttpOnly',
        cookies.map(({ name, secure, httpOnly }) => ({ name, secure, httpOnly })),
      )
      expectEqual(await page.read('document.cookie'), '', 'what scripts see of the cookies')
    },
  },
  {
    id: 'SVC-BRW-14/browser',
    about: 'a real browser is looked at for the one-time token: addresses, history, referrers',
    negative: true,
    profile: 'hardened',
    run: async (s) => {
      const { page, grant } = await begun(s)
      const secrets = Object.values(grant.initialization_request?.form_fields ?? {})
      await page.open(s.ground.hosts.origin('attacker'))
      await page.arrive(s.ground.hosts.origin('attacker'))
      const seen = JSON.stringify([page.asked(), await page.read('document.referrer')])
      expectThat(!secrets.some((secret) => seen.includes(secret)), 'the one-time token in no address and no referrer', 'it is there')
    },
  },
  {
    id: 'SVC-BRW-08/browser-back',
    about: 'a real browser goes back and submits the spent form again',
    negative: true,
    run: async (s) => {
      const { page, grant, again } = await begun(s)
      const before = await page.cookies()
      await again()
      const loads = () => page.asked().filter(({ url }) => url === grant.initialization_url).length
      expectThat(await until(() => loads() > 1, 10_000), 'the browser to submit the form again', 'it did not')
      await page.arrive(s.origin)
      const after = await page.cookies()
      expectEqual(after.map(({ value }) => value).sort(), before.map(({ value }) => value).sort(), 'the cookies after a second submission')
      await page.open(s.adapter.whoami)
      await page.arrive(s.adapter.whoami)
      expectThat((await page.read('document.documentElement.innerText')).includes('suite-agent'), 'the first session to live on', 'it does not')
    },
  },
]

/** Begins a session from a page of the attacker's host: another site, as every Harness's page is. */
async function begun(s: ServiceStage) {
  const { grant, pass } = await s.grant()
  const host = s.ground.nextHost('page')
  s.ground.hosts.serve(host, () => ({ body: formPage(grant), headers: { 'content-type': 'text/html', 'referrer-policy': 'unsafe-url' } }))
  s.ground.hosts.serve('attacker', () => ({ body: '<!doctype html><title>elsewhere</title>', headers: { 'content-type': 'text/html' } }))
  const page: Page = await (await s.browser()).page()
  const begin = async () => {
    await page.open(s.ground.hosts.origin(host))
    await page.arrive(s.origin)
  }
  await begin()
  return { page, grant, pass, again: () => page.open(s.ground.hosts.origin(host)) }
}

/** A page that begins the session as soon as it is there: by its form, or by going to the address. */
function formPage({ initialization_url: url, initialization_request: form }: BrowserSessionGrant): string {
  const go = form?.method === 'POST' ? 'document.forms[0].submit()' : `location.replace(${JSON.stringify(url)})`
  const fields = Object.entries(form?.form_fields ?? {}).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`)
  return `<!doctype html><title>begin</title><form method="post" action="${url}">${fields.join('')}</form><script>${go}</script>`
}
