import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { ValidationResponse } from '../../spec/wire/validation.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer, type Reply, type Send } from '../actors/client.ts'
import { type Done, runHook } from '../actors/hook.ts'
import { createKey, type Key } from '../actors/jws.ts'
import { type Changes, lifetime, signObject, taskClaims } from '../actors/jwt.ts'
import { createFakeService, type FakeService, type ServiceMade } from '../actors/service.ts'
import type { AuthorityAdapter, AuthorityInstance, AuthorityVariant } from '../adapter.ts'
import { expectThat, Unmet } from '../case.ts'
import { need, type Stage, until } from '../stage.ts'
import type { Lend } from './standing.ts'

export type Decision = 'approve' | 'deny' | 'cancel' | 'revoke' | 'narrow'
export type Approved = { id: string; value: string; service: FakeService; message: Message }
export type Message = ReturnType<typeof goodMessage>

/** What a case does to the Authority under test: the suite plays Harness, Service and approver. */
export type AuthorityStage = Stage & {
  adapter: AuthorityAdapter
  instance: AuthorityInstance
  document: PublishedAuthority
  identifier: string
  vendor: Vendor
  /** Another deployment of the same Authority, such as one with short lifetimes; skips where the adapter names none. */
  variant: (name: AuthorityVariant) => Promise<AuthorityStage>
  /** The address of a second instance; skips where there is none. */
  second: () => string
  /** A Service of the suite, which the Authority finds by its DNS record. */
  service: (made?: ServiceMade) => FakeService
  /** A user it serves whom no other case has. */
  user: () => string
  /** A good issuance request about a Service; `changed` replaces members at the top, `user` and `task` among them. */
  message: (service: FakeService, changed?: Record<string, unknown>) => Message
  issue: (message: unknown, send?: Send) => Promise<Reply>
  statusUrl: (id: string) => string
  status: (id: string, send?: Send) => Promise<Reply>
  /** Decides through the adapter; skips where that is not possible. `told` may hold `scopes`, `reason`, `authorization_id`. */
  decide: (decision: Decision, id: string, told?: { scopes?: string[]; reason?: string; authorization_id?: string }) => Promise<Done>
  /** Whether the adapter can decide so; skips where not. */
  needDecision: (decision: Decision) => void
  /** A request that waits for its decision. */
  pending: (service: FakeService, changed?: Record<string, unknown>) => Promise<{ id: string; reply: Reply; message: Message }>
  /** A request that was approved, with its pass. */
  approved: (want?: { service?: FakeService; changed?: Record<string, unknown>; scopes?: string[] }) => Promise<Approved>
  /** Presents a pass as a Service; `assertion` replaces its assertion, null leaves it out. */
  validate: (value: unknown, as: FakeService, more?: Presented) => Promise<Reply>
  check: (authorizationId: unknown, as: FakeService, more?: Presented) => Promise<Reply>
  close: (authorizationId: unknown, as: FakeService, action: unknown, more?: Presented) => Promise<Reply>
  /** An approved pass that its Service has spent: the authorization. */
  redeemed: (want?: {
    service?: FakeService
    changed?: Record<string, unknown>
    scopes?: string[]
  }) => Promise<Approved & { authorizationId: string; answer: ValidationResponse }>
  holderKey: () => Key
  taskAttestation: (message: Message, key: Key, changes?: Changes) => string
  /** An attestation by the suite's vendor, whom the Authority pins; skips where it does not. */
  vendorAttestation: (message: Message, holder: Key, changes?: Changes) => string
}
export type Presented = { assertion?: string | null; changes?: Changes; send?: Send; body?: unknown }

/** The vendor that an Authority under test pins, where its adapter says so: its issuer is the origin of this host, its key set is there at `/jwks.json`. */
export const VENDOR_HOST = 'vendor'
export type Vendor = { issuer: string; key: Key; asked: () => number }

/** What no case can do without. The rest of the document is judged by the cases about it, and by them alone. */
const PublishedAuthority = z.looseObject({
  authority: z.string(),
  jwks_uri: z.string(),
  endpoints: z.looseObject({
    issuance: z.string(),
    issuance_status: z.string(),
    validate: z.string().optional(),
    authorization_check: z.string().optional(),
    authorization_close: z.string().optional(),
  }),
})
export type PublishedAuthority = z.infer<typeof PublishedAuthority>

const PATIENCE_MS = 5000

/** Whom an Authority under test meets: the vendor that attests Harnesses, and where it knows the suite's Services by its own settings, those. */
export type Neighbours = { vendor: Vendor; lend?: Lend | undefined }

/** Reads the Authority's document and gives what a case does with it. Throws Unmet when there is none that is valid. */
export async function authorityStage(
  stage: Stage,
  adapter: AuthorityAdapter,
  { vendor, lend }: Neighbours,
  instance: AuthorityInstance = adapter,
): Promise<AuthorityStage> {
  const { client, ground, profile } = stage
  const document = expectAnswer(await client.send(instance.configuration_url), PublishedAuthority, 'the Authority configuration')
  const { endpoints, authority: identifier } = document
  const domain = adapter.users_domain ?? `users.${ground.zone}`
  const present = (url: string | undefined, body: unknown, as: FakeService, { assertion, changes, send, body: other }: Presented = {}) => {
    const authorization = assertion === undefined ? stage.secret(as.assertion(identifier, changes)) : assertion
    return client.send(need(url, 'the Authority has no such endpoint'), {
      ...send,
      body: other === undefined ? body : other,
      headers: { ...(authorization !== null && { authorization: `Bearer ${authorization}` }), ...send?.headers },
    })
  }
  const s: AuthorityStage = {
    ...stage,
    adapter,
    instance,
    document,
    identifier,
    vendor,
    variant: (name) =>
      authorityStage(stage, adapter, { vendor, lend }, need(adapter.variants[name], `the adapter names no variant “${name}” of the Authority`)),
    second: () => need(instance.second, 'the adapter names no second instance'),
    service: (made) => {
      return lend ? lend(made) : createFakeService(ground, made)
    },
    user: () => `u-${randomBytes(6).toString('hex')}@${domain}`,
    message: (service, changed = {}) => ({ ...goodMessage(service.origin, s.user()), ...changed }),
    issue: (message, send) => client.send(endpoints.issuance, { ...send, method: 'POST', body: message }),
    statusUrl: (id) => endpoints.issuance_status.replaceAll('{id}', encodeURIComponent(id)),
    status: (id, send) => client.send(s.statusUrl(id), send),
    needDecision: (decision) => void need(instance.decisions[decision] ?? instance.markers[asMarker(decision)], `the adapter cannot ${decision}`),
    decide: (decision, id, told = {}) => runHook(need(instance.decisions[decision], `the adapter cannot ${decision}`), { id, ...told }, client),
    pending: async (service, changed) => {
      const message = s.message(service, changed)
      const reply = await s.issue(message)
      return { id: expectAnswer(reply, IssuanceStatus, 'the answer to issuance').id, reply, message }
    },
    approved: (want = {}) => approve(s, want),
    validate: (value, as, more) => present(endpoints.validate, { agentpass: { value } }, as, more),
    check: (id, as, more) => present(endpoints.authorization_check, { authorization_id: id }, as, more),
    close: (id, as, action, more) => present(endpoints.authorization_close, { authorization_id: id, action }, as, more),
    redeemed: async (want) => {
      const pass = await s.approved(want)
      const answer = expectAnswer(await s.validate(pass.value, pass.service), ValidationResponse, 'the validation answer')
      return { ...pass, authorizationId: answer.authorization_id, answer }
    },
    holderKey: () => createKey(),
    taskAttestation: (message, key, changes) => signObject('task-attestation', taskClaims(message.harness.id, message.task), key, profile, changes),
    vendorAttestation: (message, holder, changes) => {
      need(adapter.pins_vendor || undefined, "the Authority does not pin the suite's vendor (authority.pins_vendor)")
      const claims = { iss: vendor.issuer, sub: message.harness.id, cnf: { jwk: holder.jwk }, ...lifetime(300) }
      return signObject('harness-attestation', claims, vendor.key, profile, changes)
    },
  }
  return s
}

const asMarker = (decision: Decision) => (decision === 'approve' ? 'approve' : 'deny')

/** A request that every Authority can admit. */
function goodMessage(origin: string, email: string) {
  const name = randomBytes(6).toString('hex')
  const harness: { id: string; cnf?: unknown; attestation?: unknown } = { id: `suite-harness-${name}` }
  const task: { id: string; description: string; attestation?: unknown } = { id: `task-${name}`, description: `Look after thing ${name}` }
  return { type: 'bearer_token', service: { origin }, user: { email }, harness, task }
}

async function approve(s: AuthorityStage, want: { service?: FakeService; changed?: Record<string, unknown>; scopes?: string[] }): Promise<Approved> {
  const service = want.service ?? s.service()
  const { decisions, markers } = s.instance
  const marked = decisions.approve === undefined && markers.approve !== undefined
  const message = s.message(service, want.changed)
  if (marked) message.task = { ...message.task, description: `${message.task.description} ${markers.approve}` }
  const { id, status, agentpass } = expectAnswer(await s.issue(message), IssuanceStatus, 'the answer to issuance')
  if (status === 'approved' && agentpass) return { id, value: s.secret(agentpass.value), service, message }
  if (!marked) {
    const done = await s.decide('approve', id, want.scopes ? { scopes: want.scopes } : { scopes: service.scopes.map(({ name }) => name) })
    expectThat(done.ok, "the adapter's approve hook to succeed", `${done.status} ${done.text.slice(0, 200)}`)
  }
  return { id, value: await passOf(s, id), service, message }
}

/** The pass of a request that has just been approved: its status is asked for a while. */
export async function passOf(s: AuthorityStage, id: string): Promise<string> {
  let value: unknown
  await until(
    async () => {
      value = member(member((await s.status(id)).json, 'agentpass'), 'value')
      return typeof value === 'string'
    },
    PATIENCE_MS,
    250,
  )
  if (typeof value !== 'string') throw new Unmet('the status of an approved request to give its pass', `none within ${PATIENCE_MS} ms`)
  return s.secret(value)
}
