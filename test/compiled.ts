import { cpSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import { compileProject } from './compile.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    compiled: string
  }
}

const HOME = resolve(import.meta.dirname, '..')
/** What `npm run build` copies beside the code. */
const READ_AS_THEY_ARE = ['spec/requirements.json', 'test/world/page/page.css', 'test/world/page/follow.js']

/** A program of ours as plain JavaScript: tests that start many processes would mostly wait for TypeScript otherwise. */
export const compiled = (program: string): string => join(inject('compiled'), program)

/** Compiles the parties once for a whole test run (vitest's globalSetup), into a folder that goes when the run ends. */
export default function compile(project: TestProject): () => void {
  const folder = compileProject('tsconfig.build.json', 'tests')
  for (const file of READ_AS_THEY_ARE) cpSync(join(HOME, file), join(folder, file))
  project.provide('compiled', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
