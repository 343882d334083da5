import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'

const Package = z.looseObject({ version: z.string() })

/** The package's version: its package.json is one folder up, or two where it is built. */
export function version(): string {
  const file = ['../package.json', '../../package.json'].map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url))
  return file ? Package.parse(JSON.parse(readFileSync(file, 'utf8'))).version : 'unknown'
}
