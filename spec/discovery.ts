import type { z } from 'zod'
import { createCache, type Loaded, lifetimeSeconds } from './cache.ts'
import type { Fetch, Now, ResolveTxt } from './effects.ts'
import { asProtocolError, ProtocolError } from './error.ts'
import { ACCEPT } from './keys.ts'
import { hostOf, httpsUrl, parseUrl } from './origin.ts'
import { isServedAsJson, isSuccess, readAnswer } from './peer.ts'
import type { Profile } from './profile.ts'
import type { AuthorityReference, TrustMode } from './wire/configuration.ts'
import { VERSION, Versioned } from './wire/configuration.ts'

const DOCUMENT_SECONDS = { least: 10, most: 3600, otherwise: 300 }
const MAX_TXT_SECONDS = 3600

/** What a name's TXT records say (protocol 2): the table's first three rows; the fourth, `failed`, carries the error that must stop everything. */
export type TextOutcome = { outcome: 'found'; url: string } | { outcome: 'disabled' } | { outcome: 'absent' } | Failed
export type Failed = { outcome: 'failed'; error: ProtocolError }
/** The outcome of enterprise discovery, with the document where there is one. */
export type EnterpriseOutcome<A> = { outcome: 'found'; url: string; document: A } | { outcome: 'disabled' } | { outcome: 'absent' } | Failed

export type DiscoveryDeps = { resolveTxt: ResolveTxt; fetch: Fetch; now: Now; profile: Profile; requireDnssec?: boolean }

/** Reads the TXT records of a name: exactly one distinct value must parse (protocol 2). */
export function readTxt(values: string[], noneParses: boolean): TextOutcome {
  if (values.length === 0) return { outcome: 'absent' }
  const trimmed = values.map((value) => value.replace(/^[ \t]+|[ \t]+$/g, ''))
  const usable = new Set(trimmed.filter((value) => (noneParses && value === 'none') || httpsUrl.safeParse(value).success))
  const [only] = usable
  if (only === undefined) return failed('the TXT record at this name is no https URL: a wildcard record may answer for it')
  if (usable.size > 1) return failed('the TXT records at this name contradict each other')
  return only === 'none' ? { outcome: 'disabled' } : { outcome: 'found', url: only }
}

const failed = (message: string, cause?: unknown): Failed => ({ outcome: 'failed', error: new ProtocolError('discovery_failed', message, { cause }) })

type Authority = { authority: string; trust_mode: TrustMode; jwks_uri?: unknown; endpoints: Record<string, unknown> }
type Service = { service: { origin: string } }

/** Finds Authorities and reads their configuration (protocol 2, 3): through enterprise DNS, or at a pin. */
export function createAuthorityDiscovery<A extends Authority>(d: DiscoveryDeps, schema: z.ZodType<A>) {
  const lookUp = createLookUp(d)
  const read = createReader(d, schema)
  return {
    /** The Enterprise Authority of an e-mail domain. Never throws for what a peer or DNS does: that is `failed`. */
    async enterprise(domain: string): Promise<EnterpriseOutcome<A>> {
      const text = await lookUp(`_agentpass.${domain}`, true)
      if (text.outcome !== 'found') return text
      try {
        const document = await read(text.url)
        requireEnterprise(document, text.url, d.profile)
        return { ...text, document }
      } catch (failure) {
        return { outcome: 'failed', error: asProtocolError(failure) }
      }
    },
    /** The document at a pin, whose identifier must be the pin's. Throws discovery_failed or configuration_invalid. */
    async pinned(pin: AuthorityReference): Promise<A> {
      const document = await read(pin.authority_configuration_url)
      if (document.authority !== pin.authority) throw invalid('the authority configuration names another authority than the one expected')
      return document
    },
  }
}

/** Finds a Service by its origin and reads its configuration (protocol 2). */
export function createServiceDiscovery<S extends Service>(d: DiscoveryDeps, schema: z.ZodType<S>) {
  const lookUp = createLookUp(d)
  const read = createReader(d, schema)
  /** Throws unknown_service where there is no record, discovery_failed or configuration_invalid. */
  return async function service(origin: string): Promise<S> {
    const text = await lookUp(`_agentpass-service.${hostOf(origin)}`, false)
    switch (text.outcome) {
      case 'found': {
        const document = await read(text.url)
        if (document.service.origin !== origin) throw invalid('the service configuration names another origin than the one looked up')
        return document
      }
      case 'failed':
        throw text.error
      case 'absent':
      case 'disabled': // `none` does not parse here, so this is only what the type allows
        throw new ProtocolError('unknown_service', 'this origin publishes no AgentPass service record')
    }
  }
}

/** The endpoints that the protocol knows; what else a document says beside them is ignored (protocol 1). */
const ENDPOINTS = ['issuance', 'issuance_status', 'validate', 'authorization_check', 'authorization_close']

/** The mix-up defence of a document that DNS alone led to (protocol 2). */
function requireEnterprise(document: Authority, url: string, profile: Profile): void {
  const { origin } = new URL(url)
  const hosted = (member: unknown) => typeof member !== 'string' || parseUrl(member.replaceAll('{id}', 'id'))?.origin === origin
  if (document.trust_mode !== 'enterprise') throw invalid('the authority found by enterprise discovery is not an enterprise authority')
  if (!hosted(document.authority)) throw invalid('the enterprise authority is not of the origin that DNS names')
  if (profile === 'hardened' && ![document.jwks_uri, ...ENDPOINTS.map((name) => document.endpoints[name])].every(hosted))
    throw invalid('the enterprise authority has endpoints of another origin than the one that DNS names')
}

/** Looks names up, and reads what their records say (protocol 2): never throws, as an outage is `failed`, too; its error then has a cause. */
export function createLookUp(d: Pick<DiscoveryDeps, 'resolveTxt' | 'now' | 'requireDnssec'>) {
  const answers = createCache<{ text: TextOutcome; authenticated: boolean }>(d.now)
  return async (name: string, noneParses: boolean): Promise<TextOutcome> => {
    try {
      const { text, authenticated } = await answers.get(name, async () => {
        const answer = await d.resolveTxt(name)
        const { values, ttlSeconds } = answer
        return {
          value: { text: readTxt(values, noneParses), authenticated: answer.authenticated },
          ttlSeconds: Math.min(ttlSeconds, MAX_TXT_SECONDS),
        }
      })
      if (d.requireDnssec && !authenticated) return failed('the DNS answer is not authenticated by DNSSEC, which the settings demand')
      return text
    } catch (cause) {
      return failed('the DNS look-up failed', cause)
    }
  }
}

function createReader<D>(d: DiscoveryDeps, schema: z.ZodType<D>) {
  const documents = createCache<D>(d.now)
  return (url: string): Promise<D> => documents.get(url, () => fetchDocument(d, url, schema))
}

async function fetchDocument<D>(d: DiscoveryDeps, url: string, schema: z.ZodType<D>): Promise<Loaded<D>> {
  const response = await d.fetch(url, { headers: { accept: ACCEPT } }).catch((cause) => {
    throw new ProtocolError('discovery_failed', 'the configuration document cannot be fetched', { cause })
  })
  if (!isSuccess(response))
    throw new ProtocolError('discovery_failed', 'the configuration document cannot be fetched', {
      cause: new Error(`${url} answered ${response.status}`),
    })
  if (d.profile === 'hardened' && !isServedAsJson(response)) throw invalid('the configuration document is not served as JSON')
  const body = await readAnswer(response, Versioned).catch((cause) => {
    throw invalid('the configuration document is not JSON with a version', cause)
  })
  requireKnownVersion(body.version)
  const parsed = schema.safeParse(body)
  if (!parsed.success) throw invalid(`the configuration document is not valid: ${parsed.error.issues[0]?.path.join('.') || 'document'}`, parsed.error)
  return { value: parsed.data, ttlSeconds: lifetimeSeconds(response, DOCUMENT_SECONDS) }
}

/** A higher minor of our major works, everything else is refused by name (protocol 1). */
function requireKnownVersion(version: unknown): void {
  const ours = VERSION.split('.')[0]
  const [, major] = (typeof version === 'string' && /^(0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})$/.exec(version)) || []
  if (major !== ours)
    throw invalid(
      `version ${JSON.stringify(version)?.slice(0, 40) ?? '(missing)'} of the configuration document is not supported: this peer speaks ${ours}.x`,
    )
}

const invalid = (message: string, cause?: unknown) => new ProtocolError('configuration_invalid', message, { cause })
