import { isIP, type LookupFunction } from 'node:net'

/** Whether a host is this machine; `hosts` are addresses of names that no DNS knows. */
export const isLoopback = (host: string, hosts: Record<string, string>) => /^(127\.|\[?::1\]?$|localhost$)/.test(hosts[host] ?? host)

/** The same URL, host and certificate name at another address. */
export function elsewhere(at: string, target: URL) {
  const [host = '', port = ''] = at.split(/:(?=\d+$)/)
  return { host, hostname: host, port: Number(port), servername: target.hostname } // of a URL the name comes first
}

/** Looks names up among `hosts`, then as the machine does; localhost is 127.0.0.1 unless `hosts` say otherwise. */
export function lookupIn(hosts: Record<string, string>): LookupFunction {
  return (host, options, callback) => {
    const known = hosts[host] ?? (host === 'localhost' || host.endsWith('.localhost') ? '127.0.0.1' : undefined)
    if (known === undefined) return void import('node:dns').then(({ lookup }) => lookup(host, options, callback))
    if (options.all) return callback(null, [{ address: known, family: isIP(known) }])
    callback(null, known, isIP(known))
  }
}
