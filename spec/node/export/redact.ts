import type { ExportedEvent } from './event.ts'
import type { PseudonymOf } from './pseudonyms.ts'

/** The members that name a person. */
const PEOPLE = ['user', 'by', 'approvers']

/** The events whose reason is not what somebody said, but our own text, with names in it: whom nobody could write to, for whom a pass was redeemed, what a policy file has for an address. */
const NAMED_IN_REASON = ['notification', 'redemption', 'policy']

/** Where one of these is kept back, a person is not named elsewhere either: not among the approvers, not in what their passkey signed, not in a reason of ours. */
function hidePeople(event: ExportedEvent, pseudonymOf: PseudonymOf | undefined): void {
  if (!pseudonymOf) delete event.approvers
  else if (Array.isArray(event.approvers)) event.approvers = event.approvers.map(pseudonymOf)
  delete event.passkey
  if (NAMED_IN_REASON.includes(event.event)) delete event.reason
}

/** Leaves members out of an event, and puts pseudonyms for others. */
export function redact(
  event: ExportedEvent,
  { omit, pseudonymize }: { omit: string[]; pseudonymize: string[] },
  pseudonymOf: PseudonymOf,
): ExportedEvent {
  const redacted = { ...event }
  const isHidden = (members: string[]) => PEOPLE.some((member) => members.includes(member))
  if (isHidden(omit) || isHidden(pseudonymize)) hidePeople(redacted, isHidden(pseudonymize) ? pseudonymOf : undefined)
  for (const member of pseudonymize) {
    const value = redacted[member]
    if (value !== undefined && member !== 'approvers') redacted[member] = Array.isArray(value) ? value.map(pseudonymOf) : pseudonymOf(value)
  }
  for (const member of omit) delete redacted[member]
  return redacted
}
