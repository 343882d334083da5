/** What can be shown to anybody of what went over the wire. */
export type Shown = string | number | boolean | null | Shown[] | { [member: string]: Shown }

/** Stands for a value that is secret, or that nobody has said is not. */
export const NOT_SHOWN = '‹not shown›'

const words = (text: string): string[] => text.trim().split(/\s+/)

/** The members whose text may be shown: whatever the protocol may carry some day is secret until it is listed here. */
const PUBLIC = new Set([
  ...words('version kind origin name trust_mode authority authority_configuration_url jwks_uri modes'),
  ...words('issuance issuance_status validate authorization_check authorization_close'),
  ...words('resolve_authorities available_scopes redeem_browser_session redeem_bearer_token security_events revoke'),
  ...words('email type description destination_url status reason expires_at scope requested_scope authorization_id authorization_expires_at'),
  ...words('action closed_at code message method token_type token_types initialization_methods'),
  ...words('kty crv x y n e kid use alg key_ops typ iss aud sub jti htm htu aph task_id task_description_hash'),
])
/** Whose `id` is a name. The id of a request is a capability. */
const NAMED = new Set(['agent', 'harness', 'task'])

/** A value as it may be shown, by the name of its member and of the object that has it. A JWT becomes its header and claims, without the signature. */
export function redact(value: unknown, member = '', owner = ''): Shown {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map((element: unknown) => redact(element, member, owner))
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, inner]: [string, unknown]) => [name, redact(inner, name, member)]))
  if (typeof value !== 'string') return NOT_SHOWN
  if (member === 'jwt') return readJwt(value) ?? NOT_SHOWN
  const isPublic = PUBLIC.has(member) || (member === 'id' && NAMED.has(owner))
  return isPublic && !/\beyJ[\w-]+\.[\w-]+\./.test(value) ? value : NOT_SHOWN
}

/** A JWT's header and claims as they may be shown; undefined for what is none. */
export function readJwt(jwt: string): Shown | undefined {
  const [header, claims, signature, ...more] = jwt.split('.')
  if (!header || !claims || !signature || more.length > 0) return undefined
  const read = (part: string) => redact(JSON.parse(Buffer.from(part, 'base64url').toString()))
  try {
    return { header: read(header), claims: read(claims), signature: NOT_SHOWN }
  } catch {
    return undefined // three words with dots between them
  }
}

/** A JSON body as it may be shown. */
export function readShown(text: string): Shown {
  try {
    return redact(JSON.parse(text))
  } catch {
    return NOT_SHOWN
  }
}

/** A URL as it may be shown: without query and fragment, and without what is no word in its path, as that may be a capability. */
export function shownUrl(url: string): string {
  const { origin, pathname, search, hash } = new URL(url)
  const path = pathname.split('/').map((segment) => (segment.length < 16 || /^[a-z]+([-_.][a-z]+)*$/.test(segment) ? segment : '…'))
  return `${origin}${path.join('/')}${search && '?…'}${hash && '#…'}`
}
