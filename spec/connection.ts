/** Headers of one connection: they end with it, both ways. */
const OF_ONE_CONNECTION = /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/

/** What of a message's headers is for whoever is beyond this connection (RFC 9110 §7.6.1): not those of the connection, nor those that `Connection` names. */
export function beyondThisConnection(headers: Headers): [string, string][] {
  const named = (headers.get('connection') ?? '').toLowerCase().split(/[\s,]+/)
  return [...headers].filter(([name]) => !OF_ONE_CONNECTION.test(asVariable(name)) && !named.includes(name))
}

/** A name as an app reads it whose server hands headers on as variables: `_`, `.` and the like are then one with `-`. */
export const asVariable = (name: string): string => name.replace(/[^a-z\d]/g, '-')
