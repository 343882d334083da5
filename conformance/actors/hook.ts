import { spawn } from 'node:child_process'
import type { Hook, HttpStep } from '../adapter.ts'
import { RigFailure } from '../case.ts'
import type { Client, Reply } from './client.ts'

/** What a hook is told: texts and lists by their names in its templates. */
export type Told = Record<string, string | string[] | undefined>
/** How what was to be done went: the last status, or the exit code of the command (0 is done). */
export type Done = { ok: boolean; status: number; text: string }

const COMMAND_MS = 30_000

/** Has something done at the peer, as its adapter says how. A refusal is an outcome; RigFailure is thrown when the hook itself does not work. */
export const runHook = (hook: Hook, told: Told, client: Client): Promise<Done> =>
  Array.isArray(hook) ? runSteps(hook, told, client) : runCommand(hook, told)

async function runSteps(steps: HttpStep[], told: Told, client: Client): Promise<Done> {
  const known: Record<string, unknown> = { ...told }
  let last: Reply | undefined
  for (const step of steps) {
    last = await client.send(put(step.url, known, encodeURIComponent), {
      method: step.method,
      hook: true,
      headers: Object.fromEntries(Object.entries(step.headers).map(([name, value]) => [name, put(value, known)])),
      ...(step.json !== undefined && { body: fill(step.json, known) }),
    })
    if (last.status >= 300) break
    for (const [name, path] of Object.entries(step.take)) known[name] = dig(last.json, path.split('.'))
  }
  return { ok: last !== undefined && last.status < 300, status: last?.status ?? 0, text: last?.text ?? '' }
}

function runCommand({ command, env }: Extract<Hook, { command: unknown }>, told: Told): Promise<Done> {
  const [program = '', ...args] = typeof command === 'string' ? ['sh', '-c', command] : command.map((part) => put(part, told))
  const named = Object.entries(told).map(([name, value]) => [`AGENTPASS_${name.toUpperCase()}`, [value ?? ''].flat().join(' ')])
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env, ...Object.fromEntries(named) },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: COMMAND_MS,
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk))
    child.on('error', (cause) => reject(new RigFailure(`the adapter's command cannot be run: ${cause.message}`, { cause })))
    child.on('close', (code) => resolve({ ok: code === 0, status: code ?? -1, text }))
  })
}

/** `{name}` in a text; a name that is not known stays as it is. */
const put = (text: string, known: Record<string, unknown>, encode: (value: string) => string = String): string =>
  text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => (known[name] === undefined ? whole : encode(String(known[name]))))

/** The same in JSON. A text that is a name alone becomes the value itself, list or not; a member whose value is not known is left out. */
function fill(value: unknown, known: Record<string, unknown>): unknown {
  if (typeof value === 'string') {
    const [, name] = /^\{(\w+)\}$/.exec(value) ?? []
    return name === undefined ? put(value, known) : known[name]
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, known))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, inner]) => [key, fill(inner, known)])
        .filter(([, inner]) => inner !== undefined),
    )
  return value
}

const dig = (value: unknown, [name, ...more]: string[]): unknown =>
  name === undefined
    ? value
    : typeof value === 'object' && value !== null
      ? dig(Object.entries(value).find(([key]) => key === name)?.[1], more)
      : undefined
