/** What lies between the published 0.1 draft and what our parties say: message by message, member by member. */

export type Party = 'Harness' | 'Service' | 'Authority'
/** `from` says it, `to` reads it. */
type Message = { from: Party; to: Party; draft: string; hardening?: string; ours?: string }

/**
 * Every message and signed object, by its members: those of the published draft [B], those of its hardening revision [H], and our extensions [X].
 * A member that is named stands for all within it; `alg`, `kid` and `typ` are a signed object's header. Not repeated here: that a body says what it is
 * (`Content-Type`), and a signed object which kind it is (`typ`), is [H] of all of them.
 */
const MESSAGES = {
  'Service configuration': {
    from: 'Service',
    to: 'Harness',
    draft: `version kind service.origin service.name jwks_uri trust.trusted_federated_authorities trust.service_authority endpoints.resolve_authorities
      endpoints.available_scopes endpoints.redeem_browser_session endpoints.redeem_bearer_token`,
    ours: 'endpoints.security_events endpoints.revoke',
  },
  'Service keys': { from: 'Service', to: 'Authority', draft: 'keys' },
  'Authority configuration': {
    from: 'Authority',
    to: 'Service',
    draft: `version authority trust_mode jwks_uri endpoints.issuance endpoints.issuance_status endpoints.validate endpoints.authorization_check
      policy.allow_service_authorities approval.modes approval.default_ttl_seconds`,
    hardening: 'endpoints.authorization_close',
  },
  'Authority keys': { from: 'Authority', to: 'Service', draft: 'keys' },

  'resolution request': { from: 'Harness', to: 'Service', draft: 'user.email' },
  'resolution answer': { from: 'Service', to: 'Harness', draft: 'enterprise_authority service_authority trusted_federated_authorities' },

  'issuance request': {
    from: 'Harness',
    to: 'Authority',
    draft: `type service.origin user.email harness.id harness.cnf.jwk harness.attestation.jwt task.id task.description task.attestation.jwt
      intent.destination_url`,
    ours: 'delegation',
  },
  'issuance status': {
    from: 'Authority',
    to: 'Harness',
    draft: 'id status type expires_at poll_after_ms reason links.self agentpass.type agentpass.value',
    ours: 'links.events links.approval approval_number',
  },
  'scopes request': { from: 'Authority', to: 'Service', draft: 'user.email agent.id task.id task.description' },
  'scopes answer': { from: 'Service', to: 'Authority', draft: 'scopes' },

  'bearer redemption': {
    from: 'Harness',
    to: 'Service',
    draft: 'agentpass.type agentpass.value authority user.email harness_proof.jwt requested_scope',
    ours: 'token_types',
  },
  'bearer grant': { from: 'Service', to: 'Harness', draft: 'bearer_token scope expires_in', ours: 'token_type' },
  'browser redemption': {
    from: 'Harness',
    to: 'Service',
    draft: 'agentpass.type agentpass.value authority user.email harness_proof.jwt requested_scope',
    ours: 'initialization_methods',
  },
  'browser grant': { from: 'Service', to: 'Harness', draft: 'initialization_url expires_at one_time', hardening: 'initialization_request' },

  'validation request': { from: 'Service', to: 'Authority', draft: 'agentpass.value' },
  'validation answer': {
    from: 'Authority',
    to: 'Service',
    draft: 'authorization_id user.email agent.id scope type destination_url cnf.jwk task.id task.description task.attested',
    hardening: 'authorization_expires_at',
    ours: 'harness act',
  },
  'check request': { from: 'Service', to: 'Authority', draft: 'authorization_id' },
  'check answer': { from: 'Authority', to: 'Service', draft: 'scope', hardening: 'authorization_expires_at' },
  'close request': { from: 'Service', to: 'Authority', draft: '', hardening: 'authorization_id action reason' },
  'close answer': { from: 'Authority', to: 'Service', draft: '', hardening: 'status closed_at' },

  'service assertion': { from: 'Service', to: 'Authority', draft: 'alg kid iss aud iat exp', hardening: 'jti' },
  'authority assertion': { from: 'Authority', to: 'Service', draft: 'alg kid iss aud iat exp', hardening: 'jti' },
  'holder proof': { from: 'Harness', to: 'Service', draft: 'alg iss aud iat exp jti', hardening: 'htm htu aph' },
  'task attestation': { from: 'Harness', to: 'Authority', draft: 'alg iss task_id task_description_hash iat exp' },
  'harness attestation': { from: 'Harness', to: 'Authority', draft: 'alg kid iss sub cnf.jwk iat exp' },
} as const satisfies Record<string, Message>
export type MessageName = keyof typeof MESSAGES

/** Addresses that the published draft does not have: whoever has one that another knows. */
const ADDRESSES = {
  'POST /authorization/close': { mark: 'H', of: 'Authority' }, // endpoints.authorization_close
  'GET /issuance/{id}/events': { mark: 'X', of: 'Authority' }, // links.events
  'DELETE /issuance/{id}': { mark: 'X', of: 'Authority' },
  'POST /agentpass/initialize': { mark: 'H', of: 'Service' }, // initialization_request
  'POST /agentpass/security-events': { mark: 'X', of: 'Service' }, // endpoints.security_events
  'POST /agentpass/revoke': { mark: 'X', of: 'Service' }, // endpoints.revoke
} as const

/** Members that another reads than those beside them. */
const READERS: Record<string, Party> = { 'endpoints.security_events': 'Authority' }

const words = (text = ''): string[] => text.split(/\s+/).filter((word) => word !== '')
const rows = Object.entries<Message>(MESSAGES)
const isSigned = ({ draft }: Message): boolean => words(draft).includes('alg')

/** A member beyond the published draft: who says it, and who understands it; of a media type and within a signed object nobody has to. */
export type Beyond = { mark: 'H' | 'X'; message: string; member: string; from: Party; to: Party | undefined }
export const BEYOND: Beyond[] = rows.flatMap(([message, said]) => {
  const { from, to, hardening, ours } = said
  const marked = (mark: 'H' | 'X', members: string | undefined) =>
    words(members).map((member) => ({ mark, message, member, from, to: isSigned(said) ? undefined : (READERS[member] ?? to) }))
  const kind = { mark: 'H' as const, message, member: isSigned(said) ? 'typ' : 'Content-Type', from, to: undefined }
  return [kind, ...marked('H', hardening), ...marked('X', ours)]
})

/** The members of the published draft. */
export const draftMembers = (message: MessageName): string[] => words(MESSAGES[message].draft)

/** Whose an address is that the published draft does not have; undefined for all others. */
export const beyondDraft = (address: string): Party | undefined => Object.entries(ADDRESSES).find(([known]) => known === address)?.[1].of
