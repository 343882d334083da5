import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import { emailDomain } from '../../spec/email.ts'

/** Whose requests somebody reaches: those of users, by address or `@domain`, and of whoever is in a group, at Services. What is undefined is any. */
export type For = { users: string[] | undefined; groups: string[] | undefined; services: string[] | undefined }
/** Whose requests somebody may see, or decide: all, or their own, those of others, and those for which policy names them, as `request_approver` does. */
export type Reach = 'all' | { own: string; others: For[]; named?: string[] | undefined }

/** Whether a row of `request` is within reach, as SQL: what is out of reach is never read. */
export function isWithin(reach: Reach): Expression<SqlBool> {
  if (reach === 'all') return sql`1 = 1`
  const named = reach.named ? [sql<SqlBool>`request.ref in (select ref from request_approver where who in (${sql.join(reach.named)}))`] : []
  if (reach.others.length === 0) return anyOf([sql`request.user_email = ${reach.own}`, ...named])
  return anyOf([sql`${USER} = ${reach.own}`, ...reach.others.map(isOf), ...named])
}

/** No index is looked up by it: whoever reaches many is served by a walk in the order of the list, and not by gathering and sorting all that is theirs. */
const USER = sql<string>`(request.user_email || '')`

function isOf({ users, groups, services }: For): RawBuilder<SqlBool> {
  const whose: RawBuilder<SqlBool>[] = []
  for (const pattern of users ?? []) whose.push(isUser(pattern))
  if (groups) whose.push(sql`${USER} in (select email from person_group where name in (${sql.join(groups)}))`)
  const whosever = users || groups ? anyOf(whose) : sql<SqlBool>`1 = 1`
  return services ? sql`(${whosever} and request.service_origin in (${sql.join(services)}))` : whosever
}

/** An address is compared in canonical form, byte for byte; a domain is what follows the last `@`. */
function isUser(pattern: string): RawBuilder<SqlBool> {
  const domain = `@${emailDomain(pattern)}`
  const local = pattern.slice(0, pattern.lastIndexOf('@'))
  if (local !== '') return sql`${USER} = ${local + domain}`
  return sql`substr(request.user_email, length(request.user_email) - ${domain.length - 1}) = ${domain}`
}

const anyOf = (conditions: RawBuilder<SqlBool>[]): RawBuilder<SqlBool> => sql`(${sql.join(conditions, sql` or `)})`
