import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import { compileProject } from './compile.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    compiled: string
  }
}

/** A program of ours as plain JavaScript: tests that start many processes would mostly wait for TypeScript otherwise. */
export const compiled = (program: string): string => join(inject('compiled'), program)

/** Compiles the parties once for a whole test run (vitest's globalSetup), into a folder that goes when the run ends. */
export default function compile(project: TestProject): () => void {
  const folder = compileProject('tsconfig.build.json', 'tests')
  project.provide('compiled', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
