import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    compiled: string
  }
}

const HOME = resolve(import.meta.dirname, '..')
const CACHE = join(HOME, 'node_modules', '.cache') // inside node_modules, so that what is compiled finds its dependencies

/** A program of ours as plain JavaScript: tests that start many processes would mostly wait for TypeScript otherwise. */
export const compiled = (program: string): string => join(inject('compiled'), program)

/** Compiles the parties once for a whole test run (vitest's globalSetup), into a folder that goes when the run ends. */
export default function compile(project: TestProject): () => void {
  mkdirSync(CACHE, { recursive: true })
  const folder = mkdtempSync(join(CACHE, 'agentpass-tests-'))
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', folder, '--declaration', 'false'], { cwd: HOME, stdio: 'inherit' })
  cpSync(join(HOME, 'spec', 'requirements.json'), join(folder, 'spec', 'requirements.json'))
  project.provide('compiled', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
