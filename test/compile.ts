import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

const HOME = resolve(import.meta.dirname, '..')
const CACHE = join(HOME, 'node_modules', '.cache') // inside node_modules, so that what is compiled finds its dependencies

/** What stands beside the code and is read as it is: `npm run build` copies it too. */
const READ_AS_THEY_ARE = [
  'spec/requirements.json',
  'test/world/page/page.css',
  'test/world/page/follow.js',
  'authority/console/assets/console.css',
  'authority/console/assets/console.js',
]

/** Compiles what a tsconfig names to plain JavaScript, into a folder of its own, which the caller deletes, with whatever is read beside the code. Gives that folder. Throws Error when it does not compile, and leaves nothing then. */
export function compileProject(tsconfig: string, name: string): string {
  mkdirSync(CACHE, { recursive: true })
  const folder = mkdtempSync(join(CACHE, `agentpass-${name}-`))
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  const options = ['-p', tsconfig, '--outDir', folder, '--declaration', 'false']
  try {
    execFileSync(process.execPath, [tsc, ...options], { cwd: HOME, stdio: ['ignore', process.stderr, process.stderr] })
    for (const file of READ_AS_THEY_ARE) cpSync(join(HOME, file), join(folder, file))
    return folder
  } catch (failure) {
    rmSync(folder, { recursive: true, force: true })
    throw failure
  }
}
