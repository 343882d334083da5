import { isIP } from 'node:net'
import type { ExportedEvent } from './event.ts'

/** The version of the Open Cybersecurity Schema Framework that events are shaped by. */
const SCHEMA_VERSION = '1.3.0'
const OTHER = 99
const [SUCCESS, FAILURE] = [1, 2]
const [INFORMATIONAL, LOW, HIGH] = [1, 2, 4]

type Class = {
  uid: number
  /** What the class asks beside what every event has. */
  fields: (event: ExportedEvent) => object
  /** The members of an event that those say, and that are not told again. */
  homes: string[]
}
type Kind = { class: Class; activity: number | ((event: ExportedEvent) => number | undefined) }

const ACCOUNT_CHANGE: Class = { uid: 3001, fields: (e) => ({ user: userOf(e.user ?? e.by) }), homes: ['user'] }
const AUTHENTICATION: Class = {
  uid: 3002,
  fields: (e) => ({ user: userOf(e.user ?? e.by), service: { name: e.source }, is_remote: true }),
  homes: ['user'],
}
const AUTHORIZE_SESSION: Class = {
  uid: 3003,
  fields: (e) => ({ user: userOf(e.user), privileges: privilegesOf(e), dst_endpoint: endpointOf(e.service ?? e.source) }),
  homes: ['user', 'scope', 'service'],
}
const ENTITY_MANAGEMENT: Class = {
  uid: 3004,
  fields: (e) => ({ entity: { type: e.event, name: text(e.key_name) ?? e.source, uid: text(e.kid ?? e.key_thumbprint) } }),
  homes: ['key_name', 'kid', 'key_thumbprint'],
}
const USER_ACCESS: Class = {
  uid: 3005,
  fields: (e) => ({ user: userOf(e.user), privileges: privilegesOf(e), resource: { name: text(e.service) ?? e.source } }),
  homes: ['user', 'scope', 'service'],
}
const API_ACTIVITY: Class = {
  uid: 6003,
  fields: (e) => ({
    api: {
      operation: text(e.act) ?? e.event,
      service: { name: e.source },
      ...(e.http_request !== undefined && { request: { uid: text(e.http_request) } }),
    },
    dst_endpoint: endpointOf(e.service ?? e.source),
  }),
  homes: ['user', 'act', 'http_request', 'service'],
}

const [CREATE, READ, UPDATE, DELETE] = [1, 2, 3, 4]
const METHODS: Record<string, number> = { GET: READ, HEAD: READ, POST: CREATE, PUT: UPDATE, PATCH: UPDATE, DELETE }
const byMethod = ({ act }: ExportedEvent) => METHODS[text(act)?.split(' ')[0] ?? '']
const byOutcome = (activities: Record<string, number>) => (e: ExportedEvent) => activities[e.outcome]
const [ASSIGN, REVOKE] = [1, 2]
const [LOGON, LOGOFF] = [1, 2]
const [MFA_ENABLE, MFA_DISABLE] = [10, 11]

/** Each kind of event, its class and its activity there. */
const KINDS: Record<string, Kind> = {
  sign_in: { class: AUTHENTICATION, activity: LOGON },
  sign_out: { class: AUTHENTICATION, activity: LOGOFF },
  passkey: { class: ACCOUNT_CHANGE, activity: byOutcome({ added: MFA_ENABLE, removed: MFA_DISABLE }) },
  issuance: { class: API_ACTIVITY, activity: CREATE },
  decision: { class: USER_ACCESS, activity: ASSIGN },
  narrowing: { class: USER_ACCESS, activity: REVOKE },
  revocation: { class: USER_ACCESS, activity: REVOKE },
  close: { class: USER_ACCESS, activity: REVOKE },
  security_event: { class: USER_ACCESS, activity: REVOKE },
  session: { class: USER_ACCESS, activity: REVOKE },
  remembered: { class: USER_ACCESS, activity: byOutcome({ added: ASSIGN, ended: REVOKE }) },
  validation: { class: AUTHORIZE_SESSION, activity: ASSIGN },
  redemption: { class: AUTHORIZE_SESSION, activity: ASSIGN },
  initialization: { class: AUTHORIZE_SESSION, activity: ASSIGN },
  check: { class: API_ACTIVITY, activity: READ },
  push: { class: API_ACTIVITY, activity: UPDATE },
  notification: { class: API_ACTIVITY, activity: UPDATE },
  use: { class: API_ACTIVITY, activity: byMethod },
  call: { class: API_ACTIVITY, activity: byMethod },
  task: { class: API_ACTIVITY, activity: byOutcome({ started: CREATE, ready: UPDATE, opened: UPDATE, ended: DELETE }) },
  registration: { class: ENTITY_MANAGEMENT, activity: byOutcome({ added: CREATE, removed: DELETE }) },
  key_rotation: { class: ENTITY_MANAGEMENT, activity: byOutcome({ published: CREATE, signing: UPDATE, removed: DELETE }) },
  audit_head: { class: ENTITY_MANAGEMENT, activity: CREATE },
  restored: { class: ENTITY_MANAGEMENT, activity: UPDATE },
  policy: { class: ENTITY_MANAGEMENT, activity: UPDATE },
}
const UNKNOWN: Kind = { class: API_ACTIVITY, activity: OTHER }

/** What every event has a place for, whatever its class. */
const COMMON_HOMES = ['at', 'event', 'outcome', 'id', 'seq', 'source', 'code', 'by', 'address', 'agent', 'authorization_id']
const FAILED = /^(?:refused|denied|canceled|expired|failed|lost|given up|voided|unreadable)$/

/** Shapes events of a kind of party as OCSF events. What has no place there is in `unmapped`. */
export const createOcsf =
  (party: string) =>
  (e: ExportedEvent): object => {
    const { class: ofClass, activity } = Object.hasOwn(KINDS, e.event) ? (KINDS[e.event] ?? UNKNOWN) : UNKNOWN
    const activityId = (typeof activity === 'number' ? activity : activity(e)) ?? OTHER
    const homes = [...COMMON_HOMES, ...ofClass.homes]
    return {
      ...classification(ofClass.uid, activityId, e),
      time: e.at * 1000,
      ...judgement(e),
      message: `${e.event}: ${e.outcome}`,
      metadata: {
        version: SCHEMA_VERSION,
        product: { name: `AgentPass ${party}`, vendor_name: 'AgentPass' },
        ...{ uid: e.id, sequence: e.seq, log_name: 'audit', log_provider: e.source, event_code: e.event },
        ...(e.authorization_id !== undefined && { correlation_uid: text(e.authorization_id) }),
      },
      actor: actorOf(e),
      src_endpoint: sourceOf(e),
      ...ofClass.fields(e),
      unmapped: Object.fromEntries(Object.entries(e).filter(([member]) => !homes.includes(member))),
    }
  }

const classification = (classUid: number, activityId: number, { event }: ExportedEvent) => ({
  category_uid: Math.floor(classUid / 1000),
  class_uid: classUid,
  activity_id: activityId,
  ...(activityId === OTHER && { activity_name: event }),
  type_uid: classUid * 100 + activityId,
})

function judgement({ outcome, code }: ExportedEvent) {
  const failed = FAILED.test(outcome)
  return {
    severity_id: outcome === 'unreadable' ? HIGH : failed ? LOW : INFORMATIONAL,
    status_id: failed ? FAILURE : SUCCESS,
    status_detail: outcome,
    ...(code !== undefined && { status_code: text(code) }),
  }
}

/** Who did it: a person where one is known, and the program by which they did. */
function actorOf(e: ExportedEvent) {
  const person = e.by ?? e.user
  const app = text(e.agent ?? e.service ?? e.authority)
  return { ...(person !== undefined && { user: userOf(person) }), ...((app !== undefined || person === undefined) && { app_name: app ?? e.source }) }
}

const sourceOf = (e: ExportedEvent) => {
  const address = text(e.address)
  return address !== undefined && isIP(address) !== 0 ? { ip: address } : endpointOf(address ?? e.harness ?? e.agent ?? e.service ?? e.source)
}
const endpointOf = (name: unknown) => ({ name: text(name) ?? 'unknown' })

function userOf(value: unknown) {
  const name = text(value)
  if (name === undefined) return { name: 'unknown', type_id: 0 }
  return name.includes('@') ? { name, email_addr: name, type_id: 1 } : { name, type_id: OTHER }
}

/** The class demands some, and not every event names them. */
const privilegesOf = ({ scope }: ExportedEvent): unknown => (Array.isArray(scope) && scope.length > 0 ? scope : ['unspecified'])

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
