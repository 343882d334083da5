/** The commands of the broker and of MCP as people run them: processes, in the world. What they say and are told is kept. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { compiled } from './compiled.ts'
import { temporaryFolder } from './folders.ts'
import type { World } from './world/world.ts'

/** A person's home, in which the broker keeps its state. */
export function home(world: Pick<World, 'env'>) {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'state'), { mode: 0o700 })
  return { folder, env: { PATH: process.env.PATH, ...world.env, HOME: folder, XDG_STATE_HOME: join(folder, 'state') } }
}
export type Home = { folder: string; env: NodeJS.ProcessEnv }

/** Everything that can be seen of a running process from outside: its words, arguments and environment. */
export function watch(child: ChildProcess) {
  const seen: string[] = []
  child.stdout?.on('data', (data) => void seen.push(String(data)))
  child.stderr?.on('data', (data) => void seen.push(String(data)))
  const look = () => {
    for (const file of ['cmdline', 'environ'])
      if (existsSync(`/proc/${child.pid}/${file}`)) seen.push(readFileSync(`/proc/${child.pid}/${file}`, 'latin1'))
  }
  return { look, text: () => seen.join('\n') }
}

/** Starts `agentpass broker`, ready for its agent. */
export async function startBroker({ env, folder }: Home) {
  const child = spawn(process.execPath, [compiled('harness/main.js'), 'broker', '--listen', '127.0.0.1:0', '--json'], { env })
  onTestFinished(() => void child.kill('SIGKILL'))
  const seen = watch(child)
  const ended = once(child, 'close')
  const [line] = await Promise.race([once(child.stdout, 'data'), ended.then(() => Promise.reject(new Error(seen.text())))])
  const { error, broker: origin, token_file: tokenFile, mcp } = JSON.parse(String(line))
  if (error) throw new Error(error.message)
  const token = readFileSync(tokenFile, 'utf8').trim()
  const call = async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }
    const response = await fetch(origin + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    return { status: response.status, body: await response.text() }
  }
  const show = async (id: string) => JSON.parse((await call('GET', `/tasks/${id}`)).body)
  /** A task when it stands like that, as its events tell. */
  const until = async (id: string, isSo: (task: any) => boolean) => {
    const response = await fetch(`${origin}/tasks/${id}/events`, { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' } })
    let told = ''
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      told += part
      const documents = told
        .split('\n\n')
        .filter((event) => event.startsWith('data: '))
        .map((event) => JSON.parse(event.slice(6)))
      const found = documents.find(isSo)
      if (found) return found
    }
    throw new Error(`it never was so: ${told}`)
  }
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  const stop = async () => {
    child.kill('SIGTERM')
    return Number((await ended)[0])
  }
  return { child, seen, origin, token, tokenFile, mcp, call, show, until, kill, stop, folder }
}
