import { toRfc3339 } from '../../spec/time.ts'
import { readShown } from '../approve/shown.ts'
import { visible } from '../approve/visible.ts'
import { shortened } from '../console/pages/page.tsx'
import { isAsking } from '../store/notifications.ts'
import type { Kind } from './settings.ts'
import type { Fact, Told } from './told.ts'

const TYPES: Record<Kind, string> = {
  requested: 'request.created',
  reminder: 'request.reminder',
  approved: 'request.approved',
  denied: 'request.denied',
  expired: 'request.expired',
  canceled: 'request.canceled',
  revoked: 'request.revoked',
}

/** A message for a program of one's own. Never the request's id, which is a capability: `request_ref` names the request. */
export function genericMessage({ kind, at, request, granted }: Fact, told: Told, authority: string): object {
  const shown = readShown(request.shown)
  const { user, service, agent, harness, task } = shown
  return {
    type: TYPES[kind],
    timestamp: toRfc3339(at),
    data: {
      authority,
      request_ref: request.ref,
      ...(told.link !== undefined && { url: told.link }),
      access: request.type,
      user: { email: visible(user.email) },
      service: { origin: service.origin, ...(service.name !== undefined && { name: text(service.name) }) },
      agent: { id: text(agent.id) },
      harness: { id: text(harness.id), tier: harness.tier, ...(harness.vouched && { vouched_by: text(harness.vouched.by) }) },
      task: { id: text(task.id), attested: task.attested, description: told.task.join('\n') },
      scopes: shown.scopes.map(({ name }) => text(name)),
      ...(granted && { granted: granted.map(text) }),
      created_at: toRfc3339(request.created_at),
      expires_at: toRfc3339(request.expires_at),
      ...outcomeOf(request, kind),
    },
  }
}

function outcomeOf({ decided_at, decided_by, reason }: Fact['request'], kind: Kind): object {
  if (isAsking(kind)) return {}
  return {
    ...(decided_at !== null && { decided_at: toRfc3339(decided_at) }),
    ...(decided_by !== null && { decided_by: visible(decided_by) }),
    ...(reason !== null && { reason: text(reason) }),
  }
}

const MOST_CHARS = 256

/** What others wrote, for whoever shows it on: visible, and cut. */
const text = (value: string): string => visible(shortened(value, MOST_CHARS))
