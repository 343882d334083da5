import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Ground, startGround } from './actors/ground.ts'
import { type Profile, parseAdapter, SuiteSettings } from './adapter.ts'
import type { Party } from './requirements.ts'

/** Our own parties, started for a run: the adapter that they print, and the suite's servers that they know. */
export type OwnPeers = { adapter: unknown; ground: Ground; stop: () => Promise<void> }

const START_MS = 60_000
const ZONE = 'suite.localhost'

export type OwnPeersOptions = {
  parties: Party[]
  /** A PostgreSQL server to keep their state on. */
  database?: string | undefined
  /** How `agentpass-world` is started: a program and its first arguments. The one beside this program unless given. */
  world?: [string, ...string[]]
}

/** Starts `agentpass-world` as a process of its own and reads the adapter it prints: our parties, or those of them, are judged as anybody's. Throws Error when the world does not start. */
export async function startOwnPeers(profile: Profile, seed: string, { parties, database, world = ownWorld() }: OwnPeersOptions): Promise<OwnPeers> {
  const folder = mkdtempSync(join(tmpdir(), 'agentpass-self-'))
  const ground = await startGround(SuiteSettings.parse({ zone: ZONE }), profile, seed)
  const caFile = join(folder, 'suite-ca.pem')
  writeFileSync(caFile, ground.ca)
  const suite = { profile, zone: ZONE, address: '127.0.0.1', dns_port: ground.dns.port, https_port: ground.hosts.port, ca_file: caFile, parties }
  const args = ['--json', '--suite', JSON.stringify(suite), ...(database === undefined ? [] : ['--database', database])]
  const [program, ...first] = world
  const child = spawn(program, [...first, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'], // it ends when we do: its input closes
  })
  const stop = async () => {
    await end(child)
    await ground.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    return { adapter: parseAdapter(JSON.parse(await firstLine(child)), 'the adapter of agentpass-world'), ground, stop }
  } catch (failure) {
    await stop()
    throw failure
  }
}

function ownWorld(): [string, ...string[]] {
  const program = fileURLToPath(new URL('../test/world/main', import.meta.url))
  const found = ['.js', '.ts'].map((ending) => program + ending).find((file) => existsSync(file))
  if (found === undefined) throw new Error(`agentpass-world is not beside this program: ${program}.js`)
  return [process.execPath, ...process.execArgv, found]
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('agentpass-world has no output')
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`agentpass-world ended before it was ready (exit code ${code})`)))
  ended.catch(() => undefined) // later it may
  const [line] = await Promise.race([once(lines, 'line', { signal: AbortSignal.timeout(START_MS) }), ended])
  return String(line)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}
