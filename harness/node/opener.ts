import { spawn } from 'node:child_process'
import { OperatorError } from '../../spec/node/operator-error.ts'

/** Opens an address in this desktop's browser. Ends when the opener has, or goes on after a few seconds: some end only when the browser does. Throws OperatorError where there is none, or it failed by then. */
export type OpenBrowser = (address: string) => Promise<void>

const FAILS_WITHIN_MS = 3000

const OPENERS: Partial<Record<NodeJS.Platform, [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'], // `start` is a word of the shell's
}

/** The opener of the desktop this process runs on, without a shell in between. */
export const openBrowser: OpenBrowser = (address) =>
  new Promise((resolve, reject) => {
    const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open']
    const fail = (why: string) => reject(new OperatorError(`${command} ${why}`))
    const opener = spawn(command, [...args, address], { stdio: 'ignore', detached: true })
    opener.on('error', () => fail('cannot be run'))
    opener.on('exit', (code) => (code === 0 ? resolve() : fail(`ended with ${code}`)))
    setTimeout(resolve, FAILS_WITHIN_MS).unref()
    opener.unref()
  })
