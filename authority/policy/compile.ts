import { sha256 } from '../../spec/base64url.ts'
import { canonicalAddress, emailAddress } from '../../spec/email.ts'
import { type ClassOf, classesOf } from './classes.ts'
import type { Engine } from './engine.ts'
import { POLICY_SCHEMA } from './schema.ts'

/** What policy is asked of each scope. */
export const ACTS = ['approve', 'ask'] as const
export type Act = (typeof ACTS)[number]

/** A policy of a file, by what people and decisions know of it. */
export type PolicyOfFile = {
  /** Its `@id`, or the line where it begins. */
  name: string
  line: number
  effect: 'permit' | 'forbid'
  /** What it may decide. */
  acts: Act[]
  text: string
  says: string | undefined
  /** Of a permit of `ask`: who alone approves, and how many must. */
  approvers: string[] | undefined
  approvals: number
}
/** A policy file that was found good. `version` is the beginning of its SHA-256; `warnings` are for whoever wrote it. */
export type CompiledPolicies = { version: string; policies: PolicyOfFile[]; classOf: ClassOf; warnings: string[]; text: string }

/** A policy file that cannot be used, with every problem found. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  readonly problems: string[]
  constructor(problems: string[]) {
    super(problems.join('; '))
    this.problems = problems
  }
}

const VERSION_CHARS = 12
const ANNOTATIONS = ['id', 'reason', 'approvers', 'approvals']
const MOST_APPROVALS = 2
const WHO = /^(?:user|admin-token|group:\S(?:.*\S)?)$/

/** Reads a policy file against the schema. Throws PolicyError: what does not parse, speaks of what is not there, can never apply, or has an annotation that is none. */
export async function compilePolicies(engine: Engine, text: string): Promise<CompiledPolicies> {
  const parts = engine.policySetTextToParts(text)
  if (parts.type === 'failure') throw new PolicyError(parts.errors.map((error) => describe(error, text, 0)))
  const [template] = parts.policy_templates
  if (template !== undefined)
    throw new PolicyError([`line ${lineAt(text, text.indexOf(template))}: a template decides nothing: write the policy with what it is about`])
  const read = placed(parts.policies, text).map((part) => readPolicy(engine, part))
  const policies = read.map(({ policy }) => policy)
  const { problems, warnings } = validate(engine, policies, text)
  const all = [...read.flatMap((one) => one.problems), ...twice(policies), ...problems]
  if (all.length > 0) throw new PolicyError([...new Set(all)])
  if (policies.length === 0) throw new PolicyError(['has no policies: to deny everything, write forbid (principal, action, resource);'])
  const unknown = read.flatMap(({ policy, json }) => (looksForGroups(json) ? [`line ${policy.line}: ${UNKNOWN_GROUPS}`] : []))
  const nothing = policies.some(({ effect }) => effect === 'permit') ? [] : ['nothing is permitted: every request is denied']
  const classOf = classesOf(read.map(({ json }) => json))
  return {
    version: (await sha256(text)).slice(0, VERSION_CHARS),
    policies,
    classOf,
    warnings: [...new Set([...warnings, ...unknown, ...nothing])],
    text,
  }
}

/** Groups are known of those who have signed in alone: a forbid for a group is none for the others of it. */
const UNKNOWN_GROUPS =
  'this forbid looks for a group, and groups are known only of who has signed in to the console: forbid unless they are in a group that may'
const looksForGroups = ({ effect, conditions }: { effect: string; conditions: { kind: string; body: unknown }[] }): boolean =>
  effect === 'forbid' && conditions.some(({ kind, body }) => kind === 'when' && JSON.stringify(body).includes('AgentPass::Group'))

type Part = { text: string; line: number }

/** The engine gives the policies in an order of its own: here they are in that of the file. */
function placed(parts: string[], text: string): Part[] {
  const from = new Map<string, number>()
  const found = parts.map((part) => {
    const at = text.indexOf(part, from.get(part) ?? 0)
    from.set(part, at + part.length)
    return { text: part, at }
  })
  return found.sort((one, other) => one.at - other.at).map(({ text: part, at }) => ({ text: part, line: lineAt(text, at) }))
}

function readPolicy(engine: Engine, { text, line }: Part) {
  const read = engine.policyToJson(text)
  if (read.type === 'failure') throw new PolicyError(read.errors.map(({ message }) => `line ${line}: ${message}`))
  const { json } = read
  const { effect, annotations = {} } = json
  const acts = actsOf(json.action)
  const problems = Object.keys(annotations).flatMap((name) =>
    ANNOTATIONS.includes(name) ? [] : [`@${name} is no annotation of a policy: there are ${ANNOTATIONS.map((one) => `@${one}`).join(', ')}`],
  )
  const asks = effect === 'permit' && acts.includes('ask')
  const { id, reason, approvers, approvals } = annotations
  for (const [name, value] of Object.entries({ approvers, approvals }))
    if (value !== undefined && !asks) problems.push(`@${name} says nothing here: it belongs to a permit of AgentPass::Action::"ask"`)
  if (approvals !== undefined && !['1', String(MOST_APPROVALS)].includes(approvals)) problems.push('@approvals is "1" or "2"')
  const who = approvers?.split(',').map((one) => canonical(one.trim()))
  const odd = who?.filter((one) => !WHO.test(one) && !isAddress(one)) ?? []
  if (odd.length > 0)
    problems.push(
      `@approvers names ${odd.map((one) => `"${one}"`).join(', ')}: it lists addresses, group:NAME, user or admin-token, with commas between them`,
    )
  if (id !== undefined && !/^\S.{0,99}$/.test(id)) problems.push('@id is a name of at most 100 characters')
  const name = id ?? `line ${line}`
  return {
    json,
    policy: { name, line, effect, acts, text, says: reason || undefined, approvers: who, approvals: Number(approvals ?? 1) },
    problems: problems.map((problem) => `line ${line}: ${problem}`),
  }
}

const isAddress = (text: string): boolean => emailAddress.safeParse(text).success
/** Addresses are compared in this form; whatever else is a name stays as it is. */
const canonical = (name: string): string => (isAddress(name) && !WHO.test(name) ? canonicalAddress(name) : name)

type Action = Extract<ReturnType<Engine['policyToJson']>, { type: 'success' }>['json']['action']

function actsOf(action: Action): Act[] {
  if (action.op === 'All') return [...ACTS]
  const entities = 'entities' in action ? action.entities : 'entity' in action ? [action.entity] : []
  const ids = entities.map((entity) => ('__entity' in entity ? entity.__entity : entity).id)
  return ACTS.filter((act) => ids.includes(act))
}

function twice(policies: PolicyOfFile[]): string[] {
  const names = policies.map(({ name }) => name)
  return policies.flatMap(({ name, line }, i) =>
    names.indexOf(name) < i ? [`line ${line}: there is another policy of that name: "${name}" (@id names a policy)`] : [],
  )
}

/** A policy that can never apply is a problem, and not a matter of taste: a forbid with a slip in it would forbid nothing. */
function validate(engine: Engine, policies: PolicyOfFile[], text: string): { problems: string[]; warnings: string[] } {
  const staticPolicies = Object.fromEntries(policies.map((policy, i) => [String(i), policy.text]))
  const answer = engine.validate({ schema: POLICY_SCHEMA, policies: { staticPolicies }, validationSettings: { mode: 'strict' } })
  if (answer.type === 'failure') throw new PolicyError(answer.errors.map((error) => describe(error, text, 0)))
  const told = ({ policyId, error }: (typeof answer.validationErrors)[number]) => {
    const policy = policies[Number(policyId)]
    const message = error.message.replace(`for policy \`${policyId}\`, `, '').replace(/ in context for AgentPass::Action::"\w+"/, ' in context') // which is said once for each
    return describe({ ...error, message }, policy?.text ?? '', (policy?.line ?? 1) - 1)
  }
  const isFatal = ({ error }: (typeof answer.validationWarnings)[number]) => /impossible|unable to find an applicable action/.test(error.message)
  return {
    problems: [...answer.validationErrors, ...answer.validationWarnings.filter(isFatal)].map(told),
    warnings: answer.validationWarnings.filter((warning) => !isFatal(warning)).map(told),
  }
}

type Described = { message: string; help: string | null; sourceLocations?: { start: number; label: string | null }[] }

/** What the engine found wrong, with its line, and what it advises. */
function describe({ message, help, sourceLocations }: Described, text: string, linesBefore: number): string {
  const [place] = sourceLocations ?? []
  const line = linesBefore + lineAt(text, place ? charAt(text, place.start) : 0)
  const advice = [place?.label, help].filter((one) => one).join('; ')
  return `line ${line}: ${message}${advice ? ` (${advice})` : ''}`
}

const lineAt = (text: string, char: number): number => text.slice(0, char).split('\n').length

/** The engine counts bytes of UTF-8. */
const charAt = (text: string, bytes: number): number => new TextDecoder().decode(new TextEncoder().encode(text).slice(0, bytes)).length
