/** What a person can do about a peer that gave no answer, by the code of an error: Node's, undici's, and those of our own DNS and guard. */
const REMEDIES: [RegExp, string][] = [
  [/^EAI_AGAIN$/, 'DNS does not answer: check the network, or name other servers in network.dns_servers or AGENTPASS_RESOLVER'],
  [/^ENOTFOUND$/, 'the name has no address: check how it is spelled'],
  [
    /^ERR_PRIVATE_ADDRESS$/,
    'nobody is contacted in a private network, unless it is named in network.allow_private or AGENTPASS_ALLOW_PRIVATE: is it yours?',
  ],
  [/^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/, "the certificate is out of date by this machine's clock: check that, then tell the peer's operators"],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, "the certificate is for another name: check the URL, then tell the peer's operators"],
  [
    /^(?:CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/,
    'the certificate is of nobody this machine trusts: where it is to be trusted, name the PEM file of its issuer in network.ca_file or AGENTPASS_CA',
  ],
  [/^(?:ECONN|EHOST|ENET|EPIPE|ETIMEDOUT|UND_ERR_)/, "nobody answers there: check that the peer is up, and this machine's network"],
]

/** How to reach a peer that could not be reached; undefined where the failure does not say why. */
export function remedyFor(failure: unknown): string | undefined {
  if (!(failure instanceof Error)) return undefined
  const code = 'code' in failure ? String(failure.code) : ''
  return REMEDIES.find(([pattern]) => pattern.test(code))?.[1] ?? remedyFor(failure.cause)
}
