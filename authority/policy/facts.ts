import ipaddr from 'ipaddr.js'
import { canonicalAddress, requireEmailDomain } from '../../spec/email.ts'
import { toRfc3339 } from '../../spec/time.ts'
import { voucherOf } from '../approve/shown.ts'
import { wellFormed } from './classes.ts'
import type { Act } from './compile.ts'
import type { Engine } from './engine.ts'
import type { PolicyQuestion } from './policy.ts'

type Asking = Omit<Parameters<Engine['statefulIsAuthorized']>[0], 'preparsedPolicySetId'>
/** A question as the engine is asked it: whether an act on one scope is permitted. */
export type Call = Asking & { act: Act }
type Entity = Asking['entities'][number]
type Value = Asking['context'][string]

/** Puts questions before the engine in the words of the schema. `asksGroups`: whether any policy speaks of groups. */
export type Facts = { asksGroups: boolean; of: (question: PolicyQuestion) => (act: Act, scope: string) => Call }

/** Half a character, as JSON can have it, is the replacement character: the engine reads no other text. */
const text = wellFormed
const entity = (type: string, id: string) => ({ type: `AgentPass::${type}`, id: text(id) })
const value = (type: string, id: string): Value => ({ __entity: entity(type, id) })
const extension = (fn: string, arg: string): Value => ({ __extn: { fn, arg } })

/**
 * What a policy file is told. Of the facts that the schema names, those whose word does not occur in the file are left out: to hand one over costs the engine more than to decide.
 * The file was validated strictly, so no policy can miss what it does not name.
 */
export function factsOf(file: string, timeZone: string): Facts {
  const words = new Set(file.match(/\w+/g))
  const isNamed = /\\[ux]/.test(file) ? () => true : (word: string) => words.has(word) // an attribute may be named by escapes
  const only = (facts: Record<string, Value | undefined>): Record<string, Value> =>
    Object.fromEntries(Object.entries(facts).flatMap(([name, fact]) => (fact !== undefined && isNamed(name) ? [[name, fact]] : [])))
  const timeIn = clockOf(timeZone)
  const contextOf = ({ user, task, type, destination, address, at }: PolicyQuestion) =>
    only({
      user: value('User', canonicalAddress(user.email)),
      type,
      task: only({ id: text(task.id), attested: task.attested }),
      destination: destination && only(aboutDestination(destination)),
      address: address === undefined ? undefined : addressOf(address),
      time: isNamed('time') ? only(timeIn(at)) : undefined,
      now: isNamed('now') ? extension('datetime', toRfc3339(at)) : undefined,
    })
  return {
    asksGroups: isNamed('Group'),
    of(question) {
      const { service, user, groups } = question
      const email = canonicalAddress(user.email)
      const { principal, attrs } = principalOf(question)
      const people = [
        { uid: principal, attrs: only(attrs), parents: [] },
        { uid: entity('User', email), attrs: only({ domain: requireEmailDomain(email) }), parents: groups.map((name) => entity('Group', name)) },
      ].filter((one) => one.parents.length > 0 || Object.keys(one.attrs).length > 0)
      const context = contextOf(question)
      return (act, name) => {
        const resource = entity('Scope', `${service.origin} ${name}`)
        const offered: Entity = { uid: resource, attrs: only({ name: text(name) }), parents: [entity('Service', service.origin)] }
        return { act, principal, action: entity('Action', act), resource, context, entities: [...people, offered] }
      }
    },
  }
}

const aboutDestination = ({ url, on_service_origin }: { url: string; on_service_origin: boolean }) => ({
  url: text(url),
  origin: new URL(url).origin,
  on_service: on_service_origin,
})

/** Who asks: of which kind they are tells how much of it is somebody else's word. */
function principalOf({ agent, harness }: PolicyQuestion) {
  const { tier, vouched, key_thumbprint } = harness
  const attrs = {
    agent: text(agent.id),
    harness: text(harness.id),
    ...(key_thumbprint !== undefined && { key_thumbprint }),
    ...(vouched && { vouched_by: text(voucherOf(vouched)) }),
  }
  if (tier === 'attested' && vouched) return { principal: entity('Attested', `${voucherOf(vouched)}#${agent.id}`), attrs }
  if (tier === 'registered' && vouched) return { principal: entity('Registered', vouched.by), attrs }
  return { principal: entity('Unverified', agent.id), attrs }
}

/** An IPv4-mapped address is judged as IPv4. What is no address, as from a proxy that is set up wrong, is none: the engine would refuse the whole question. */
function addressOf(address: string): Value | undefined {
  if (!ipaddr.isValid(address) || address.includes('%')) return undefined
  return extension('ip', ipaddr.process(address).toString())
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
  let known: { minute: number; told: Record<string, Value> } | undefined
  return (at) => {
    const minute = Math.floor(at / 60)
    if (known?.minute === minute) return known.told
    const parts = Object.fromEntries(format.formatToParts(at * 1000).map(({ type, value: part }) => [type, part]))
    const told = {
      hour: Number(parts.hour),
      minute: Number(parts.minute),
      weekday: String(parts.weekday).toLowerCase(),
      date: `${parts.year}-${parts.month}-${parts.day}`,
    }
    known = { minute, told }
    return told
  }
}
