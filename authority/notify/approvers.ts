import { canonicalAddress, emailAddress } from '../../spec/email.ts'
import { readShown } from '../approve/shown.ts'
import { isReached } from '../console/person.ts'
import type { RoleSetting } from '../console/settings.ts'
import type { Approvers } from '../policy/policy.ts'
import { groupsOf, membersOf } from '../store/person-groups.ts'
import type { RequestRow, Tx } from '../store/schema.ts'

type About = Pick<RequestRow, 'user_email' | 'service_origin' | 'shown'>

/**
 * Who is asked to decide a request beside its user: whom policy names, where it names somebody; else the people and the members of the groups to whom the settings give an approver's role that reaches it.
 * A group's members are those whom the provider said to be in it when they last signed in; `@domain` names nobody in particular. At most a hundred.
 */
export const approversOf = async (tx: Tx, roles: RoleSetting[], about: About): Promise<string[]> =>
  (await allApproversOf(tx, roles, about)).slice(0, MOST)

/** A group of thousands would be written to by thousands of mails a request. */
const MOST = 100
const ALL = Number.MAX_SAFE_INTEGER

async function allApproversOf(tx: Tx, roles: RoleSetting[], about: About): Promise<string[]> {
  const { approvers: named } = readShown(about.shown)
  if (named) return namedBy(tx, named)
  const approvers = roles.filter((role) => role.role === 'approver')
  const groups = approvers.some((role) => role.for.groups) ? await groupsOf(tx, about.user_email) : []
  const reaching = approvers.filter((role) => isReached(role.for, { user: about.user_email, groups, service: about.service_origin }))
  const people = reaching.flatMap((role) => role.people ?? []).filter((pattern) => emailAddress.safeParse(pattern).success)
  const members = await membersOf(tx, [...new Set(reaching.flatMap((role) => role.groups ?? []))], MOST)
  return [...new Set([...people.map(canonicalAddress), ...members])]
}

/** The people whom every one of the policies names, themselves or by a group. */
async function namedBy(tx: Tx, named: Approvers[]): Promise<string[]> {
  const limit = named.length === 1 ? MOST : ALL // of whom several must name, all are looked at
  const people = named.map(async ({ who }) => {
    const groups = who.flatMap((name) => (name.startsWith(GROUP) ? [name.slice(GROUP.length)] : []))
    return new Set([...who.filter((name) => !name.startsWith(GROUP) && name.includes('@')), ...(await membersOf(tx, groups, limit))])
  })
  const [first = new Set<string>(), ...others] = await Promise.all(people)
  return [...first].filter((email) => others.every((these) => these.has(email)))
}
const GROUP = 'group:'
