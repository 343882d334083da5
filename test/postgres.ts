import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { aptInstall } from './installed.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    onPostgres: boolean
    postgres: string | undefined
  }
}

/** A PostgreSQL server of the tests' own, on loopback: its URL, and how to stop it and start it again. */
export type Postgres = { url: string; start: () => void; halt: (how: 'fast' | 'immediate') => void; kill: () => void; remove: () => void }

const isRoot = process.getuid?.() === 0

/** Starts one server for a test run (vitest's globalSetup), where this machine has PostgreSQL or can install it; else says loudly what is not tested. */
export default async function setup(project: TestProject): Promise<() => void> {
  const server = await startPostgres()
  if (!server) process.stderr.write('\nPostgreSQL is NOT here (no initdb on PATH or in /usr/lib/postgresql): no test runs on it, only on SQLite\n\n')
  project.provide('postgres', server?.url)
  return () => server?.remove()
}

/** Starts a server on a free port from what this machine has; as root on Debian, what is missing is installed first. Undefined where there is none. */
export async function startPostgres(): Promise<Postgres | undefined> {
  const bin = findBin() ?? (aptInstall('postgresql') ? findBin() : undefined)
  if (bin === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'agentpass-postgres-'))
  const password = randomBytes(16).toString('hex')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password)
  if (isRoot) execFileSync('chown', ['-R', 'postgres', folder])
  chmodSync(folder, 0o755)
  const data = join(folder, 'data')
  run(bin, 'initdb', ['-D', data, '-U', 'agentpass', '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', `--pwfile=${passwordFile}`, '--no-sync'])
  const port = await freePort()
  // Nothing here survives the machine, so the server need not sync to disk; what survives our own processes does not depend on that.
  const options = `-p ${port} -h 127.0.0.1 -k ${folder} -c max_connections=300 -c fsync=off`
  const control = (...args: string[]) => run(bin, 'pg_ctl', ['-D', data, '-w', ...args])
  const server = {
    url: `postgres://agentpass:${password}@127.0.0.1:${port}/postgres`,
    start: () => persistently(() => control('-l', join(folder, 'log'), '-o', options, 'start')),
    halt: (how: 'fast' | 'immediate') => control('-m', how, 'stop'),
    /** Kills the server process alone; its children notice, and until they have, none starts again. */
    kill: () => void process.kill(Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL'),
    remove() {
      if (existsSync(join(data, 'postmaster.pid'))) control('-m', 'immediate', 'stop')
      rmSync(folder, { recursive: true, force: true })
    },
  }
  server.start()
  return server
}

function persistently(attempt: () => void, tries = 50): void {
  try {
    attempt()
  } catch (failure) {
    if (tries === 0) throw failure
    persistently(attempt, tries - 1)
  }
}

/** PostgreSQL refuses to run as root. */
function run(bin: string, program: string, args: string[]): void {
  const command = [join(bin, program), ...args]
  const [first = '', ...rest] = isRoot ? ['runuser', '-u', 'postgres', '--', ...command] : command
  execFileSync(first, rest, { stdio: ['ignore', 'ignore', 'pipe'], cwd: tmpdir() })
}

function findBin(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const onPath = (process.env.PATH ?? '').split(':')
  return [...onPath, ...versions.map((version) => join(debian, version, 'bin'))].find((folder) => existsSync(join(folder, 'initdb')))
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
