import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AuthorityMade, createFakeAuthority, type FakeAuthority, instant } from '../actors/authority.ts'
import type { Answer } from '../actors/hosts.ts'
import { createFakeService, type FakeService, type ServiceMade } from '../actors/service.ts'
import type { HarnessAdapter } from '../adapter.ts'
import { expectThat, RigFailure } from '../case.ts'
import { need, type Stage } from '../stage.ts'

/** How a run of the Harness ended. */
export type Outcome = { code: number; stdout: string; stderr: string; json: unknown; ms: number; timedOut: boolean }
export type Run = {
  type?: 'bearer' | 'browser'
  service?: FakeService
  user?: string
  task?: string
  scope?: string[]
  authority?: string
  destination?: string
  deadlineMs?: number
}

/** What a case does with the Harness under test: the suite plays Service and Authority. */
export type HarnessStage = Stage & {
  adapter: HarnessAdapter
  /** For whom it acts: of a domain that no other case has, and that DNS says nothing about. */
  user: string
  service: (made?: ServiceMade) => FakeService
  authority: (made?: AuthorityMade) => FakeAuthority
  /** A Service that offers an enterprise Authority, and that Authority, which approves at once: a whole trip works. */
  world: (made?: { service?: ServiceMade; authority?: AuthorityMade }) => HarnessWorld
  /** Runs the Harness's command; skips where the adapter has none of that type. */
  run: (how: Run) => Promise<Outcome>
}
export type HarnessWorld = { service: FakeService; authority: FakeAuthority; issued: Issued; run: (how?: Omit<Run, 'service'>) => Promise<Outcome> }
/** The requests that a fake Authority has taken, and the pass it gives for each. */
export type Issued = { id: string; pass: string; requests: Record<string, unknown>[] }

export function harnessStage(stage: Stage, adapter: HarnessAdapter): HarnessStage {
  const { ground } = stage
  const s: HarnessStage = {
    ...stage,
    adapter,
    user: `someone@h-${randomBytes(5).toString('hex')}.${ground.zone}`,
    service: (made) => {
      const service = createFakeService(ground, made)
      for (const secret of Object.values(service.secrets)) stage.secret(secret)
      return service
    },
    authority: (made) => createFakeAuthority(ground, made),
    world: (made = {}) => {
      const authority = s.authority(made.authority)
      const service = s.service({ resolution: () => ({ enterprise_authority: authority.reference }), ...made.service })
      const issued = approving(stage, authority)
      return { service, authority, issued, run: (how) => s.run({ ...how, service }) }
    },
    run: (how) => runHarness(s, how),
  }
  return s
}

/** Has a fake Authority admit every request as pending, and approve it when it is first asked how it stands. */
export function approving(stage: Stage, authority: FakeAuthority): Issued {
  const issued: Issued = {
    id: `r-${randomBytes(16).toString('hex')}`,
    pass: stage.secret(`suite-pass-${randomBytes(18).toString('base64url')}`),
    requests: [],
  }
  const asked = () => issued.requests.at(-1) ?? {}
  authority.on.issuance ??= ({ json }) => {
    if (typeof json === 'object' && json !== null) issued.requests.push({ ...json })
    return pendingAnswer(issued, { status: 202 })
  }
  authority.on.status ??= () => approvedAnswer(issued, String(asked().type))
  return issued
}

/** A request that waits, as its status says it. */
export const pendingAnswer = ({ id }: Issued, { status = 200, more = {} }: { status?: number; more?: Record<string, unknown> } = {}): Answer => ({
  status,
  json: { id, status: 'pending', type: 'bearer_token', expires_at: instant(300), poll_after_ms: 1000, ...more },
})

/** A request that was approved, as its status says it. */
export const approvedAnswer = ({ id, pass }: Issued, type: string, more: Record<string, unknown> = {}): Answer => ({
  json: { id, status: 'approved', type, expires_at: instant(120), agentpass: { type, value: pass }, ...more },
})

async function runHarness(s: HarnessStage, how: Run): Promise<Outcome> {
  const scratch = mkdtempSync(join(tmpdir(), 'agentpass-suite-'))
  try {
    return await runIn(scratch, s, how)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function runIn(
  scratch: string,
  s: HarnessStage,
  { type = 'bearer', service, user = s.user, task = 'A task of the conformance suite', scope, authority, destination, deadlineMs }: Run,
): Promise<Outcome> {
  const { adapter } = s
  const base = need(type === 'bearer' ? adapter.bearer : adapter.browser, `the adapter has no ${type} command`)
  const words = {
    service: service?.origin ?? '',
    user,
    task,
    url: service?.urls.api ?? '',
    scratch,
    authority: authority ?? '',
    destination: destination ?? '',
  }
  const wishes = [
    ...(scope ?? []).flatMap((name) =>
      need(adapter.options.scope, 'the adapter has no option for a scope').map((part) => part.replaceAll('{scope}', name)),
    ),
    ...(authority === undefined ? [] : need(adapter.options.authority, 'the adapter has no option for an Authority')),
    ...(destination === undefined ? [] : need(adapter.options.destination, 'the adapter has no option for a destination')),
  ]
  const put = (text: string): string =>
    text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => Object.entries(words).find(([key]) => key === name)?.[1] ?? whole)
  const [program = '', ...args] = [...(typeof base === 'string' ? base.split(' ') : base), ...wishes].map(put)
  const env = { ...process.env, ...Object.fromEntries(Object.entries(adapter.env).map(([name, value]) => [name, put(value)])) }
  const limit = deadlineMs ?? adapter.deadline_seconds * 1000
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { stdout: '', stderr: '' }
    child.stdout.on('data', (chunk) => (said.stdout += chunk))
    child.stderr.on('data', (chunk) => (said.stderr += chunk))
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      child.kill('SIGTERM')
    }, limit)
    child.on('error', (cause) => {
      clearTimeout(timer)
      reject(new RigFailure(`the adapter's command cannot be run: ${cause.message}`, { cause }))
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code: code ?? -1, ...said, json: parse(said.stdout), ms: performance.now() - started, timedOut })
    })
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const shown = ({ code, stdout, stderr, timedOut }: Outcome): string =>
  `${timedOut ? 'no end in time' : `exit code ${code}`}: ${(stderr || stdout).trim().slice(-300)}`

/** That the task was done. */
export const expectDone = (outcome: Outcome): void => expectThat(outcome.code === 0, 'the Harness to do its task (exit code 0)', shown(outcome))
/** That the Harness gave up by itself, and said something. */
export function expectGivenUp(outcome: Outcome): void {
  expectThat(!outcome.timedOut && outcome.code !== 0, 'the Harness to give up by itself (another exit code than 0)', shown(outcome))
  expectThat(outcome.stdout.trim() + outcome.stderr.trim() !== '', 'a message that says what went wrong', 'nothing')
}
