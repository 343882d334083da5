/** The `agentpass` command in this process, on the internet of harness-rig.ts, with a home folder of its own. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { runAgentpass } from '../harness/node/command.ts'
import type { Io } from '../harness/node/io.ts'
import type { Network } from '../harness/node/network.ts'
import type { OpenBrowser } from '../harness/node/opener.ts'
import type { Wait } from '../spec/effects.ts'
import type { NetworkSettings } from '../spec/node/settings.ts'
import { DESK, harnessRig, TASK, USER } from './harness-rig.ts'

/** A folder that goes when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'agentpass-harness-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export const TOKEN_LINE = ['token', '--service', DESK, '--user', USER, '--task', TASK]

/** What a command line did. */
export type Ended = { code: number; out: string; err: string; json: any; chunks: (string | Uint8Array)[] }
type Person = {
  answers?: string[]
  isTerminal?: boolean
  input?: string
  environment?: Record<string, string>
  signal?: AbortSignal
  out?: Io['out']
  onErr?: (text: string) => void
  wait?: Wait
  openBrowser?: OpenBrowser
  /** Another way to peers than the internet of the rig. */
  openNetwork?: (settings: NetworkSettings) => Network
}

export function commandLine() {
  const h = harnessRig()
  const home = temporaryFolder()
  const state = join(home, '.local/state/agentpass')
  const networks: NetworkSettings[] = []
  const questions: string[] = []
  let closed = 0
  const openRig = (settings: NetworkSettings) => {
    networks.push(settings)
    const close = async () => {
      closed += 1
    }
    return { resolveTxt: h.resolveTxt, fetch: h.fetch, callService: h.fetch, fetchEvents: h.fetch, close }
  }
  const runAs = async (person: Person, ...argv: string[]): Promise<Ended> => {
    const chunks: (string | Uint8Array)[] = []
    let err = ''
    const answers = [...(person.answers ?? [])]
    const io: Io = {
      out: person.out ?? (async (data) => void chunks.push(data)),
      err: (text) => {
        err += text
        person.onErr?.(text)
      },
      isTerminal: person.isTerminal ?? false,
      ask:
        person.answers &&
        (async (question) => {
          questions.push(question)
          return answers.shift() ?? ''
        }),
      readInput: async () => new TextEncoder().encode(person.input ?? ''),
    }
    const signal = person.signal ?? new AbortController().signal
    const environment = { HOME: home, ...person.environment }
    const { wait = h.deps.wait, openNetwork = openRig, openBrowser = () => Promise.reject(new Error('there is no browser')) } = person
    const code = await runAgentpass(argv, {
      io,
      environment,
      now: h.now,
      random: h.random,
      wait,
      openNetwork,
      openBrowser,
      signal,
      divertSignals: () => () => {},
    })
    const out = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString('utf8')
    return { code, out, err, chunks, json: argv.includes('--json') && out !== '' ? JSON.parse(out) : undefined }
  }
  return {
    ...h,
    ...{ h, home, state, networks, questions, runAs },
    run: (...argv: string[]) => runAs({}, ...argv),
    /** How many networks were opened and not closed. */
    leftOpen: () => networks.length - closed,
    settings: (text: string) => {
      mkdirSync(join(home, '.config/agentpass'), { recursive: true })
      writeFileSync(join(home, '.config/agentpass/config.yaml'), text)
    },
    files: () => readdirSync(state).sort(),
    file: (name: string) => readFileSync(join(state, name), 'utf8'),
    modeOf: (path: string) => (statSync(path).mode & 0o777).toString(8),
    /** The id of the one token held. */
    heldTask: () =>
      readdirSync(state)
        .find((name) => name.startsWith('task-'))!
        .replace('.json', ''),
  }
}
