import ipaddr from 'ipaddr.js'
import { canonicalAddress, requireEmailDomain } from '../../spec/email.ts'
import { toRfc3339 } from '../../spec/time.ts'
import type { Engine } from './engine.ts'
import type { PolicyQuestion } from './policy.ts'

type Call = Omit<Parameters<Engine['statefulIsAuthorized']>[0], 'preparsedPolicySetId'>
type Entity = Call['entities'][number]
type Value = Call['context'][string]

/** Puts questions before the engine in the words of the schema. `asksGroups`: whether any policy speaks of groups. */
export type Facts = { asksGroups: boolean; of: (question: PolicyQuestion) => (act: 'approve' | 'ask', scope: string) => Call }

const entity = (type: string, id: string) => ({ type: `AgentPass::${type}`, id })
const value = (type: string, id: string): Value => ({ __entity: entity(type, id) })
const extension = (fn: string, arg: string): Value => ({ __extn: { fn, arg } })

/**
 * What a policy file is told. Of the facts that the schema names, those whose word does not occur in the file are left out: to hand one over costs the engine more than to decide.
 * The file was validated strictly, so no policy can miss what it does not name.
 */
export function factsOf(text: string, timeZone: string): Facts {
  const isNamed = (word: string): boolean => text.includes(word)
  const only = (facts: Record<string, Value | undefined>): Record<string, Value> =>
    Object.fromEntries(Object.entries(facts).flatMap(([name, fact]) => (fact !== undefined && isNamed(name) ? [[name, fact]] : [])))
  const timeIn = clockOf(timeZone)
  return {
    asksGroups: isNamed('Group'),
    of(question) {
      const { service, user, task, type, destination, address, at } = question
      const email = canonicalAddress(user.email)
      const { principal, attrs } = principalOf(question)
      const context = only({
        user: value('User', email),
        type,
        task: only({ id: task.id, attested: task.attested }),
        destination:
          destination && only({ url: destination.url, origin: new URL(destination.url).origin, on_service: destination.on_service_origin }),
        address: address === undefined ? undefined : addressOf(address),
        ...(isNamed('time') && { time: only(timeIn(at)) }),
        ...(isNamed('now') && { now: extension('datetime', toRfc3339(at)) }),
      })
      const parents = question.groups.map((name) => entity('Group', name))
      const people: Entity[] = isNamed('user') ? [{ uid: entity('User', email), attrs: only({ domain: requireEmailDomain(email) }), parents }] : []
      const asking: Entity = { uid: principal, attrs: only(attrs), parents: [] }
      return (act, name) => {
        const resource = entity('Scope', `${service.origin} ${name}`)
        const offered: Entity = { uid: resource, attrs: only({ name }), parents: [entity('Service', service.origin)] }
        return { principal, action: entity('Action', act), resource, context, entities: [asking, ...people, offered] }
      }
    },
  }
}

/** Who asks: of which kind they are tells how much of it is somebody else's word. */
function principalOf({ agent, harness }: PolicyQuestion) {
  const { tier, vouched, key_thumbprint } = harness
  const attrs = {
    agent: agent.id,
    harness: harness.id,
    ...(key_thumbprint !== undefined && { key_thumbprint }),
    ...(vouched && { vouched_by: vouched.by }),
  }
  if (tier === 'attested' && vouched) return { principal: entity('Attested', `${vouched.by}#${agent.id}`), attrs }
  if (tier === 'registered' && vouched) return { principal: entity('Registered', vouched.by), attrs }
  return { principal: entity('Unverified', agent.id), attrs }
}

/** An IPv4-mapped address is judged as IPv4. What is no address, as from a proxy that is set up wrong, is none: the engine would refuse the whole question. */
function addressOf(text: string): Value | undefined {
  if (!ipaddr.isValid(text) || text.includes('%')) return undefined
  return extension('ip', ipaddr.process(text).toString())
}

/** The time of day and the day, as they are told in a time zone. */
function clockOf(timeZone: string): (at: number) => Record<string, Value> {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    weekday: 'long',
  })
  return (at) => {
    const parts = Object.fromEntries(format.formatToParts(at * 1000).map(({ type, value: text }) => [type, text]))
    return {
      hour: Number(parts.hour),
      minute: Number(parts.minute),
      weekday: String(parts.weekday).toLowerCase(),
      date: `${parts.year}-${parts.month}-${parts.day}`,
    }
  }
}
