import { relative } from 'node:path'
import { createVitest } from 'vitest/node'
import { OperatorError } from '../../spec/node/operator-error.ts'
import type { NamedTest } from './account.ts'

/**
 * Every test there is, by the name under which it would run. Vitest itself loads the test files, because names are made there: by `test.each` out of tables
 * in which many tags stand, in loops, and under conditions. Reading the sources (`vitest list --staticParse`, 3 s) misses the tables and believes in tests of a branch
 * that is not taken. One module graph for all files and no compilation (vitest.config.ts's globalSetup) make it 5 s; `vitest list` takes 90 s.
 * A file that cannot be loaded is an error: its claims would be missed in silence.
 */
export async function collectTests(root: string): Promise<NamedTest[]> {
  const vitest = await createVitest('test', {
    root,
    run: true,
    isolate: false,
    pool: 'threads',
    maxWorkers: 2,
    globalSetup: [],
    reporters: [],
    silent: true,
  })
  try {
    const { testModules, unhandledErrors } = await vitest.collect()
    const broken = testModules.flatMap((module) => module.errors().map(({ message }) => `${module.relativeModuleId} cannot be loaded: ${message}`))
    if (broken.length + unhandledErrors.length > 0) throw new OperatorError([...broken, ...unhandledErrors.map(String)])
    return testModules.flatMap((module) =>
      [...module.children.allTests()].map((test) => ({
        file: relative(root, module.moduleId),
        name: test.name,
        runs: test.options.mode === 'run' && test.options.fails !== true,
      })),
    )
  } finally {
    await vitest.close()
  }
}
