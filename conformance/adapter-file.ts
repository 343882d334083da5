import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { type Adapter, parseAdapter } from './adapter.ts'
import { Misuse } from './misuse.ts'

/** Reads an adapter file. `${NAME}` in it is a variable of the environment. Paths are relative to the file. Throws Misuse with every problem. */
export function readAdapter(file: string, environment: Record<string, string | undefined>): Adapter {
  const text = attempt(() => readFileSync(file, 'utf8'), `${file} cannot be read`, 'agentpass-conformance init writes one')
  const document = attempt(() => parse(text, { maxAliasCount: 20 }), `${file} is no YAML`)
  const { value, missing } = withEnvironment(document, environment)
  if (missing.length > 0)
    throw new Misuse(
      missing.map((name) => `${file}: the environment variable ${name} is not set`),
      'secrets of an adapter come from the environment',
    )
  return placeFiles(parseAdapter(value, file), dirname(file))
}

function attempt<T>(act: () => T, problem: string, hint?: string): T {
  try {
    return act()
  } catch (cause) {
    throw new Misuse([`${problem}: ${cause instanceof Error ? cause.message.split('\n')[0] : cause}`], hint)
  }
}

function withEnvironment(document: unknown, environment: Record<string, string | undefined>): { value: unknown; missing: string[] } {
  const missing = new Set<string>()
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string')
      return value.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
        if (environment[name] === undefined) missing.add(name)
        return environment[name] ?? ''
      })
    if (Array.isArray(value)) return value.map(fill)
    if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]))
    return value
  }
  return { value: fill(document), missing: [...missing] }
}

function placeFiles(adapter: Adapter, folder: string): Adapter {
  const { suite, reach } = adapter
  const at = (path: string) => resolve(folder, path)
  return {
    ...adapter,
    suite: { ...suite, ...(suite.ca && { ca: { cert: at(suite.ca.cert), key: at(suite.ca.key) } }) },
    reach: { ...reach, ...(reach.ca_file !== undefined && { ca_file: at(reach.ca_file) }) },
  }
}
