import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { access, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { Readable, Writable } from 'node:stream'
import type { Wait } from '../../spec/effects.ts'
import { messageOf, OperatorError } from '../../spec/node/operator-error.ts'
import { type DevTools, openDevTools } from './devtools.ts'
import { within } from './patience.ts'
import type { Environment } from './settings.ts'

/** A browser of our own. `ended` when its process has; `close` ends it and removes its profile. */
export type Chromium = { devTools: DevTools; ended: Promise<void>; close: () => Promise<void> }

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge', 'brave-browser']
const READY_MS = 30_000
const CLOSE_MS = 5_000

/** The program to run: the one that is named, by a path or a name, otherwise the first Chromium on PATH. Throws OperatorError, before anybody is asked for anything. */
export async function findChromium(environment: Environment, named: string | undefined): Promise<string> {
  const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const onPath = (name: string) => folders.map((folder) => join(folder, name))
  const candidates = named === undefined ? NAMES.flatMap(onPath) : /[\\/]/.test(named) ? [resolve(named)] : onPath(named)
  for (const path of candidates) if (await isProgram(path)) return path
  if (named === undefined) throw new OperatorError('there is no Chromium on PATH', { hint: 'install it, or name it: --launch PROGRAM' })
  throw new OperatorError(`--launch ${named} is no program that can be run`, { hint: 'name one on PATH, or by its path', exitCode: 2 })
}

async function isProgram(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined) // it need not be there
  if (!found?.isFile()) return false
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** Whether there is a screen to show a window on. */
export const hasDisplay = ({ DISPLAY, WAYLAND_DISPLAY }: Environment): boolean =>
  process.platform === 'darwin' || process.platform === 'win32' || Boolean(DISPLAY || WAYLAND_DISPLAY)

/** Chromium refuses its sandbox to root. */
export const isRoot = (): boolean => process.getuid?.() === 0

type Start = { program: string; isHeadless: boolean; environment: Environment; wait: Wait; signal: AbortSignal }

/**
 * Starts a browser with an empty profile that this user alone can read. It is spoken to through a pipe, which nobody else on this machine has, and which ends it when this process
 * ends, however that is. Nothing of a session is in its arguments or environment. Throws OperatorError where it does not start, or what ended the signal.
 */
export async function startChromium(d: Start): Promise<Chromium> {
  const profile = await mkdtemp(join(tmpdir(), 'agentpass-browser-')) // 0700
  const remove = () => rm(profile, { recursive: true, force: true, maxRetries: 5 })
  let close = remove
  try {
    const chromium = run(d, profile, remove)
    close = chromium.close
    await within(d, READY_MS, chromium.devTools.command('Browser.getVersion'), () => new Error(`not ready within ${READY_MS / 1000} s`))
    return chromium
  } catch (cause) {
    await close()
    d.signal.throwIfAborted()
    throw new OperatorError(`${d.program} did not start: ${messageOf(cause)}`, {
      hint: 'does it run by itself? name another: --launch PROGRAM',
      cause,
    })
  }
}

function run({ program, isHeadless, environment, wait }: Start, profile: string, remove: () => Promise<void>): Chromium {
  const args = ['--remote-debugging-pipe', `--user-data-dir=${profile}`, '--no-first-run', '--no-default-browser-check', '--password-store=basic']
  const more = [...(isHeadless ? ['--headless'] : []), ...(isRoot() ? ['--no-sandbox'] : [])]
  const child = spawn(program, [...args, ...more, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    env: environment,
    detached: process.platform !== 'win32', // Ctrl-C is for us, who end it in order
  })
  const [, , , input, output] = child.stdio
  if (!(input instanceof Writable) || !(output instanceof Readable)) throw new Error('no pipe to the browser')
  const devTools = openDevTools({ input, output })
  const ended = Promise.race([once(child, 'exit'), once(child, 'error')])
    .catch(() => undefined) // it was never there
    .then(() => devTools.gone())
  const close = async () => {
    devTools.command('Browser.close').catch(() => undefined) // it answers by going
    const patience = { wait, signal: new AbortController().signal } // whatever was canceled, it is not left running
    await within(patience, CLOSE_MS, ended, () => new Error('it does not go')).catch(() => kill(child.pid))
    await ended
    await remove()
  }
  return { devTools, ended, close }
}

/** Ends the browser with all of its processes. */
function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // it has gone this very moment
  }
}
