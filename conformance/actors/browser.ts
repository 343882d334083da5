import { createHash, X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { z } from 'zod'
import { RigFailure, Skipped } from '../case.ts'
import { type DevTools, startDevTools } from './devtools.ts'

/** A page in a browser profile of its own, with every address it asked for. */
export type Page = {
  open: (url: string) => Promise<void>
  /** The value of an expression in the page, as text. */
  read: (expression: string) => Promise<string>
  /** Waits until the page has gone to an address that begins so. */
  arrive: (start: string) => Promise<void>
  back: () => Promise<void>
  cookies: () => Promise<{ name: string; value: string; httpOnly: boolean; secure: boolean; sameSite?: string | undefined }[]>
  /** Every request, with its referrer. */
  asked: () => { url: string; method: string; referer: string | undefined }[]
  close: () => Promise<void>
}
export type Browser = { page: () => Promise<Page>; stop: () => Promise<void> }
export type BrowserPlace = { program: string; hosts: Record<string, string>; zone: string; address: string; peers: string[]; suitePort: number }

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const PATIENCE_MS = 10_000
const FLAGS =
  '--headless --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --no-pings'.split(
    ' ',
  )

/** The browser that `--browser` names, or Chromium on the PATH. Throws Skipped when there is none. */
export function findBrowser(named: string | true, path: string): string {
  const found = named === true ? NAMES.flatMap((name) => path.split(':').map((folder) => join(folder, name))).find((file) => existsSync(file)) : named
  if (found === undefined || !existsSync(found)) throw new Skipped('there is no Chromium on the PATH: --browser PATH names one')
  return found
}

/** Starts a headless browser that finds the suite and the peer, and takes of the certificates that it cannot check exactly theirs. */
export async function startBrowser({ program, hosts, zone, address, peers, suitePort }: BrowserPlace): Promise<Browser> {
  const home = mkdtempSync(join(tmpdir(), 'agentpass-browser-'))
  const pins = await Promise.all([...peers, `https://${zone}:${suitePort}`].map((url) => pinOf(new URL(url), { ...hosts, [zone]: address })))
  const rules = [...Object.entries(hosts).map(([host, at]) => `MAP ${host} ${at}`), `MAP *.${zone} ${address}`]
  const tools = startDevTools(program, [
    ...FLAGS,
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), // Chromium refuses its sandbox to root
    `--user-data-dir=${home}`,
    `--ignore-certificate-errors-spki-list=${pins.join(',')}`,
    `--host-resolver-rules=${rules.join(',')}`,
  ])
  await tools.send('Browser.getVersion')
  return {
    page: () => openPage(tools),
    stop: async () => {
      await tools.stop()
      rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }) // its helpers write a moment longer
    },
  }
}

/** The digest of the public key of the certificate that is shown there. */
const pinOf = (url: URL, hosts: Record<string, string>): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(
      { host: hosts[url.hostname] ?? url.hostname, port: Number(url.port || 443), servername: url.hostname, rejectUnauthorized: false },
      () => {
        const spki = new X509Certificate(socket.getPeerCertificate().raw).publicKey.export({ type: 'spki', format: 'der' })
        socket.destroy()
        resolve(createHash('sha256').update(spki).digest('base64'))
      },
    )
    socket.on('error', (cause) => reject(new RigFailure(`${url.origin} cannot be reached for the browser: ${cause.message}`)))
  })

const Evaluated = z.object({ result: z.object({ value: z.unknown() }) })
const Cookies = z.object({
  cookies: z.array(z.object({ name: z.string(), value: z.string(), httpOnly: z.boolean(), secure: z.boolean(), sameSite: z.string().optional() })),
})
const Sent = z.object({ request: z.object({ url: z.string(), method: z.string(), headers: z.record(z.string(), z.string()) }) })
const Text = (name: string) => z.object({ [name]: z.string() })

async function openPage(tools: DevTools): Promise<Page> {
  const read = (result: unknown, name: string): string => Text(name).parse(result)[name] ?? ''
  const context = read(await tools.send('Target.createBrowserContext'), 'browserContextId')
  const target = read(await tools.send('Target.createTarget', { url: 'about:blank', browserContextId: context }), 'targetId')
  const session = read(await tools.send('Target.attachToTarget', { targetId: target, flatten: true }), 'sessionId')
  const asked: { url: string; method: string; referer: string | undefined }[] = []
  tools.onEvent(({ method, params, sessionId }) => {
    if (sessionId !== session || method !== 'Network.requestWillBeSent') return
    const { url, headers, ...request } = Sent.parse(params).request
    asked.push({ url, method: request.method, referer: headers.Referer ?? headers.referer })
  })
  const send = (method: string, params: object = {}) => tools.send(method, params, session)
  await Promise.all([send('Page.enable'), send('Network.enable'), send('Runtime.enable')])
  const evaluate = async (expression: string): Promise<string> =>
    String(Evaluated.parse(await send('Runtime.evaluate', { expression: `String(${expression})`, awaitPromise: true })).result.value)
  const arrive = async (start: string): Promise<void> => {
    const end = performance.now() + PATIENCE_MS
    for (;;) {
      const at = await evaluate('document.readyState + " " + location.href').catch(() => '') // it is on its way
      if (at.startsWith(`complete ${start}`)) return
      if (performance.now() > end) throw new RigFailure(`the browser did not come to ${start} within ${PATIENCE_MS / 1000} s: it is at ${at}`)
      await sleep(50)
    }
  }
  return {
    open: async (url) => {
      await send('Page.navigate', { url })
    },
    read: evaluate,
    arrive,
    back: async () => {
      await send('Runtime.evaluate', { expression: 'history.back()' })
    },
    cookies: async () => Cookies.parse(await send('Network.getAllCookies')).cookies,
    asked: () => [...asked],
    close: async () => {
      await tools.send('Target.disposeBrowserContext', { browserContextId: context })
    },
  }
}
