import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

const HOME = resolve(import.meta.dirname, '..')
const CACHE = join(HOME, 'node_modules', '.cache') // inside node_modules, so that what is compiled finds its dependencies

/** Compiles what a tsconfig names to plain JavaScript, into a folder of its own, which the caller deletes. Gives that folder. Throws Error when it does not compile, and leaves nothing then. */
export function compileProject(tsconfig: string, name: string): string {
  mkdirSync(CACHE, { recursive: true })
  const folder = mkdtempSync(join(CACHE, `agentpass-${name}-`))
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  const options = ['-p', tsconfig, '--outDir', folder, '--declaration', 'false']
  try {
    execFileSync(process.execPath, [tsc, ...options], { cwd: HOME, stdio: ['ignore', process.stderr, process.stderr] })
    return folder
  } catch (failure) {
    rmSync(folder, { recursive: true, force: true })
    throw failure
  }
}
