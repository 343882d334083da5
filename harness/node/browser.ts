import type { Command } from 'commander'
import { jsonOption, withExample } from '../../spec/node/cli.ts'
import { messageOf, OperatorError } from '../../spec/node/operator-error.ts'
import type { AcquiredSession } from '../acquire.ts'
import { type BegunHere, beginHere } from './begin.ts'
import { findChromium } from './chromium.ts'
import { keepSession } from './held.ts'
import { launch } from './launch.ts'
import type { Network } from './network.ts'
import { misuse, requireAuthority, requireDestination, requireService, requireTask, requireUser, shared } from './options.ts'
import { type LocalPage, openPage } from './page.ts'
import { within } from './patience.ts'
import { asJson, describeHeld, duration, heldAsJson } from './print.ts'
import { requireWritableFile, writeStorageState } from './storage-state.ts'
import { acquireSession, type Opened, type Outside, openUser } from './trip.ts'

export type BrowserOptions = {
  service: string
  user?: string
  task: string
  destination?: string
  authority?: string
  open?: boolean
  storageState?: string
  launch?: string | true
  headless?: boolean
  json?: boolean
  config?: string
}

const UNSAID_SECONDS = 60 // how long a session can be begun where the Service does not say
const MOST_SECONDS = 3600

/** `agentpass browser`: gets a browser session for one task and hands it over, once. Its one-time token is in no URL of ours, no argument and no output. Gives the exit code. */
export async function browser(o: Outside, options: BrowserOptions): Promise<number> {
  requireOneWay(options)
  const service = requireService(options.service)
  const task = requireTask(options.task)
  const destination = options.destination === undefined ? undefined : requireDestination(options.destination)
  const authority = options.authority === undefined ? undefined : requireAuthority(options.authority)
  const place = await findPlace(o, options)
  const opened = await openUser(o, options.config)
  const user = requireUser(options.user ?? opened.settings.user)
  const network = o.openNetwork(opened.settings.network)
  try {
    const wanted = { service, user, task, ...(destination !== undefined && { destination }), ...(authority !== undefined && { authority }) }
    const session = await acquireSession(o, opened, network, wanted)
    return await handOver(o, opened, network, { session, place, options })
  } finally {
    await network.close()
  }
}

function requireOneWay({ open = false, storageState, launch: launched, headless = false }: BrowserOptions): void {
  if ([open, storageState !== undefined, launched !== undefined].filter(Boolean).length > 1)
    throw misuse('--open, --storage-state or --launch?', 'a session begins once: in one browser, or in a file')
  if (headless && launched === undefined) throw misuse('--headless of which browser?', 'give --launch too: no other is started here')
}

/** Where a session that begins here goes, found before anybody is asked: a file, or a browser to start. */
type Place = { file: string } | { program: string } | undefined

async function findPlace(o: Outside, { storageState, launch: launched }: BrowserOptions): Promise<Place> {
  if (storageState !== undefined) return { file: await requireWritableFile(storageState) }
  return launched === undefined ? undefined : { program: await findChromium(o.environment, launched === true ? undefined : launched) }
}

type HandOver = { session: AcquiredSession; place: Place; options: BrowserOptions }

async function handOver(o: Outside, opened: Opened, network: Network, { session, place, options }: HandOver): Promise<number> {
  const { json, headless, open = false } = options
  if (place && 'program' in place) return launch(o, opened, network, { session, program: place.program, headless, json })
  if (place) await beginInFile(o, opened, network, { session, file: place.file, json })
  else if (!open && session.initialization.method === 'GET') await nameUrl(o, opened, session, options)
  else await beginInPage(o, opened, session, options)
  return 0
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
  const late = () =>
    new OperatorError('nobody loaded the page in time', {
      hint: 'start again, and load it at once: a session can only be begun for a short time',
    })
  await within(o, secondsLeft(o, session) * 1000, page.loaded, late)
}

/** Begins the session here and writes its cookies down. */
async function beginInFile(
  o: Outside,
  opened: Opened,
  network: Network,
  { session, file, json }: { session: AcquiredSession; file: string; json: boolean | undefined },
): Promise<void> {
  const handOver = ({ cookies }: BegunHere) => writeStorageState(o, file, cookies)
  const { held, destination } = await beginHere(o, opened, network, { session, handOver })
  if (json) return o.io.out(asJson({ ...heldAsJson(held), destination, storage_state: file }))
  o.io.err(describeHeld(held, o.now()))
  await o.io.out(`${destination}\n`)
}

/** Adds the command to a program. */
export function addBrowser(program: Command, act: (options: BrowserOptions) => Promise<void>): void {
  const command = program
    .command('browser')
    .description('get a browser session for one task: prints the address to load, once')
    .requiredOption('--service <origin>', 'the service, such as https://desk.example')
    .requiredOption('--task <sentence>', 'what is to be done: an approver reads it')
    .addOption(shared.user())
    .option('--destination <url>', 'the page the session is for (default: where the service begins)')
    .addOption(shared.authority())
    .option('--open', "open it in this desktop's browser")
    .option('--storage-state <file>', 'begin it here, and write its cookies for Playwright')
    .option('--launch [program]', 'begin it here, in a Chromium of its own that a program can drive (CDP), until the task is over')
    .option('--headless', 'with --launch: without a window')
    .addOption(jsonOption())
    .addOption(shared.config())
    .action(act)
  const line = 'agentpass browser --service https://desk.example --user ada@acme.example --task "Answer ticket 17"'
  withExample(command, `${line} --open`, `${line} --launch --json`)
}
