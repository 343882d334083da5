/** The two servers' command lines as people run them: as child processes, in temporary folders, on loopback. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import SQLite from 'better-sqlite3'
import { afterAll, onTestFinished } from 'vitest'
import { z } from 'zod'
import { compiled } from './compiled.ts'
import { temporaryFolder } from './folders.ts'

const HOME = resolve(import.meta.dirname, '..')

export type PartyName = 'authority' | 'service'
export type Ended = { code: number | null; stdout: string; stderr: string }
type Options = { cwd?: string; env?: Record<string, string> }

function start(party: PartyName, args: string[], { cwd = HOME, env = {} }: Options) {
  const child = spawn(process.execPath, [compiled(`${party}/main.js`), ...args], { cwd, env: { ...process.env, ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const heard = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => (heard.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (heard.stderr += text))
  const ended = once(child, 'close').then(([code]): Ended => ({ code, ...heard }))
  child.stdin.end()
  return { child, ended }
}

/** Runs a command to its end, without a terminal. */
export const run = (party: PartyName, args: string[], options: Options = {}): Promise<Ended> => start(party, args, options).ended

const Ready = z.looseObject({ port: z.int(), management_port: z.int() })
export type Served = {
  port: number
  managementPort: number
  line: string
  child: ChildProcess
  ended: Promise<Ended>
  stop: (signal?: NodeJS.Signals) => Promise<Ended>
}

/** Starts a server and waits for the line that says it is ready. Throws what it said instead. */
export async function serve(party: PartyName, settingsFile: string, options: Options = {}): Promise<Served> {
  const { child, ended } = start(party, ['serve', '--config', settingsFile, '--json'], options)
  const line = await Promise.race([
    new Promise<string>((resolve) => child.stdout.on('data', (text: string) => resolve(text))),
    ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ])
  const { port, management_port: managementPort } = Ready.parse(JSON.parse(line))
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return ended
  }
  return { port, managementPort, line, child, ended, stop }
}

const INIT = {
  authority: ['--authority', 'https://authority.acme.example', '--domain', 'acme.example'],
  service: ['--service', 'https://desk.example', '--upstream', 'http://127.0.0.1:3000'],
}

export type Initialised = { folder: string; settingsFile: string; at: (name: string) => string }

/** A party that `init` has just made, on free ports; in a PostgreSQL database where one is named. */
export async function init(party: PartyName, database?: string): Promise<Initialised & { made: Ended }> {
  const folder = temporaryFolder()
  const doors = ['--listen', '127.0.0.1:0', '--management-listen', '127.0.0.1:0']
  const made = await run(party, ['init', ...INIT[party], '--dir', folder, ...doors, ...(database === undefined ? [] : ['--database', database])])
  return { ...initialisedIn(folder, party), made }
}

const initialisedIn = (folder: string, party: PartyName): Initialised => ({
  folder,
  settingsFile: join(folder, `${party}.yaml`),
  at: (name) => join(folder, name),
})

const originals = new Map<PartyName, Promise<string>>()
afterAll(async () => {
  for (const folder of await Promise.all(originals.values())) rmSync(folder, { recursive: true, force: true })
})

/** The same, copied from one that `init` made for this file's first test that wanted it. */
export async function initialised(party: PartyName): Promise<Initialised> {
  const original = originals.get(party) ?? init(party).then(({ folder }) => keptCopy(folder))
  originals.set(party, original)
  const folder = temporaryFolder()
  cpSync(await original, folder, { recursive: true })
  return initialisedIn(folder, party)
}

function keptCopy(folder: string): string {
  const kept = mkdtempSync(join(tmpdir(), 'agentpass-kept-'))
  cpSync(folder, kept, { recursive: true })
  return kept
}

/** Changes a text file: what is replaced must be there. */
export function edit(file: string, from: string | RegExp, to: string): void {
  const before = readFileSync(file, 'utf8')
  const after = before.replace(from, to)
  if (after === before) throw new Error(`nothing to replace in ${file}`)
  writeFileSync(file, after)
}

/** Changes a database that nobody has open. */
export function inDatabase(file: string, ...statements: string[]): void {
  const database = new SQLite(file)
  for (const statement of statements) database.exec(statement)
  database.close()
}

/** A port of loopback on which something listens until the test ends: every connection to it is closed at once. */
export async function usedPort(): Promise<number> {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('no port')
  return address.port
}
