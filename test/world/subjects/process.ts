import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Hono } from 'hono'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { migrations as authorityMigrations } from '../../../authority/store/migrations/all.ts'
import { migrations as serviceMigrations } from '../../../service/store/migrations/all.ts'
import { openDoor } from '../../../spec/node/serve.ts'
import { systemRandom } from '../../../spec/node/settings.ts'
import { type Ground, type Management, type Premises, prepare } from '../premises.ts'

type Wanted = { party: 'authority' | 'service'; host: string; settings: object }
/** A server party that runs as a process of its own; `restart` is how a suite kills it, without warning, and has it back. */
export type ProcessParty = { identifier: string; management: Management; restart: { method: 'POST'; url: string }[] }
type Running = { child: ChildProcess; port: number; managementPort: number }

const READY_MS = 20_000
const Ready = z.object({ port: z.int(), management_port: z.int() })

/** A server party as `agentpass-authority serve` or `agentpass-service serve` runs it, started when somebody first comes to a door. Its doors keep their ports when it is restarted. */
export async function startProcess(ground: Ground, { party, host, settings }: Wanted): Promise<ProcessParty> {
  const premises = await prepare(ground, party, {
    host,
    port: 0,
    migrations: party === 'authority' ? authorityMigrations : serviceMigrations,
    settings: (port) => ({ [party]: `https://${host}:${port}`, ...settings }),
  })
  await premises.close() // the process has doors of its own, behind these
  const identifier = furnish(premises, party)
  let running: Promise<Running> | undefined
  const run = (): Promise<Running> => {
    running ??= premises.makeDatabase().then(() => serve(party, premises.settingsFile))
    return running
  }
  ground.stops.push(async () => running && end((await running).child, 'SIGTERM'))
  await forward(ground, Number(new URL(identifier).port), async () => (await run()).port)
  await forward(ground, Number(new URL(premises.management.url).port), async () => (await run()).managementPort)
  const control = await openDoor({ host: '127.0.0.1', port: 0 })
  ground.stops.push(control.close)
  const path = `/${systemRandom(16)}/restart`
  control.mount(
    new Hono().post(path, async (c) => {
      await end((await run()).child, 'SIGKILL')
      running = serve(party, premises.settingsFile)
      await running
      return c.json({ ready: true })
    }),
  )
  return { identifier, management: premises.management, restart: [{ method: 'POST', url: `http://127.0.0.1:${control.port}${path}` }] }
}

/** Writes the certificate beside the settings, which take any port, and gives who the party is. */
function furnish({ settingsFile, tls }: Premises, party: Wanted['party']): string {
  const folder = dirname(settingsFile)
  writeFileSync(join(folder, 'tls.key'), tls.key, { mode: 0o600 })
  writeFileSync(join(folder, 'tls.cert'), tls.cert)
  const settings = parse(readFileSync(settingsFile, 'utf8'))
  settings.listen = { port: 0, tls: { cert_file: 'tls.cert', key_file: 'tls.key' } }
  settings.management.listen = { port: 0 }
  writeFileSync(settingsFile, stringify(settings))
  return String(settings[party])
}

/** Hands every connection to a port on to the one that is behind it now. */
async function forward(ground: Ground, port: number, behind: () => Promise<number>): Promise<void> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    sockets.add(near)
    near.on('close', () => sockets.delete(near)).on('error', () => undefined)
    behind().then(
      (target) => pair(near, connect(target, '127.0.0.1')),
      () => near.destroy(),
    )
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  ground.stops.push(async () => {
    const closed = new Promise((done) => server.close(done))
    for (const socket of sockets) socket.destroy()
    await closed
  })
}

function pair(near: Socket, far: Socket): void {
  far.on('error', () => near.destroy())
  near.on('close', () => far.destroy())
  far.on('close', () => near.destroy())
  near.pipe(far)
  far.pipe(near)
}

async function serve(party: Wanted['party'], settingsFile: string): Promise<Running> {
  const program = fileURLToPath(new URL(`../../../${party}/main`, import.meta.url))
  const [main = ''] = ['.js', '.ts'].map((ending) => program + ending).filter((file) => existsSync(file))
  const args = [...process.execArgv, main, 'serve', '--json', '--config', settingsFile]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${party} ended before it was ready`)))
  ended.catch(() => undefined) // later it may
  const [line] = await Promise.race([once(child.stdout ?? child, 'data', { signal: AbortSignal.timeout(READY_MS) }), ended])
  const { port, management_port: managementPort } = Ready.parse(JSON.parse(String(line)))
  return { child, port, managementPort }
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}
