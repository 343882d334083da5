import { createLookUp, type DiscoveryDeps, type TextOutcome } from '../../spec/discovery.ts'
import { requireEmailDomain } from '../../spec/email.ts'
import { hostOf } from '../../spec/origin.ts'
import { discard, isSuccess, postMessage } from '../../spec/peer.ts'
import type { AuthorityForHarness, AuthorityReference, ServiceForHarness } from '../../spec/wire/configuration.ts'
import { refusalOf } from '../answer.ts'
import { describeSkew, SET_CLOCK, secondsAhead } from '../clock.ts'
import { discoverAuthority, discoverService } from '../discover.ts'
import { type At, failAt, failToReach, TripFailure } from '../failure.ts'
import { type ChooseAuthority, resolveAuthority } from '../resolve.ts'
import type { Hops } from './hops.ts'

/** Looks at a Service from here: DNS, its record, its certificate, its clock, its document (protocol 2). `servers` are who is asked for names. Throws FailedHop. */
export async function examineService({ look }: Hops, d: DiscoveryDeps, service: string, servers: string): Promise<ServiceForHarness> {
  const at = { step: 'discover' as const, peer: service }
  const record = `_agentpass-service.${hostOf(service)}`
  const text = await look(
    'service dns',
    async () => requireAnswered(await createLookUp(d)(record, false), at),
    () => `${servers} answered for ${record}`,
  )
  const url = await look(
    'service record',
    async () => requireUrl(text, record, at),
    (found) => `${record} leads to ${found}`,
  )
  await examineHost({ look }, d, { name: 'service', url, at })
  return look(
    'service document',
    () => discoverService(d, service),
    (document) => `${document.service.name ?? service} is a service of AgentPass`,
  )
}

export type Deciding = { user: string; authority?: string; chooseAuthority: ChooseAuthority }

/** Looks at who decides for a user at that Service: whom it names, and whether they can be asked (protocol 3, 4). Nothing is asked for. Throws FailedHop. */
export async function examineAuthority({ look, note }: Hops, d: DiscoveryDeps, service: ServiceForHarness, deciding: Deciding): Promise<void> {
  const { user, chooseAuthority } = deciding
  const record = `_agentpass.${requireEmailDomain(user)}`
  await note('user record', `${describeText(await createLookUp(d)(record, true), record)}; what counts is how the service sees it`)
  const reference = await look(
    'resolution',
    () => resolveAuthority({ fetch: d.fetch, chooseAuthority }, service, deciding),
    ({ authority }) => `${authority} decides for ${user}`,
  )
  const at = { step: 'resolve' as const, peer: reference.authority }
  await examineHost({ look }, d, { name: 'authority', url: reference.authority_configuration_url, at })
  const authority = await look(
    'authority document',
    () => discoverAuthority(d, reference),
    (document) => `${reference.authority} is of the kind ${document.trust_mode}`,
  )
  await look(
    'issuance',
    () => knock(d, authority, reference),
    () => `${authority.endpoints.issuance} takes requests`,
  )
}

/** An outage is DNS's; what is wrong with the records themselves comes after. */
const requireAnswered = (text: TextOutcome, at: At): TextOutcome =>
  text.outcome === 'failed' && text.error.cause !== undefined ? failToReach(at, 'check the network and its DNS servers')(text.error) : text

function requireUrl(text: TextOutcome, record: string, at: At): string {
  switch (text.outcome) {
    case 'found':
      return text.url
    case 'failed':
      return failAt(at, 'tell the operators of the service: they publish that record')(text.error)
    case 'absent':
    case 'disabled': // `none` does not parse there
      throw new TripFailure(at, `${record} has no TXT record`, 'check the service URL; the service may not know AgentPass: ask its operators')
  }
}

function describeText(text: TextOutcome, record: string): string {
  switch (text.outcome) {
    case 'found':
      return `${record} leads to ${text.url}`
    case 'disabled':
      return `${record} says none: delegation is switched off`
    case 'absent':
      return `${record} has no TXT record: the service says who decides`
    case 'failed':
      return `${record}: ${text.error.message}`
  }
}

type Host = { name: string; url: string; at: At }

async function examineHost({ look }: Pick<Hops, 'look'>, d: DiscoveryDeps, { name, url, at }: Host): Promise<void> {
  const response = await look(
    `${name} tls`,
    () => d.fetch(url).catch(failToReach(at, `check that ${new URL(url).host} is up`)),
    () => `${new URL(url).host} answers, with a certificate that this machine trusts`,
  )
  await discard(response)
  await look(
    `${name} clock`,
    async () => requireClock(response, at, d.now()),
    (ahead) => (ahead === undefined ? `${at.peer} does not say what time it is` : `${Math.abs(ahead)} s apart from that of ${at.peer}`),
  )
}

function requireClock(response: Response, at: At, now: number): number | undefined {
  const skew = describeSkew(response, at.peer, now)
  if (skew !== undefined) throw new TripFailure(at, skew, `${SET_CLOCK}; if it is right, tell the operators of ${at.peer}`)
  return secondsAhead(response, now)
}

/** What is no request at all is refused as that by an Authority that takes requests, and leaves nothing behind there. */
async function knock({ fetch }: DiscoveryDeps, authority: AuthorityForHarness, { authority: peer }: AuthorityReference): Promise<void> {
  const at = { step: 'issue' as const, peer }
  const response = await postMessage(fetch, authority.endpoints.issuance, {}).catch(failToReach(at, 'check that the authority is up'))
  if (isSuccess(response)) throw new TripFailure(at, 'the authority took for a request what is none', 'tell its operators')
  if (response.status !== 400 && response.status !== 422) throw await refusalOf(response, at)
  await discard(response)
}
