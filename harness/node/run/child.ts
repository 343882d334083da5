import { spawn } from 'node:child_process'
import { constants as files } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { messageOf, OperatorError } from '../../../spec/node/operator-error.ts'
import type { Io } from '../io.ts'
import { printFailure } from '../report.ts'
import type { Environment } from '../settings.ts'
import type { Outside } from '../trip.ts'

const [CANNOT_RUN, NOT_FOUND] = [126, 127]
const MISSING = 'it is not there'

/**
 * Runs a program with our own standard streams, and gives its exit code; 128 and the signal's number where a signal ended it, 126 or 127 with words where it
 * cannot be started. SIGINT, SIGTERM and SIGHUP are passed on to it, but for a SIGINT of a terminal, which has sent it to both.
 */
export function runChild(o: Pick<Outside, 'io' | 'divertSignals'>, [program = '', ...args]: string[], env: Environment): Promise<number> {
  return new Promise((resolve) => {
    try {
      const child = spawn(program, args, { stdio: 'inherit', env })
      const undivert = o.divertSignals((signal) => void ((signal === 'SIGINT' && o.io.isTerminal) || child.kill(signal)))
      const end = (code: number) => {
        undivert()
        resolve(code)
      }
      child.on('error', (cause) => child.pid === undefined && end(cannotStart(o.io, program, cause)))
      child.on('exit', (code, signal) => end(signal === null ? (code ?? CANNOT_RUN) : 128 + constants.signals[signal]))
    } catch (cause) {
      resolve(cannotStart(o.io, program, cause)) // such as arguments that are too long
    }
  })
}

/** Why a program cannot be started, as far as can be seen without starting it; undefined where nothing is seen. Nobody should be asked to approve what cannot run. */
export async function findFault(program: string, { PATH = '' }: Environment): Promise<Error | undefined> {
  if (process.platform === 'win32') return undefined // there a program's file has endings that its name lacks
  const files = program.includes('/') ? [program] : PATH.split(delimiter).map((folder) => join(folder || '.', program))
  const faults = await Promise.all(files.map(faultOf))
  if (faults.includes(undefined)) return undefined
  return faults.find((fault) => fault?.message !== MISSING) ?? new Error(MISSING)
}

async function faultOf(file: string): Promise<Error | undefined> {
  const found = await stat(file).catch(() => undefined) // as good as missing
  if (!found) return new Error(MISSING)
  if (!found.isFile()) return new Error(`${file} is no program`)
  return access(file, files.X_OK).then(
    () => undefined,
    () => new Error(`${file} cannot be run by this user`),
  )
}

/** Says why a program was not started, and gives the exit code that shells give for it. */
export function cannotStart(io: Io, program: string, cause: unknown): number {
  const isMissing = messageOf(cause) === MISSING || (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')
  const hint = isMissing ? 'is it installed, and in a folder of PATH?' : 'may this user run it?'
  printFailure(io, new OperatorError(`${program} cannot be started: ${isMissing ? MISSING : messageOf(cause)}`, { hint }))
  return isMissing ? NOT_FOUND : CANNOT_RUN
}
