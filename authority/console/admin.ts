import { ProtocolError } from '../../spec/error.ts'
import { type AuditEvent, noteRefusal } from '../../spec/node/audit.ts'
import type { ConsoleDeps } from './console.ts'
import type { Person } from './person.ts'

/** Throws forbidden for whoever is neither auditor nor admin. */
export function requireReader({ reads }: Person): void {
  if (!reads) throw new ProtocolError('forbidden', 'this page is for auditors and admins')
}

/** Does what only an admin may; when it is refused, the audit trail says so. Throws forbidden, and what `act` throws. */
export const byAdmin = <T>(
  d: Pick<ConsoleDeps, 'audit'>,
  person: Person,
  about: Omit<AuditEvent, 'outcome' | 'by'>,
  act: (by: string) => Promise<T>,
): Promise<T> =>
  noteRefusal(d.audit, { ...about, by: person.email }, async () => {
    if (!person.administers) throw new ProtocolError('forbidden', 'only an admin may do that')
    return act(person.email)
  })
