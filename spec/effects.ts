/** Whole seconds since 1970-01-01 UTC, the unit of `iat` and `exp` (RFC 7519 §2). */
export type Now = () => number
/** Unguessable text carrying the given number of random bytes, base64url. */
export type Random = (bytes: number) => string
/** Ends after the given time, or rejects with the signal's reason when it is aborted first. */
export type Wait = (ms: number, signal?: AbortSignal) => Promise<void>
/** What DNS says of a name: each record's strings joined; an absent name or type has no values. `authenticated` is a validating resolver's word. */
export type TxtAnswer = { values: string[]; ttlSeconds: number; authenticated: boolean }
/** Looks a TXT name up. An outage, a refusal or a malformed answer throws: it must never look like absence. */
export type ResolveTxt = (name: string) => Promise<TxtAnswer>
/** Web-standard fetch; tests pass a Hono app's `request`. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>
