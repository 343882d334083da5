import { z } from 'zod'
import { messageOf, OperatorError } from '../../spec/node/operator-error.ts'
import type { AcquiredSession } from '../acquire.ts'
import type { Cookie } from '../cookies.ts'
import { type BegunHere, beginHere } from './begin.ts'
import { type Chromium, hasDisplay, isRoot, startChromium } from './chromium.ts'
import type { DevTools } from './devtools.ts'
import { endOne, isWhole, tellUntold } from './end.ts'
import { endOf, isHeld } from './held.ts'
import type { Network } from './network.ts'
import { within } from './patience.ts'
import { asJson, describeHeld, heldAsJson } from './print.ts'
import { openRelay } from './relay.ts'
import type { Opened, Outside } from './trip.ts'

export type LaunchOptions = { program: string; headless: boolean | undefined; json: boolean | undefined }

const LOAD_MS = 30_000
const LOOK_MS = 1_000

/**
 * Begins a session here and opens it in a browser of its own, for a program to drive, until the task is over: the browser is closed, the session expires, the task is ended by
 * another command, or this one is interrupted. Then the session is given back and the browser's profile removed. Gives the exit code: 1 where the Service could not be told.
 */
export async function launch(
  o: Outside,
  opened: Opened,
  network: Network,
  { session, ...options }: LaunchOptions & { session: AcquiredSession },
): Promise<number> {
  const { held } = await beginHere(o, opened, network, { session, handOver: (begun) => show(o, opened, begun, options) })
  const ended = [await endOne(opened.folder, network, held)]
  tellUntold(o.io, ended, o.now())
  return isWhole(ended) ? 0 : 1
}

async function show(o: Outside, opened: Opened, begun: BegunHere, { program, headless, json }: LaunchOptions): Promise<void> {
  const isHeadless = headless || !hasDisplay(o.environment)
  if (!headless && isHeadless) o.io.err('there is no display: the browser is headless\n')
  if (isRoot()) o.io.err('agentpass: warning: as root the browser runs without its sandbox (--no-sandbox): better run this as another user\n')
  const chromium = await startChromium({ ...o, program, isHeadless })
  try {
    await load(o, chromium.devTools, begun)
    const relay = await openRelay(o, chromium.devTools)
    try {
      await tell(o, begun, { endpoint: relay.address, json })
      o.io.err(`${await untilOver(o, opened, begun, chromium)}: the session is given back\n`)
    } finally {
      await relay.close()
    }
  } finally {
    await chromium.close()
  }
}

const Targets = z.looseObject({ targetInfos: z.array(z.looseObject({ targetId: z.string(), type: z.string() })) })
const Attached = z.looseObject({ sessionId: z.string() })
const Navigated = z.looseObject({ errorText: z.string().optional() })

/** Gives the browser the session's cookies, and has its one page load the destination. Throws OperatorError where it does not, or what ended the signal. */
async function load(o: Outside, { command }: DevTools, { cookies, destination }: BegunHere): Promise<void> {
  try {
    await command('Storage.setCookies', { cookies: cookies.map(asParameter) })
    const { targetInfos } = Targets.parse(await command('Target.getTargets'))
    const targetId = targetInfos.find(({ type }) => type === 'page')?.targetId
    const { sessionId } = Attached.parse(await command('Target.attachToTarget', { targetId, flatten: true }))
    const loading = command('Page.navigate', { url: destination }, sessionId)
    const { errorText } = Navigated.parse(await within(o, LOAD_MS, loading, () => new Error(`not within ${LOAD_MS / 1000} s`)))
    if (errorText !== undefined) throw new Error(errorText)
    await command('Target.detachFromTarget', { sessionId })
  } catch (cause) {
    o.signal.throwIfAborted()
    throw new OperatorError(`the browser cannot load ${destination}: ${messageOf(cause)}`, {
      hint: 'it asks DNS and trusts certificates as this desktop is set up, whatever the settings of agentpass say',
      cause,
    })
  }
}

/** As `Storage.setCookies` takes it. */
const asParameter = ({ expires, ...cookie }: Cookie) => ({ ...cookie, ...(expires !== -1 && { expires }) })

async function tell(
  o: Outside,
  { held, destination }: BegunHere,
  { endpoint, json }: { endpoint: string; json: boolean | undefined },
): Promise<void> {
  if (json) return o.io.out(asJson({ ...heldAsJson(held), destination, cdp_endpoint: endpoint }))
  o.io.err(describeHeld(held, o.now()))
  await o.io.out(`page      ${destination}\ncdp       ${endpoint}\n`)
  o.io.err('who knows the cdp address has the session, until the browser is closed, the session expires, or Ctrl-C\n')
}

/** Waits until the task is over, and says why it is. */
async function untilOver(o: Outside, { folder }: Opened, { held }: BegunHere, { ended }: Chromium): Promise<string> {
  const waking = new AbortController()
  const wake = () => waking.abort()
  let isClosed = false
  const closed = ended.then(() => {
    isClosed = true
    wake()
  })
  o.signal.addEventListener('abort', wake)
  try {
    for (;;) {
      if (isClosed) return 'the browser was closed'
      if (o.signal.aborted) return 'interrupted'
      if (o.now() >= endOf(held)) return 'the session has expired'
      if (!(await isHeld(folder, held.task.id))) return 'the task was ended by another command'
      await Promise.race([closed, o.wait(LOOK_MS, waking.signal).catch(() => undefined)]) // woken early: seen above
    }
  } finally {
    o.signal.removeEventListener('abort', wake)
  }
}
