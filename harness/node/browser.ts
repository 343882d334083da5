import { messageOf, OperatorError } from '../../spec/node/operator-error.ts'
import type { AcquiredSession } from '../acquire.ts'
import type { Cookie } from '../cookies.ts'
import { initialize } from '../initialize.ts'
import { dropToken, type HeldSession, keepSession } from './held.ts'
import type { Network } from './network.ts'
import { misuse, requireAuthority, requireDestination, requireService, requireTask, requireUser } from './options.ts'
import { type LocalPage, openPage } from './page.ts'
import { asJson, describeHeld, duration, heldAsJson } from './print.ts'
import { requireWritableFile, writeStorageState } from './storage-state.ts'
import { acquireSession, giveBack, type Opened, type Outside, openUser } from './trip.ts'

export type BrowserOptions = {
  service: string
  user?: string
  task: string
  destination?: string
  authority?: string
  open?: boolean
  storageState?: string
  json?: boolean
  config?: string
}

const UNSAID_SECONDS = 60 // how long a session can be begun where the Service does not say
const MOST_SECONDS = 3600

/** `agentpass browser`: gets a browser session for one task and hands it to a browser, once. Its one-time token is in no URL of ours, no argument and no output. */
export async function browser(o: Outside, options: BrowserOptions): Promise<number> {
  const { open = false, storageState } = options
  if (open && storageState !== undefined) throw misuse('--open or --storage-state?', 'a session begins once: in a browser, or in a file')
  const service = requireService(options.service)
  const task = requireTask(options.task)
  const destination = options.destination === undefined ? undefined : requireDestination(options.destination)
  const authority = options.authority === undefined ? undefined : requireAuthority(options.authority)
  const file = storageState === undefined ? undefined : await requireWritableFile(storageState)
  const opened = await openUser(o, options.config)
  const user = requireUser(options.user ?? opened.settings.user)
  const network = o.openNetwork(opened.settings.network)
  try {
    const wanted = { service, user, task, ...(destination !== undefined && { destination }), ...(authority !== undefined && { authority }) }
    const session = await acquireSession(o, opened, network, wanted)
    if (file !== undefined) await beginInFile(o, opened, network, { session, file, json: options.json })
    else if (!open && session.initialization.method === 'GET') await nameUrl(o, opened, session, options)
    else await beginInPage(o, opened, session, options)
    return 0
  } finally {
    await network.close()
  }
}

/** For a Service whose URL is all there is: it is printed, to be loaded once. */
async function nameUrl(o: Outside, { folder }: Opened, session: AcquiredSession, { json }: BrowserOptions): Promise<void> {
  const held = await keepSession(folder, session, {}, o.now())
  const { url } = session.initialization
  o.io.err(`this is to be loaded once, within ${duration(secondsLeft(o, session))}; who loads it has the session\n`)
  await o.io.out(json ? asJson({ ...heldAsJson(held), open: url }) : `${url}\n`)
}

/** Hands the session to whoever loads a page of this machine, and waits for that. */
async function beginInPage(o: Outside, { folder }: Opened, session: AcquiredSession, { open, json }: BrowserOptions): Promise<void> {
  const page = await openPage(o, session.initialization)
  try {
    if (!open) await o.io.out(json ? asJson({ ...describe(session), open: page.address }) : `${page.address}\n`)
    else o.openBrowser(page.address).catch((failure) => o.io.err(`agentpass: warning: ${messageOf(failure)}: open ${page.address} yourself\n`))
    o.io.err(`the page is to be loaded on this machine, once, within ${duration(secondsLeft(o, session))}\n`)
    await untilLoaded(o, page, session)
    const held = await keepSession(folder, session, {}, o.now())
    o.io.err('the page was loaded, and is gone\n')
    if (open) await o.io.out(json ? asJson(heldAsJson(held)) : describeHeld(held, o.now()))
  } finally {
    await page.close()
  }
}

const describe = ({ service, user, authority, task }: AcquiredSession) => ({ service, user, authority, task, type: 'browser_session' })

const secondsLeft = ({ now }: Outside, { expiresAt }: AcquiredSession): number =>
  Math.min(Math.max(expiresAt === undefined ? UNSAID_SECONDS : expiresAt - now(), 0), MOST_SECONDS)

async function untilLoaded(o: Outside, page: LocalPage, session: AcquiredSession): Promise<void> {
  const over = new AbortController()
  const leave = () => over.abort(o.signal.reason)
  o.signal.addEventListener('abort', leave)
  if (o.signal.aborted) leave()
  try {
    const patience = o.wait(secondsLeft(o, session) * 1000, over.signal).then(() => {
      throw new OperatorError('nobody loaded the page in time', {
        hint: 'start again, and load it at once: a session can only be begun for a short time',
      })
    })
    await Promise.race([page.loaded, patience])
  } finally {
    o.signal.removeEventListener('abort', leave)
    over.abort(o.signal.reason)
  }
}

/** Begins the session here and writes its cookies down. What cannot be handed over is given back. */
async function beginInFile(
  o: Outside,
  { folder }: Opened,
  network: Network,
  { session, file, json }: { session: AcquiredSession; file: string; json: boolean | undefined },
): Promise<void> {
  const { cookies, destination } = await initialize({ fetch: network.fetch, now: o.now }, session.service, session.initialization)
  const cookie = sessionCookie(cookies)
  let held: HeldSession
  try {
    const expiresAt = cookie && cookie.expires !== -1 ? cookie.expires : undefined
    held = await keepSession(folder, session, { token: cookie?.value, expiresAt }, o.now())
    o.signal.throwIfAborted()
    await writeStorageState(o, file, cookies)
  } catch (failure) {
    await dropToken(folder, session.task.id).catch(() => undefined) // what cannot be written may not be removable either
    await giveBack(o, network, session.service, cookie && { ...session, token: cookie.value })
    throw failure
  }
  if (json) return o.io.out(asJson({ ...heldAsJson(held), destination, storage_state: file }))
  o.io.err(describeHeld(held, o.now()))
  await o.io.out(`${destination}\n`)
}

/** The one cookie that can be the session: out of scripts' reach, and alone in that. */
function sessionCookie(cookies: Cookie[]): Cookie | undefined {
  const [only, ...others] = cookies.filter(({ httpOnly, value }) => httpOnly && /^[\x21-\x7e]+$/.test(value))
  return others.length === 0 ? only : undefined
}
