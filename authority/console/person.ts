import { isMeant } from '../../spec/email.ts'
import type { For, Reach } from '../store/reach.ts'
import type { RoleSetting } from './settings.ts'

/** Who somebody is, as the provider says. `email` is in the form in which addresses are compared. */
export type Identity = { email: string; name: string | undefined; groups: string[] }
/** Somebody who is signed in, and how far they reach. */
export type Person = Identity & {
  roles: ('requester' | 'approver' | 'auditor' | 'admin')[]
  /** Whose requests they may decide. */
  decides: Reach
  /** Whose requests and authorizations they may look at. */
  sees: Reach
  /** Whose authorizations they may end. */
  ends: Reach
  /** Whether the audit trail, the registered keys and the settings are shown to them. */
  reads: boolean
  /** Whether they register keys and end the sessions of others. */
  administers: boolean
}

/**
 * What the settings let somebody do: their own requests always, and what their roles add. Nobody decides for being an admin or an auditor.
 * `isNamed`: policies may name people, who then see and decide what they are named for.
 */
export function personOf(identity: Identity, settings: RoleSetting[], { isNamed }: { isNamed: boolean }): Person {
  const given = settings.filter((role) => isGiven(role, identity))
  const others = given.flatMap((role): For[] =>
    role.role === 'approver' ? [{ users: role.for.users, groups: role.for.groups, services: role.for.services }] : [],
  )
  const administers = given.some(({ role }) => role === 'admin')
  const reads = administers || given.some(({ role }) => role === 'auditor')
  const named = isNamed ? [identity.email, ...identity.groups.map((name) => `group:${name}`)] : undefined
  const decides: Reach = { own: identity.email, others, named }
  const roles = [...new Set(['requester' as const, ...given.map(({ role }) => role)])]
  return { ...identity, roles, decides, sees: reads ? 'all' : decides, ends: administers ? 'all' : decides, reads, administers }
}

/** For whom somebody decides, as a role says it. What is undefined is any. */
type RoleFor = { users?: string[] | undefined; groups?: string[] | undefined; services?: string[] | undefined }
/** A request, by what roles look at: its user, the groups that they are in, and its Service. */
export type Whose = { user: string; groups: string[]; service: string }

/** Whether a role reaches a request. `isWithin` of the store says the same of rows. */
export function isReached({ users, groups, services }: RoleFor, whose: Whose): boolean {
  if (services && !services.includes(whose.service)) return false
  if (!users && !groups) return true
  return (users ?? []).some((pattern) => isMeant(pattern, whose.user)) || (groups ?? []).some((name) => whose.groups.includes(name))
}

/** Whether somebody may decide a request: their own, or one that a role of theirs reaches. */
export const mayDecide = (identity: Pick<Identity, 'email' | 'groups'>, settings: RoleSetting[], whose: Whose): boolean =>
  identity.email === whose.user || settings.some((role) => role.role === 'approver' && isGiven(role, identity) && isReached(role.for, whose))

const isGiven = ({ people = [], groups = [] }: RoleSetting, identity: Pick<Identity, 'email' | 'groups'>): boolean =>
  people.some((pattern) => isMeant(pattern, identity.email)) || groups.some((name) => identity.groups.includes(name))
