import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { expectAnswer, expectStatus } from '../actors/client.ts'
import type { FakeService } from '../actors/service.ts'
import type { AuthorityStage, Decision } from '../authority/stage.ts'
import { expectThat } from '../case.ts'
import { documentHop, type Hop, requireAsked } from './hop.ts'

const BY_HOOK: Decision[] = ['deny', 'cancel']

/** The way that every case of an Authority takes. `enter` reads its document. */
export function authorityHops(enter: () => Promise<AuthorityStage>, stage: Parameters<typeof documentHop>[0], url: string): Hop[] {
  const at: { s?: AuthorityStage; service?: FakeService; id?: string; value?: string; authorizationId?: string } = {}
  const here = (): AuthorityStage => at.s ?? never()
  const service = (): FakeService => at.service ?? never()
  return [
    documentHop(stage, url),
    { says: 'its document is valid', hint: 'protocol 2 says what is in it', walk: async () => void Object.assign(at, { s: await enter() }) },
    {
      says: 'it admits a request about a Service of the suite',
      hint: 'it must ask the suite’s DNS server, reach the suite’s address, trust the suite’s certificate authority, and be allowed to call that address',
      walk: async () => {
        at.service = here().service()
        const reply = await here().issue(here().message(service()))
        requireAsked(stage, service().record)
        expectThat(
          service().callsTo('document').length > 0,
          `${service().configurationUrl} to be fetched`,
          `it was not; the answer is ${reply.status} ${reply.text.slice(0, 200)}`,
        )
        expectThat(
          service().callsTo('scopes').length > 0,
          'the Service to be asked for its scopes',
          `it was not; the answer is ${reply.status} ${reply.text.slice(0, 200)}`,
        )
        at.id = expectAnswer(reply, IssuanceStatus, 'the answer to issuance').id
      },
    },
    {
      says: 'a request is approved through the adapter, and its pass is in its status',
      hint: 'authority.decisions.approve, or authority.markers.approve: try by hand what it does',
      walk: async () => {
        const { service: approvedFor, value } = await here().approved()
        Object.assign(at, { service: approvedFor, value })
      },
    },
    {
      says: 'the pass is validated for its Service',
      hint: 'the assertion’s aud is the authority identifier of the document; its key is found by iss, DNS, document and key set',
      walk: async () => {
        const reply = await here().validate(at.value, service())
        expectStatus(reply, 200)
        at.authorizationId = String(Object.entries({ ...Object(reply.json) }).find(([name]) => name === 'authorization_id')?.[1])
      },
    },
    {
      says: 'the authorization is active',
      hint: 'endpoints.authorization_check',
      walk: async () => expectStatus(await here().check(at.authorizationId, service()), 200),
    },
    ...BY_HOOK.map(
      (decision): Hop => ({
        says: `a request can be ended by “${decision}”`,
        hint: `authority.decisions.${decision}; leave it out where there is none: its cases are skipped`,
        walk: async () => {
          if (!here().instance.decisions[decision]) return
          const { id } = await here().pending(here().service())
          const { ok, status, text } = await here().decide(decision, id)
          expectThat(ok, 'the hook to succeed', `${status} ${text.slice(0, 200)}`)
        },
      }),
    ),
    {
      says: 'an authorization can be revoked',
      hint: 'authority.decisions.revoke; it is told {id} and {authorization_id}',
      walk: async () => {
        if (!here().instance.decisions.revoke) return
        const redeemed = await here().redeemed()
        const { ok, status, text } = await here().decide('revoke', redeemed.id, { authorization_id: redeemed.authorizationId })
        expectThat(ok, 'the hook to succeed', `${status} ${text.slice(0, 200)}`)
      },
    },
  ]
}

function never(): never {
  throw new Error('an earlier step did not work')
}
