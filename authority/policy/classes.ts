import { z } from 'zod'
import { isOf } from './pattern.ts'

/** Names the class that a scope of a Service is in: those of one class no policy tells apart. */
export type ClassOf = (service: string, scope: string) => string
type Test = (scope: { uid: string; name: string }) => boolean

const record = z.record(z.string(), z.unknown())
const Text = z.object({ Value: z.string() })
const Pair = z.object({ left: z.unknown(), right: z.unknown() })
const Name = z.object({ '.': z.object({ left: z.object({ Var: z.literal('resource') }), attr: z.literal('name') }) })
const Like = z.object({ left: Name, pattern: z.array(z.union([z.literal('Wildcard'), z.object({ Literal: z.string() })])) })
const List = z.object({ Set: z.array(Text) })
const Resource = z.object({ Var: z.literal('resource') })
const Entity = z.object({ type: z.string(), id: z.string() })
const Named = z.object({ Value: z.object({ __entity: Entity }) })
/** What a policy says of its scope before its conditions, in every form that there is. */
const Head = z.union([
  z.strictObject({ op: z.literal('All') }).transform(() => undefined),
  z.strictObject({ op: z.enum(['==', 'in']), entity: Entity }).transform(({ entity }) => entity),
  z.strictObject({ op: z.literal('is'), entity_type: z.string() }).transform(() => undefined),
  z.strictObject({ op: z.literal('is'), entity_type: z.string(), in: z.strictObject({ entity: Entity }) }).transform((head) => head.in.entity),
])

const SCOPE = 'AgentPass::Scope'

/**
 * Finds out which scopes the policies of a file tell apart, so that each class is judged once: an engine that is asked about every scope takes longer than all the rest of a request.
 * `policies` are as the engine writes them as JSON. Where one does anything with a scope but to compare its name with texts, every scope is a class of its own.
 */
export function classesOf(policies: { resource: object; conditions: { body: unknown }[] }[]): ClassOf {
  const tests: Test[] = []
  for (const { resource, conditions } of policies) {
    const head = Head.safeParse(resource)
    if (head.data) tests.push(isEntity(head.data))
    if (!head.success || !conditions.every(({ body }) => collect(body, tests))) return (service, scope) => uidOf(service, scope)
  }
  return (service, scope) => {
    const told = { uid: uidOf(service, scope), name: wellFormed(scope) }
    return tests.map((test) => (test(told) ? '1' : '0')).join('')
  }
}

const uidOf = (service: string, scope: string): string => wellFormed(`${service} ${scope}`)
/** As the engine reads text: half a character is the replacement character. */
export const wellFormed = (text: string): string => text.replace(/\p{Cs}/gu, '\ufffd')
/** Being in a Service is the same for all its scopes. */
const isEntity = ({ type, id }: z.infer<typeof Entity>): Test => (type === SCOPE ? ({ uid }) => uid === id : () => true)

/** Takes the tests of an expression. Whether it does nothing else with a scope. */
function collect(expression: unknown, tests: Test[]): boolean {
  if (Array.isArray(expression)) return expression.every((one) => collect(one, tests))
  const { data: node } = record.safeParse(expression)
  if (!node) return true
  if (Resource.safeParse(node).success) return false
  return Object.entries(node).every(([operator, operands]) => {
    const test = testOf(operator, operands)
    if (test) tests.push(test)
    return test !== undefined || collect(operands, tests)
  })
}

/** What an operator asks of a scope, where it compares its name, or itself, with what stands in the policy; undefined for anything else. */
function testOf(operator: string, operands: unknown): Test | undefined {
  switch (operator) {
    case 'like': {
      const like = Like.safeParse(operands).data
      const parts = like?.pattern.map((one) => (one === 'Wildcard' ? undefined : one.Literal))
      return parts && (({ name }) => isOf(segmentsOf(parts), name))
    }
    case 'contains': {
      const { data: pair } = Pair.safeParse(operands)
      const list = List.safeParse(pair?.left).data
      return list && isName(pair?.right) ? ({ name }) => list.Set.some(({ Value }) => Value === name) : undefined
    }
    case '==':
    case '!=':
    case 'in': {
      const { data: pair } = Pair.safeParse(operands)
      const [text, entity] = [Text.safeParse(pair?.right).data, Named.safeParse(pair?.right).data]
      if (text && isName(pair?.left)) return ({ name }) => name === text.Value
      return entity && Resource.safeParse(pair?.left).success ? isEntity(entity.Value.__entity) : undefined
    }
    default:
      return undefined
  }
}

const isName = (expression: unknown): boolean => Name.safeParse(expression).success

/** The texts between the wildcards of a pattern. */
function segmentsOf(parts: (string | undefined)[]): string[] {
  const segments = ['']
  for (const part of parts) {
    if (part === undefined) segments.push('')
    else segments.push(`${segments.pop() ?? ''}${part}`)
  }
  return segments
}
